"""The clients of examples/serving against a server: TensorFlow Serving where it is installed, and always one of gRPC
that runs the exported model in this process."""

import concurrent.futures
import contextlib
import json
import re
import runpy
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from kerasbert import TextClassifier
from kerasbert.export import warmup

grpc = pytest.importorskip("grpc")
apis = pytest.importorskip("tensorflow_serving.apis.prediction_service_pb2_grpc")
from tensorflow_serving.apis import classification_pb2, predict_pb2  # noqa: E402

EXAMPLES = Path(__file__).parents[2] / "examples" / "serving"
TEXTS = ["good card", "bad parcel!", "", "[SEP] is my card late?", "good " * 60]
MODEL = "toy"
# Seconds that a busy machine is given for an answer.
PATIENCE = 300


@pytest.fixture(scope="module")
def exported(tiny_folder, tmp_path_factory):
    classifier = TextClassifier("multilabel", encoder=str(tiny_folder), max_length=32, epochs=1, verbose=False)
    classifier.fit(TEXTS * 4, [["a"], ["b"], [], ["a", "b"], ["c"]] * 4)
    return classifier, classifier.export_saved_model(tmp_path_factory.mktemp("served") / MODEL, texts=TEXTS).path


@pytest.fixture(scope="module")
def clients():
    """The example programs by name, importing each other as they do from their folder."""
    sys.path.insert(0, str(EXAMPLES))
    yield {name: runpy.run_path(str(EXAMPLES / f"{name}.py")) for name in ("rest_client", "grpc_client", "load")}
    sys.path.remove(str(EXAMPLES))
    sys.modules.pop("grpc_client", None)


class Service(apis.PredictionServiceServicer):
    """Predict and Classify as TensorFlow Serving answers them, over a loaded model."""

    def __init__(self, folder):
        self.signatures = tf.saved_model.load(str(folder)).signatures

    def Predict(self, request, context):  # noqa: N802
        tensors = {name: tf.constant(tf.make_ndarray(tensor)) for name, tensor in request.inputs.items()}
        reply = predict_pb2.PredictResponse()
        for name, value in self._run(request, context, tensors).items():
            reply.outputs[name].CopyFrom(tf.make_tensor_proto(value.numpy()))
        return reply

    def Classify(self, request, context):  # noqa: N802
        examples = [example.SerializeToString() for example in request.input.example_list.examples]
        got = self._run(request, context, {"inputs": tf.constant(examples)})
        reply = classification_pb2.ClassificationResponse()
        for labels, scores in zip(got["classes"].numpy(), got["scores"].numpy(), strict=True):
            row = reply.result.classifications.add()
            for label, score in zip(labels, scores, strict=True):
                row.classes.add(label=label.decode(), score=score)
        return reply

    def _run(self, request, context, tensors):
        if request.model_spec.name != MODEL or request.model_spec.signature_name not in self.signatures:
            context.abort(grpc.StatusCode.NOT_FOUND, "no such model")
        try:
            return self.signatures[request.model_spec.signature_name](**tensors)
        except (tf.errors.InvalidArgumentError, TypeError, ValueError) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error)[:200])


@pytest.fixture(scope="module")
def service(exported, clients):
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
    apis.add_PredictionServiceServicer_to_server(Service(exported[1]), server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    yield clients["grpc_client"]["connect"](f"localhost:{port}")
    server.stop(None)


def check_answers(classifier, grpc_client, service):
    outputs = grpc_client["ask"](service, MODEL, TEXTS, timeout=PATIENCE)
    expected = classifier.predict_proba(TEXTS)
    np.testing.assert_allclose(outputs["probabilities"], expected, atol=1e-5)
    named = [set(labels) for labels in grpc_client["labels_of"](outputs)]
    assert named == [set(labels) for labels in classifier.predict(TEXTS)]
    tokens = grpc_client["ask"](service, MODEL, TEXTS, signature="tokens", timeout=PATIENCE)
    assert (tokens["input_ids"] == classifier.tokenizer_(TEXTS)["input_ids"]).all()
    rows = grpc_client["classify"](service, MODEL, TEXTS, timeout=PATIENCE)
    got = [[row[label] for label in classifier.classes_] for row in rows]
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_the_grpc_client_gets_the_answers(exported, clients, service):
    check_answers(exported[0], clients["grpc_client"], service)


def test_a_wrong_request_is_an_error_of_the_client(clients, service):
    for arguments, code in (({"model": "other"}, "NOT_FOUND"), ({"signature": "none"}, "NOT_FOUND")):
        with pytest.raises(grpc.RpcError) as error:
            clients["grpc_client"]["ask"](service, **{"model": MODEL, "texts": ["a"], "timeout": PATIENCE, **arguments})
        assert error.value.code().name == code


def test_eight_threads_of_load_get_answers(clients, service):
    latencies, errors = clients["load"]["run"](service, MODEL, seconds=2.0, threads=8, timeout=PATIENCE)
    assert len(latencies) >= 8 and not errors and latencies == sorted(latencies)
    told = clients["load"]["summary"](latencies, errors, 2.0)
    assert re.fullmatch(r"[\d.]+ requests/s, p50 [\d.]+ ms, p95 [\d.]+ ms, p99 [\d.]+ ms, 0 errors \{\}", told)
    _, errors = clients["load"]["run"](service, "other", seconds=0.2, threads=2, timeout=PATIENCE)
    assert set(errors) == {"NOT_FOUND"}
    assert clients["load"]["summary"]([], errors, 0.2).startswith("no answer; errors {'NOT_FOUND'")


def test_the_warm_up_file_is_answered_by_eight_threads(exported, service):
    """The records of the file, sent as a server's own replay would."""
    from tensorflow_serving.apis import prediction_log_pb2

    logs = [
        prediction_log_pb2.PredictionLog.FromString(record)
        for record in tf.data.TFRecordDataset(str(exported[1] / warmup.WARMUP_FILE)).as_numpy_iterator()
    ]

    def replay(log):
        kind = log.WhichOneof("log_type")
        request = getattr(log, kind).request
        request.model_spec.name = MODEL
        answer = service.Predict(request) if kind == "predict_log" else service.Classify(request)
        return answer.SerializeToString(deterministic=True)

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        answers = [list(threads.map(replay, logs)) for _ in range(2)]
    assert len(logs) == 4 * len(warmup.BATCHES) and all(answers[0])


def batching():
    text = (EXAMPLES / "batching.txt").read_text(encoding="utf-8")
    values = re.findall(r"^(\w+)(?:: | \{ value: )(\d+|true)(?: \})?$", text, re.MULTILINE)
    assert len(values) == sum(not line.startswith("#") for line in text.splitlines())
    return [(name, json.loads(value)) for name, value in values]


def test_the_batching_sizes_are_what_a_server_takes():
    sizes = [value for name, value in batching() if name == "allowed_batch_sizes"]
    rest = {name: value for name, value in batching() if name != "allowed_batch_sizes"}
    # TensorFlow Serving refuses sizes that do not rise to the largest batch.
    assert sizes == sorted(set(sizes)) and sizes[-1] == rest["max_execution_batch_size"]
    assert rest["enable_large_batch_splitting"] is True and rest["num_batch_threads"] >= 1
    # Whatever the largest request is split into must find room in the queue.
    assert rest["max_batch_size"] <= rest["max_enqueued_batches"] * rest["max_execution_batch_size"]


@pytest.mark.parametrize("texts", [1, 65, 5000])
def test_a_request_of_any_size_passes_the_scheduler(texts):
    """The scheduler of TensorFlow Serving is a part of TensorFlow."""
    values = dict(batching())
    serve = tf.nondifferentiable_batch_function(
        num_batch_threads=values["num_batch_threads"],
        max_batch_size=values["max_batch_size"],
        batch_timeout_micros=values["batch_timeout_micros"],
        allowed_batch_sizes=[value for name, value in batching() if name == "allowed_batch_sizes"],
        max_enqueued_batches=values["max_enqueued_batches"],
        enable_large_batch_splitting=values["enable_large_batch_splitting"],
    )(lambda rows: rows * 2)
    assert tf.function(serve)(tf.range(texts)).numpy().tolist() == [2 * row for row in range(texts)]


def test_the_manifests_name_the_same_files():
    yaml = pytest.importorskip("yaml")
    deployment, front = yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_text(encoding="utf-8"))
    compose = yaml.safe_load((EXAMPLES / "docker-compose.yml").read_text(encoding="utf-8"))["services"]["serving"]
    pod = deployment["spec"]["template"]
    container = pod["spec"]["containers"][0]
    assert deployment["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"] == front["spec"]["selector"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
    assert set(mounts) == {volume["name"] for volume in pod["spec"]["volumes"]}
    assert f"--model_base_path={mounts['models']}" in container["args"]
    assert f"--batching_parameters_file={mounts['batching']}/batching.txt" in container["args"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert {port["targetPort"] for port in front["spec"]["ports"]} == set(ports)
    assert container["image"] == compose["image"] and {f"{port}:{port}" for port in ports.values()} == set(
        compose["ports"]
    )
    assert [argument.split("=")[0] for argument in container["args"]] == [
        argument.split("=")[0] for argument in compose["command"]
    ]


def free_port():
    with contextlib.closing(socket.socket()) as one:
        one.bind(("localhost", 0))
        return one.getsockname()[1]


@pytest.fixture(scope="module")
def stock_server(exported, tmp_path_factory):
    program = shutil.which("tensorflow_model_server")
    if program is None:
        pytest.skip("tensorflow_model_server is not on PATH")
    grpc_port, rest_port = free_port(), free_port()
    log = open(tmp_path_factory.mktemp("server") / "log", "wb")  # noqa: SIM115
    options = [
        f"--port={grpc_port}",
        f"--rest_api_port={rest_port}",
        f"--model_name={MODEL}",
        f"--model_base_path={exported[1].parent}",
        "--enable_batching=true",
        f"--batching_parameters_file={EXAMPLES / 'batching.txt'}",
    ]
    process = subprocess.Popen([program, *options], stdout=log, stderr=log)
    try:
        wait_until_ready(f"http://localhost:{rest_port}/v1/models/{MODEL}", process, log.name)
        yield grpc_port, rest_port
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def wait_until_ready(address, process, log):
    for _ in range(120):
        assert process.poll() is None, Path(log).read_text(errors="replace")[-2000:]
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            state = json.load(urllib.request.urlopen(address, timeout=5))
            if state["model_version_status"][0]["state"] == "AVAILABLE":
                return
        time.sleep(0.5)
    raise AssertionError(Path(log).read_text(errors="replace")[-2000:])


def test_stock_serving_answers_grpc_and_load(exported, clients, stock_server):
    service = clients["grpc_client"]["connect"](f"localhost:{stock_server[0]}")
    check_answers(exported[0], clients["grpc_client"], service)
    latencies, errors = clients["load"]["run"](service, MODEL, seconds=2.0, threads=8, timeout=PATIENCE)
    assert latencies and not errors
    many = clients["grpc_client"]["ask"](service, MODEL, TEXTS * 100, timeout=PATIENCE)
    np.testing.assert_allclose(many["probabilities"], exported[0].predict_proba(TEXTS * 100), atol=1e-5)


def test_stock_serving_answers_rest(exported, clients, stock_server):
    address = f"http://localhost:{stock_server[1]}/v1/models/{MODEL}:predict"
    request = urllib.request.Request(address, clients["rest_client"]["request_body"](TEXTS))
    outputs = json.load(urllib.request.urlopen(request, timeout=10))["outputs"]
    assert [set(labels) for labels in clients["rest_client"]["labels_of"](outputs)] == [
        set(labels) for labels in exported[0].predict(TEXTS)
    ]


def test_threads_of_the_load_end(clients, service):
    before = threading.active_count()
    clients["load"]["run"](service, MODEL, seconds=0.1, threads=4, timeout=PATIENCE)
    assert threading.active_count() <= before
