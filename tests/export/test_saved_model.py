import dataclasses
import json
import runpy
import subprocess
import sys
import threading
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from trained_classifiers import SETS, TASKS, TEXTS, trained, with_subclasses

from kerasbert import ArtifactError, ConfigError, KerasbertWarning, TextClassifier, cli
from kerasbert.export import saved_model, warmup
from kerasbert.export.artefacts import open_artefact
from kerasbert.export.comparison import check_parity, describe_report
from kerasbert.export.description import read_export
from kerasbert.export.parity import label_set
from kerasbert.export.precision import in_precision
from kerasbert.export.saved_model import export_saved_model, version_folder
from kerasbert.export.serving_module import field_name

CASES = {
    **{name: (name, {}) for name in TASKS},
    "layerwise": ("multilabel", {"layerwise": True}),
    "beginning and end": ("multiclass", {"long_texts": "head_tail"}),
}
# Those with warm-up requests, which take longer than the export.
WARMED = ("binary", "multitask")
every_task = pytest.mark.parametrize("name", [*CASES, "secondary"])


@pytest.fixture(scope="module")
def exported(tiny_folder, tmp_path_factory):
    """Task -> the classifier, the version folder and the loaded signatures."""
    made = {}

    def make(name):
        if name not in made:
            task, arguments = CASES.get(name, (name, {}))
            classifier = (
                with_subclasses(tiny_folder) if name == "secondary" else trained(task, tiny_folder, **arguments)
            )
            folder = tmp_path_factory.mktemp("served") / "model"
            path = classifier.export_saved_model(folder, texts=TEXTS, warmup=name in WARMED).path
            made[name] = classifier, path, tf.saved_model.load(str(path))
        return made[name]

    return make


def served(loaded, texts, signature="serving_default"):
    data = [text if isinstance(text, bytes) else text.encode() for text in texts]
    return {
        key: value.numpy() for key, value in loaded.signatures[signature](text=tf.constant(data, tf.string)).items()
    }


@every_task
def test_it_answers_as_the_classifier_does(name, exported):
    classifier, _, loaded = exported(name)
    got = served(loaded, TEXTS)
    proba, labels = classifier.predict_proba(TEXTS), classifier.predict(TEXTS)
    for head, layer in classifier.model_.heads.items():
        expected, decided = (proba[head], labels[head]) if isinstance(proba, dict) else (proba, labels)
        np.testing.assert_allclose(got[field_name(head, "probabilities")], expected, atol=1e-5)
        names, scores = got[field_name(head, "labels")], got[field_name(head, "scores")]
        counts = got[field_name(head, "count")]
        assert names.shape == scores.shape == expected.shape and counts.shape == (len(TEXTS),)
        for row, count in enumerate(counts):
            assert {label.decode() for label in names[row, :count]} == label_set(decided[row], layer.label_names)
            assert (np.diff(scores[row, :count]) <= 0).all()
            assert not names[row, count:].astype(bool).any() and not scores[row, count:].any()
            places = [layer.label_names.index(label.decode()) for label in names[row, :count]]
            np.testing.assert_allclose(scores[row, :count], expected[row][places], atol=1e-5)


@every_task
def test_thresholds_and_trees_matter(name, exported):
    classifier, _, loaded = exported(name)
    counts = [value for key, value in served(loaded, TEXTS).items() if key.endswith("count")]
    tasks = {layer.task.name for layer in classifier.model_.heads.values()}
    assert all((count == 1).all() for count in counts) or "multilabel" in tasks
    if "multilabel" in tasks:
        assert any(len(set(count.tolist())) > 1 for count in counts)


def test_tokens_are_those_of_the_encoder(exported):
    classifier, _, loaded = exported("multiclass")
    got = served(loaded, TEXTS, "tokens")
    expected = classifier.tokenizer_(TEXTS)
    assert set(got) == set(expected)
    for name, array in expected.items():
        assert (got[name] == array).all() and got[name].dtype == np.int32


def test_features_are_those_of_the_model(exported):
    classifier, _, loaded = exported("multilabel")
    inner = keras.Model(classifier.model_.input, classifier.model_.features.output)
    expected = keras.ops.convert_to_numpy(inner(classifier.tokenizer_(TEXTS), training=False))
    got = served(loaded, TEXTS, "features")
    assert set(got) == {"features"} and expected.shape == (len(TEXTS), 48)
    np.testing.assert_allclose(got["features"], expected, atol=1e-5)


@pytest.mark.parametrize("name", ["binary", "multitask"])
def test_classify_takes_examples(name, exported):
    classifier, path, loaded = exported(name)
    proba = classifier.predict_proba(TEXTS)
    examples = tf.constant([warmup.example_of(text).SerializeToString() for text in TEXTS])
    methods = {key: value.method_name for key, value in signature_defs(path).items()}
    for head, layer in classifier.model_.heads.items():
        signature = "classify" if head == "probabilities" else f"classify_{head}"
        got = loaded.signatures[signature](inputs=examples)
        expected = proba[head] if isinstance(proba, dict) else proba
        np.testing.assert_allclose(got["scores"].numpy(), expected, atol=1e-5)
        assert [label.decode() for label in got["classes"].numpy()[1]] == list(layer.label_names)
        assert methods[signature] == "tensorflow/serving/classify"
    assert methods["serving_default"] == "tensorflow/serving/predict"


def meta_graph(path):
    from tensorflow.core.protobuf import saved_model_pb2

    return saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes()).meta_graphs[0]


def signature_defs(path):
    return meta_graph(path).signature_def


# What stock TensorFlow Serving runs; nothing here reads a file but the loading of the weights itself.
ALLOWED_OPS = set(
    """
    Add AddV2 All Any ArgMax Assert AssignVariableOp BatchMatMulV2 BiasAdd BitwiseAnd BroadcastTo Cast Concat ConcatV2 Const Cumsum DisableCopyOnRead
    Einsum EnsureShape Equal Erf Erfc Exp ExpandDims Expm1 Fill FloorDiv FloorMod GatherNd GatherV2 Greater GreaterEqual
    HashTableV2 IsFinite Identity IdentityN If LeakyRelu Less LessEqual Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr
    LookupTableFindV2 LookupTableImportV2 LookupTableSizeV2 MatMul Max Maximum Mean MergeV2Checkpoints Min Minimum Mul Neg
    NoOp NotEqual OneHot OnesLike Pack Pad PadV2 ParseExampleV2 PartitionedCall Placeholder Pow Prod RaggedGather RaggedRange
    RaggedTensorToTensor Range ReadVariableOp RealDiv Relu Reshape ResourceGather RestoreV2 RightShift Rsqrt SaveV2
    ScatterNd Select SelectV2 Shape ShardedFilename Sigmoid Sign Size Slice Softmax Softplus Split Sqrt Square
    SquaredDifference Squeeze StatefulPartitionedCall StatelessIf StatelessWhile StaticRegexFullMatch StopGradient
    StridedSlice StringJoin Sub Sum Tanh TensorScatterUpdate Tile TopKV2 Transpose UnicodeDecode UnicodeEncode Unique
    UnsortedSegmentMax VarHandleOp VarIsInitializedOp Where While ZerosLike LeftShift
    """.split()
)


@every_task
def test_only_known_ops_and_no_path_of_this_machine(name, exported):
    _, path, _ = exported(name)
    graph = meta_graph(path)
    ops = {node.op for node in graph.graph_def.node}
    ops |= {node.op for function in graph.graph_def.library.function for node in function.node_def}
    functions = {function.signature.name for function in graph.graph_def.library.function}
    assert ops - functions <= ALLOWED_OPS
    assert not graph.asset_file_def
    assert str(path.parent).encode() not in (path / "saved_model.pb").read_bytes()


def test_the_weights_are_stored_once(exported):
    classifier, path, _ = exported("multitask")
    names = [name for name, _ in tf.train.list_variables(str(path / "variables" / "variables"))]
    kept = [weight for weight in classifier.model_.weights if "seed_generator" not in weight.path]
    assert sum("weights" in name for name in names) == len(kept)
    # The table of characters is the largest constant, and is in one function only.
    assert (path / "saved_model.pb").stat().st_size < 7_000_000


BLOCKER = """
import sys

blocked = ("keras", "kerasbert", "tokenizers", "transformers", "tensorflow_text")
# Python refuses to import what is None here.
sys.modules.update(dict.fromkeys(blocked))
import dataclasses
import json
import tensorflow as tf

loaded = tf.saved_model.load(sys.argv[1])
got = loaded.signatures["serving_default"](text=tf.constant(json.loads(sys.argv[2])))
assert not any(sys.modules[name] for name in blocked)
print(json.dumps(got["probabilities"].numpy().tolist()))
"""


@pytest.mark.long
def test_a_process_with_tensorflow_alone_gives_the_same(exported):
    classifier, path, _ = exported("multiclass")
    command = [sys.executable, "-c", BLOCKER, str(path), json.dumps(TEXTS)]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    np.testing.assert_allclose(json.loads(run.stdout.splitlines()[-1]), classifier.predict_proba(TEXTS), atol=1e-5)


@pytest.fixture(scope="module")
def session(exported):
    """The model as a server runs it: a C++ session that feeds whatever a client sent, without Python's checks."""
    graph = tf.Graph()
    with graph.as_default():
        opened = tf.compat.v1.Session(graph=graph)
        meta = tf.compat.v1.saved_model.load(opened, ["serve"], str(exported("multiclass")[1]))
    signature = meta.signature_def["serving_default"]
    outputs = [graph.get_tensor_by_name(signature.outputs[name].name) for name in ("probabilities", "labels")]
    with graph.as_default():
        return opened.make_callable(outputs, [graph.get_tensor_by_name(signature.inputs["text"].name)])


def test_a_server_session_gives_the_same(session, exported):
    probabilities, labels = session(np.array([text.encode() for text in TEXTS], dtype=object))
    np.testing.assert_allclose(probabilities, exported("multiclass")[0].predict_proba(TEXTS), atol=1e-5)
    assert labels[:, 0].astype(str).tolist() == list(exported("multiclass")[0].predict(TEXTS))


def test_a_wrong_rank_is_refused_in_the_graph(session):
    for wrong in (np.array([[b"good"]], dtype=object), np.array(b"good", dtype=object)):
        with pytest.raises((tf.errors.InvalidArgumentError, ValueError)):
            session(wrong)


def test_a_wrong_type_is_refused(session):
    with pytest.raises((tf.errors.InvalidArgumentError, tf.errors.InternalError, ValueError)):
        session(np.array([1.5, 2.5], dtype=np.float32))


def test_a_wrong_argument_is_refused(exported):
    with pytest.raises(TypeError):
        exported("multiclass")[2].signatures["serving_default"](texts=tf.constant(["a"]))


@every_task
def test_an_empty_batch_gives_no_row(name, exported):
    classifier, _, loaded = exported(name)
    got = served(loaded, [])
    for head, layer in classifier.model_.heads.items():
        assert got[field_name(head, "probabilities")].shape == (0, len(layer.label_names))
        assert got[field_name(head, "count")].shape == (0,)


@pytest.mark.parametrize("name", ["binary", "multitask"])
def test_an_empty_batch_of_every_signature_gives_no_row(name, exported):
    _, _, loaded = exported(name)
    for signature in loaded.signatures.values():
        argument = "inputs" if "inputs" in signature.structured_input_signature[1] else "text"
        got = signature(**{argument: tf.constant([], tf.string)})
        assert got and all(len(value) == 0 for value in got.values())


@pytest.mark.parametrize(
    ("wrong", "told"),
    [(b"no example", "example"), (b"", "Feature: text .* is required")],
    ids=["text", "nothing in it"],
)
def test_what_is_no_example_is_refused(wrong, told, exported):
    """And the next request is answered."""
    classifier, _, loaded = exported("binary")
    classify, right = loaded.signatures["classify"], warmup.example_of("good card").SerializeToString()
    with pytest.raises(tf.errors.InvalidArgumentError, match=told):
        classify(inputs=tf.constant([right, wrong]))
    expected = classifier.predict_proba(["good card"])
    np.testing.assert_allclose(classify(inputs=tf.constant([right]))["scores"].numpy(), expected, atol=1e-5)


def test_odd_texts_are_read_as_python_reads_them(exported):
    classifier, _, loaded = exported("multiclass")
    odd = [b"good \xff card", b"\x00bad\x00", b"", b"good card! " * 95_000, b"g" * 1_000_000, b"\xe2\x82"]
    got = served(loaded, odd)["probabilities"]
    read = [text.decode("utf-8", "replace") for text in odd]
    np.testing.assert_allclose(got, classifier.predict_proba(read), atol=1e-5)


def test_ten_thousand_texts_and_no_influence_of_neighbours(exported):
    _, _, loaded = exported("multilabel")
    alone = np.concatenate([served(loaded, [text])["probabilities"] for text in TEXTS])
    together = served(loaded, TEXTS * 1250)["probabilities"]
    assert together.shape == (10_000, 3)
    np.testing.assert_allclose(together, np.tile(alone, (1250, 1)), atol=1e-5)


def test_eight_threads_get_what_one_gets(exported):
    _, path, loaded = exported("multitask")
    requests = list(warmup.read_warmup(path / warmup.WARMUP_FILE))
    ask = {key: loaded.signatures[key] for key in loaded.signatures}
    expected = [ask[signature](**arguments) for signature, arguments in requests]
    wrong = []

    def client():
        for (signature, arguments), right in zip(requests, expected, strict=True):
            for key, value in ask[signature](**arguments).items():
                if value.dtype.is_floating and not np.allclose(value, right[key], atol=1e-5):
                    wrong.append((signature, key))

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(requests) == 3 * 6 and not wrong


def test_the_example_client_reads_the_answer(exported):
    classifier, _, loaded = exported("multilabel")
    file = Path(__file__).parents[2] / "examples" / "serving" / "rest_client.py"
    client = runpy.run_path(str(file))
    texts = json.loads(client["request_body"](TEXTS))["inputs"]["text"]
    # A server replies with lists of text and numbers.
    outputs = {
        name: value.astype(str).tolist() if value.dtype == object else value.tolist()
        for name, value in served(loaded, texts).items()
    }
    assert [set(labels) for labels in client["labels_of"](outputs)] == list(map(set, classifier.predict(TEXTS)))


def test_warm_up_holds_every_signature(exported):
    _, path, _ = exported("binary")
    requests = list(warmup.read_warmup(path / warmup.WARMUP_FILE))
    assert {signature for signature, _ in requests} == {"serving_default", "tokens", "features", "classify"}
    lengths = {len(tensor) for _, arguments in requests for tensor in arguments.values()}
    assert sorted(lengths) == list(warmup.BATCHES)


def test_a_warm_up_request_for_nothing_is_found(exported, tmp_path):
    _, _, loaded = exported("binary")
    warmup.write_warmup(tmp_path, ["no_such"], ["a"])
    with pytest.raises(ArtifactError, match="'no_such'"):
        warmup.replay_warmup(tmp_path, loaded.signatures)


def test_the_folder_describes_itself(exported):
    classifier, path, _ = exported("multitask")
    description = read_export(path)
    assert description["heads"]["flags"]["label_names"] == ["a", "b", "c"]
    assert description["heads"]["flags"]["thresholds"] == classifier.thresholds_["flags"].tolist()
    report = description["report"]
    assert report["texts"] == len(TEXTS) and report["largest_difference"] <= 1e-5 and report["different_labels"] == 0
    lines = (path / "assets" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    assert lines[2] == "[CLS]" and len(lines) == classifier.tokenizer_.vocabulary_size


def test_a_changed_file_is_found(exported, tmp_path):
    import shutil

    copy = shutil.copytree(exported("binary")[1], tmp_path / "1")
    with open(copy / "fingerprint.pb", "ab") as stream:
        stream.write(b"x")
    with pytest.raises(ArtifactError, match="fingerprint.pb"):
        read_export(copy)


def test_versions_follow_each_other_and_are_never_overwritten(exported):
    classifier, path, _ = exported("binary")
    assert path.name == "1"
    before = (path / "saved_model.pb").read_bytes()
    with pytest.raises(ArtifactError, match="never overwritten; leave the version out for the next one, 2"):
        classifier.export_saved_model(path.parent, version=1)
    assert (path / "saved_model.pb").read_bytes() == before
    second = classifier.export_saved_model(path.parent, warmup=False).path
    assert second.name == "2" and sorted(one.name for one in path.parent.iterdir()) == ["1", "2"]
    assert not (second / warmup.WARMUP_FILE).exists() and list(tf.saved_model.load(str(second)).signatures)


@pytest.mark.parametrize("version", ["01", "1.0", "v2", "0", 0, -1, True, "", "１", 2**63, " 1"])
def test_a_version_that_a_server_would_not_take_is_refused(version, tmp_path):
    with pytest.raises(ConfigError, match="whole number from 1"):
        version_folder(tmp_path, version)


def test_the_next_version_is_after_the_highest(tmp_path):
    for name in ("3", "12", "tmp", ".tmp-13-x"):
        (tmp_path / name).mkdir()
    assert version_folder(tmp_path, None).name == "13"


def test_a_model_that_differs_is_not_published(exported, tmp_path, monkeypatch):
    classifier, _, _ = exported("binary")
    monkeypatch.setitem(saved_model.TOLERANCES, "float32", -1.0)
    with pytest.raises(ArtifactError, match="differs from the classifier"):
        classifier.export_saved_model(tmp_path / "model", warmup=False)
    assert list((tmp_path / "model").iterdir()) == []


def test_the_second_of_two_exports_at_once_takes_the_next_number(exported, tmp_path, monkeypatch):
    classifier, _, _ = exported("binary")
    prove = saved_model._prove

    def meanwhile(*arguments):
        monkeypatch.setattr(saved_model, "_prove", prove)
        meanwhile.path = classifier.export_saved_model(tmp_path / "model", warmup=False).path
        return prove(*arguments)

    monkeypatch.setattr(saved_model, "_prove", meanwhile)
    second = classifier.export_saved_model(tmp_path / "model", warmup=False).path
    assert [meanwhile.path.name, second.name] == ["1", "2"]
    assert sorted(one.name for one in second.parent.iterdir()) == ["1", "2"]


def test_a_number_that_somebody_takes_meanwhile_is_refused(exported, tmp_path, monkeypatch):
    classifier, _, _ = exported("binary")
    prove = saved_model._prove

    def meanwhile(*arguments):
        (tmp_path / "model" / "7").mkdir()
        (tmp_path / "model" / "7" / "saved_model.pb").write_text("theirs")
        return prove(*arguments)

    monkeypatch.setattr(saved_model, "_prove", meanwhile)
    with pytest.raises(ArtifactError, match="7' was made by somebody else meanwhile"):
        classifier.export_saved_model(tmp_path / "model", version=7, warmup=False)
    assert (tmp_path / "model" / "7" / "saved_model.pb").read_text() == "theirs"


@pytest.mark.parametrize("allow_loss", [False, True])
def test_no_number_is_no_parity(allow_loss):
    with pytest.raises(ArtifactError, match="a probability by nan"):
        check_parity({"largest_difference": float("nan")}, 1e-5, allow_loss=allow_loss)


def test_a_loss_that_is_allowed_is_recorded():
    report = {"largest_difference": 0.25}
    with pytest.raises(
        ArtifactError, match="a probability by 0.25, more than 1e-05. Nothing was written.*--allow-loss"
    ):
        check_parity(report, 1e-5)
    with pytest.warns(KerasbertWarning, match="0.25.*because the loss was allowed"):
        check_parity(report, 1e-5, allow_loss=True)
    (loss,) = report["allowed_losses"]
    assert f"| allowed losses | {loss} |" in describe_report(report)


@pytest.mark.filterwarnings("ignore:The exported model differs")
def test_a_model_that_differs_is_written_where_its_loss_is_allowed(exported, tmp_path, monkeypatch, capsys):
    exported("multiclass")[0].save(tmp_path / "saved")
    monkeypatch.setitem(saved_model.TOLERANCES, "float32", -1.0)
    command = ["export", str(tmp_path / "saved"), "--output", str(tmp_path / "out"), "--no-warmup"]
    assert cli.main(command) == 1
    assert "or take it as it is with --allow-loss" in capsys.readouterr().err
    assert cli.main([*command, "--allow-loss"]) == 0
    assert read_export(tmp_path / "out" / "1")["report"]["allowed_losses"]


def test_a_full_disk_leaves_nothing(exported, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(28, "No space left on device")

    classifier, _, _ = exported("binary")
    monkeypatch.setattr(saved_model, "write_warmup", full)
    with pytest.raises(ArtifactError, match="could not be written: No space left"):
        classifier.export_saved_model(tmp_path / "model")
    assert list((tmp_path / "model").iterdir()) == []


LIMITED = """
import resource, signal, sys

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
from kerasbert import cli

sys.exit(cli.main(["export", sys.argv[1], "--output", sys.argv[2], "--no-warmup"]))
"""


@pytest.mark.long
def test_a_disk_that_refuses_the_write_leaves_nothing(exported, tmp_path):
    """No file may be larger than 1 MB, which the graph's tables are."""
    exported("multiclass")[0].save(tmp_path / "saved")
    command = [sys.executable, "-c", LIMITED, str(tmp_path / "saved"), str(tmp_path / "model")]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 1 and "Error: " in run.stderr and "Traceback" not in run.stderr
    assert list((tmp_path / "model").iterdir()) == []


def test_a_folder_that_takes_no_files_is_told(exported, tmp_path, capsys):
    exported("multiclass")[0].save(tmp_path / "saved")
    assert cli.main(["export", str(tmp_path / "saved"), "--output", "/proc/no/model", "--no-warmup"]) == 1
    assert "Error: " in capsys.readouterr().err


def test_windows_are_refused(tiny_folder, tmp_path):
    with pytest.raises(ConfigError, match="must not be 'windows'"):
        trained("binary", tiny_folder, long_texts="windows").export_saved_model(tmp_path / "model", warmup=False)
    assert not list((tmp_path / "model").iterdir())


def test_accuracies_are_those_of_the_classifier(exported, tmp_path):
    classifier, _, _ = exported("multilabel")
    report = classifier.export_saved_model(tmp_path / "model", texts=TEXTS, labels=SETS, warmup=False).report
    assert report["accuracy"] == report["accuracy_of_classifier"] == classifier.score(TEXTS, SETS)
    classifier, _, _ = exported("multitask")
    labels = TASKS["multitask"][1]
    report = classifier.export_saved_model(tmp_path / "model", texts=TEXTS, labels=labels, warmup=False).report
    expected = {head: scores["accuracy"] for head, scores in classifier.evaluate(TEXTS, labels).items()}
    assert report["accuracy"] == expected == report["accuracy_of_classifier"]


def test_the_card_holds_the_report(exported):
    classifier, path, _ = exported("multitask")
    card = (path / "assets.extra" / "README.md").read_text(encoding="utf-8")
    report = read_export(path)["report"]
    assert f"| size bytes | {report['size_bytes']} |" in card and "| largest difference |" in card
    assert "saved_model.load" in card


@pytest.mark.parametrize(
    "lines", [["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "a"], ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "", "b"]]
)
def test_a_vocabulary_with_doubles_or_blanks_gets_no_further(lines, tmp_path):
    from kerasbert.data import Tokenizer

    (tmp_path / "vocab.txt").write_text("\n".join([*lines, "[MASK]"]) + "\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="vocab.txt.*line"):
        Tokenizer.from_folder(tmp_path)


def test_ids_that_are_left_out_are_blank_lines_of_the_asset(exported, tiny_folder, tmp_path):
    """A `tokenizer.json` may leave ids out; line n of the asset is token n all the same."""
    from kerasbert.data import Tokenizer

    classifier = trained("binary", tiny_folder)
    content = json.loads(classifier.tokenizer_.backend.to_str())
    last = max(content["model"]["vocab"], key=content["model"]["vocab"].get)
    del content["model"]["vocab"]["refund"]
    tokenizer = Tokenizer(type(classifier.tokenizer_.backend).from_str(json.dumps(content)), max_length=32)
    classifier.trained_ = dataclasses.replace(classifier.trained_, tokenizer=tokenizer)
    path = classifier.export_saved_model(tmp_path / "model", texts=TEXTS, warmup=False).path
    lines = (path / "assets" / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]
    assert lines.count("") == 1 and lines[-1] == last and len(lines) == classifier.tokenizer_.vocabulary_size
    loaded = tf.saved_model.load(str(path))
    assert (served(loaded, TEXTS, "tokens")["input_ids"] == classifier.tokenizer_(TEXTS)["input_ids"]).all()


def test_a_file_in_the_way_is_told(exported, tmp_path):
    (tmp_path / "model").write_text("")
    with pytest.raises(ArtifactError, match="not a writable folder"):
        exported("binary")[0].export_saved_model(tmp_path / "model", warmup=False)


def test_a_missing_package_is_told_before_any_work(exported, tmp_path, monkeypatch):
    classifier = exported("binary")[0]
    monkeypatch.setitem(sys.modules, "tensorflow_serving.apis", None)
    with pytest.raises(ConfigError, match=r"kerasbert\[serving\].*--no-warmup"):
        classifier.export_saved_model(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_an_untrained_classifier_and_unknown_options_are_refused(exported, tmp_path):
    with pytest.raises(ConfigError, match="fit"):
        TextClassifier("binary").export_saved_model(tmp_path / "model", warmup=False)
    with pytest.raises(ConfigError, match="`dtype` must be"):
        export_saved_model(exported("binary")[0], tmp_path / "model", dtype="int8")


@pytest.mark.parametrize("name", ["multitask", "layerwise", "hierarchical"])
def test_half_precision_stays_close(name, exported, tmp_path):
    classifier, _, _ = exported(name)
    report = export_saved_model(classifier, tmp_path / "model", dtype="bfloat16", warmup=False).report
    assert report["precision"] == "bfloat16" and 0 < report["largest_difference"] <= 0.05
    assert classifier.model_.encoder.dtype_policy.name == "float32"


def test_a_model_trained_in_half_precision_is_exported_as_asked(tiny_folder, tmp_path):
    classifier = trained("multiclass", tiny_folder, precision="mixed_bfloat16")
    graphs = {}
    for dtype in ("float32", "bfloat16"):
        export = export_saved_model(classifier, tmp_path / dtype, texts=TEXTS, dtype=dtype, warmup=False)
        served_now = served(tf.saved_model.load(str(export.path)), TEXTS)["probabilities"]
        graphs[dtype] = served_now, meta_graph(export.path).graph_def.library.function
    kinds = {
        dtype: {node.attr["T"].type for function in functions for node in function.node_def if node.op == "MatMul"}
        for dtype, (_, functions) in graphs.items()
    }
    assert tf.bfloat16.as_datatype_enum not in kinds["float32"] and tf.bfloat16.as_datatype_enum in kinds["bfloat16"]
    whole = in_precision(classifier.model_, "float32")(classifier.tokenizer_(TEXTS), training=False)
    np.testing.assert_allclose(graphs["float32"][0], keras.ops.convert_to_numpy(whole), atol=1e-5)
    np.testing.assert_allclose(graphs["bfloat16"][0], classifier.predict_proba(TEXTS), atol=1e-5)


def test_the_command_exports_and_inspects(exported, tmp_path, capsys):
    classifier, _, _ = exported("multilabel")
    classifier.save(tmp_path / "intents", metrics={"reading": {"text": "message"}})
    (tmp_path / "texts.csv").write_text("message\ngood card\nbad parcel\n", encoding="utf-8")
    out = ["--output", str(tmp_path / "served"), "--data", str(tmp_path / "texts.csv")]
    assert cli.main(["export", str(tmp_path / "intents"), "--version", "7", *out]) == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(tmp_path / "served" / "7") and "texts: 2" in told.err
    assert cli.main(["inspect", str(tmp_path / "served" / "7")]) == 0
    assert "saved_model of a multilabel classifier, up to 32 tokens" in capsys.readouterr().out
    assert cli.main(["export", str(tmp_path / "intents"), "--version", "7", *out]) == 1
    assert "never overwritten" in capsys.readouterr().err
    assert cli.main(["export", str(tmp_path / "intents"), "--format", "pmml", *out]) == 2
    assert "pmml" in capsys.readouterr().err
    assert cli.main(["export", str(tmp_path / "intents"), "--overwrite", *out]) == 2
    assert "--overwrite goes with --format tflite or huggingface or onnx" in capsys.readouterr().err


def test_the_command_refuses_pairs(exported, tmp_path, capsys):
    exported("binary")[0].save(tmp_path / "pairs", metrics={"reading": {"text_pair": "second"}})
    assert cli.main(["export", str(tmp_path / "pairs"), "--output", str(tmp_path / "served")]) == 1
    assert "pairs of texts" in capsys.readouterr().err and not (tmp_path / "served").exists()


def test_it_gives_the_out_of_scope_score_and_rejects(tiny_folder, tmp_path):
    classifier = trained("multitask", tiny_folder)
    others = [f"{text} {number}" for number in range(4) for text in TEXTS]
    part = classifier.fit_out_of_scope(TEXTS, TASKS["multitask"][1], validation=others, keep=0.8)
    path = classifier.export_saved_model(tmp_path / "served", warmup=False).path
    expected, artefact = classifier.out_of_scope_score(others), open_artefact(path)
    np.testing.assert_allclose(artefact.out_of_scope_score(others), expected, atol=1e-3)
    described = read_export(path)
    assert artefact.rejection_threshold == part.threshold and described["out_of_scope"]["keep"] == 0.8
    assert described["report"]["largest_score_difference"] < 1e-3
    clear = [text for text, score in zip(others, expected, strict=True) if abs(score - part.threshold) > 0.01]
    theirs, own = (one.predict(clear, reject=True) for one in (artefact, classifier))
    assert all(list(theirs[head]) == list(labels) for head, labels in own.items())
    assert None in own["topic"]


def test_an_export_without_a_score_rejects_nothing(exported):
    with pytest.raises(ConfigError, match="`reject` must be False for an export in this format and for an engine"):
        open_artefact(exported("multiclass")[1]).predict(["good"], reject=True)
