"""Warm-up requests: what TF Serving runs before it lets a new version answer."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert.export.serving_log import read_requests
from kerasbert.export.serving_module import COVERAGE, EXAMPLE_KEY, SETS

WARMUP_FILE = "assets.extra/tf_serving_warmup_requests"
BATCHES = (1, 4, 16)
WARM_COVERAGE = 0.9


def check_serving_api() -> None:
    """Raise a ConfigError, before any work is done, where `tensorflow-serving-api` is not installed."""
    try:
        from tensorflow_serving.apis import prediction_log_pb2  # noqa: F401
    except ImportError as error:
        raise ConfigError(
            "Warm-up requests need the package tensorflow-serving-api: pip install 'kerasbert[serving]'; or leave them "
            "out with --no-warmup (warmup=False in Python)."
        ) from error


def write_warmup(folder: Path, signatures: Sequence[str], texts: Sequence[str]) -> None:
    """Write `PredictionLog` records for every signature, in batches of several sizes."""
    file = folder / WARMUP_FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for signature in signatures:
            for size in BATCHES:
                batch = [texts[index % len(texts)] for index in range(size)]
                writer.write(_record(signature, batch).SerializeToString())


def replay_warmup(folder: Path, signatures: Any) -> int:
    """Run the requests of the file against the loaded model, as a server does, and count them.

    Raises:
        ArtifactError: when one names a signature that is not there.
    """
    count = 0
    for signature, arguments in read_warmup(folder / WARMUP_FILE):
        if signature not in signatures:
            raise ArtifactError(f"A warm-up request is for {signature!r}, which the model lacks; please report it.")
        signatures[signature](**arguments)
        count += 1
    return count


def read_warmup(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Iterate over signature, and tensors by the name of their argument, of each request in a file."""
    from tensorflow.core.framework.tensor_pb2 import TensorProto

    for request in read_requests(file):
        tensors = {name: tf.make_ndarray(TensorProto.FromString(raw)) for name, raw in request.tensors.items()}
        inputs = tensors or {request.argument: request.values}
        yield request.signature, {name: tf.constant(values) for name, values in inputs.items()}


def example_of(text: str) -> Any:
    """Return a text as the `tf.train.Example` that the Classify API takes."""
    value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
    return tf.train.Example(features=tf.train.Features(feature={EXAMPLE_KEY: value}))


def _record(signature: str, texts: Sequence[str]) -> Any:
    from tensorflow_serving.apis import classification_pb2, predict_pb2, prediction_log_pb2

    record = prediction_log_pb2.PredictionLog()
    if signature.startswith("classify"):
        request = classification_pb2.ClassificationRequest()
        request.input.example_list.examples.extend(map(example_of, texts))
        request.model_spec.signature_name = signature
        record.classify_log.request.CopyFrom(request)
    else:
        request = predict_pb2.PredictRequest()
        request.inputs["text"].CopyFrom(tf.make_tensor_proto([text.encode() for text in texts]))
        if signature == SETS:
            request.inputs[COVERAGE].CopyFrom(tf.make_tensor_proto(WARM_COVERAGE, tf.float32))
        request.model_spec.signature_name = signature
        record.predict_log.request.CopyFrom(request)
    return record
