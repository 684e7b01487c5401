"""Convert a classifier to ONNX: three int64 inputs of any batch and sequence, one named output for each head."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from keras.src.export.tf2onnx_lib import patch_tf2onnx

from kerasbert._core.names import INPUT_NAMES
from kerasbert.classifiers.classifier import Classifier
from kerasbert.export.decisions import columns
from kerasbert.export.onnx_runtime import LOGITS, VECTORS, output_name
from kerasbert.tasks.task import Task

BATCH, SEQUENCE = "batch", "sequence"
# Below it a float32 has fewer digits.
SMALLEST = 1e-37
# The float32 before 1.
LARGEST = 1 - 2**-24


def to_onnx(model: Classifier, *, scores: str, opset: int, with_vectors: bool = False) -> Any:
    """Convert a classifier in float32 to an ONNX model.

    Args:
        scores: `"logits"` or `"probabilities"`, of all labels; of a binary head both.
        opset: version of ONNX's operators.
        with_vectors: whether, beside probabilities, an output `vectors` gives what the heads read, (batch, hidden).

    Returns:
        An `onnx.ModelProto`, checked.
    """
    import onnx
    import tf2onnx

    patch_tf2onnx()
    specs = [tf.TensorSpec([None, None], tf.int64, name=name) for name in INPUT_NAMES]
    function = tf.function(_computation(model, scores, with_vectors), input_signature=specs, autograph=False)
    converted, _ = tf2onnx.convert.from_function(function, input_signature=specs, opset=opset)
    graph = converted.graph
    used = {name for node in graph.node for name in node.input}
    inputs = {value.name: value for value in graph.input if value.name in used}
    replace_all(graph.input, [inputs[name] for name in INPUT_NAMES if name in inputs])
    outputs = {value.name: value for value in graph.output}
    named = [output_name(head, scores) for head in model.heads] + [VECTORS] * with_vectors
    replace_all(graph.output, [outputs[name] for name in named])
    for value in graph.input:
        _name_axes(value, [BATCH, SEQUENCE])
    for value, head in zip(graph.output, model.heads.values(), strict=not with_vectors):
        _name_axes(value, [BATCH, len(head.label_names)])
    onnx.checker.check_model(converted)
    return converted


def to_float16(model: Any) -> Any:
    """Halve the size of an ONNX model: weights and computation in float16; inputs and outputs keep their types."""
    from onnxruntime.transformers.float16 import convert_float_to_float16

    with warnings.catch_warnings():
        # Of each number that float16 has no room for; the comparison with the classifier finds whether it matters.
        warnings.simplefilter("ignore", UserWarning)
        return convert_float_to_float16(model, keep_io_types=True)


def write_int8(model: Any, file: Path, *, per_channel: bool = False) -> None:
    """Write an ONNX model with weights of 8 bits, which products round hidden states to as well.

    Args:
        per_channel: whether each column of a matrix has a scale of its own, which is more exact.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(model, str(file), weight_type=QuantType.QInt8, per_channel=per_channel)


def _computation(model: Classifier, scores: str, with_vectors: bool) -> Any:
    tasks = {name: head.task for name, head in model.heads.items()}
    exact = scores == LOGITS and model.votes is None and model.hierarchy is None
    # Logits that the model holds are taken as they are; those of a vote or of a level are made of its probabilities.
    read = [model.with_vectors.output[1]] if with_vectors else []
    inner = keras.Model(model.input, model.vectors if exact else [*model.head_outputs, *read], name="classifier")

    def compute(*ids: Any) -> dict[str, Any]:
        inputs = {name: tf.cast(array, tf.int32) for name, array in zip(INPUT_NAMES, ids, strict=True)}
        values = inner(inputs, training=False)
        if exact:
            found = {name: _exact_logits(head, values) for name, head in model.heads.items()}
        else:
            # Keras gives a list of one as the one.
            parts = values if isinstance(values, (list, tuple)) else [values]
            found = dict(zip([*tasks, *[VECTORS] * with_vectors], parts, strict=True))
        given = {output_name(name, scores): _scores(task, found[name], scores, exact) for name, task in tasks.items()}
        return given | ({VECTORS: tf.cast(found[VECTORS], tf.float32)} if with_vectors else {})

    return compute


def _exact_logits(head: Any, vectors: Any) -> Any:
    return head.output_layer(head.read(vectors, training=False))


def _scores(task: Task, values: Any, scores: str, are_logits: bool) -> Any:
    values = tf.cast(values, tf.float32)
    if scores != LOGITS:
        return columns(task, values)
    one_of_two = task.units < len(task.label_names)
    if not are_logits:
        values = _logs(values) if task.exclusive and not one_of_two else _logs(values) - _logs(1 - _below_one(values))
    # Of a binary head the logit of the first label is 0, as in a folder for PyTorch.
    return tf.concat([tf.zeros_like(values), values], axis=1) if one_of_two else values


def _logs(probabilities: Any) -> Any:
    return tf.math.log(tf.maximum(probabilities, SMALLEST))


def _below_one(probabilities: Any) -> Any:
    return tf.minimum(probabilities, LARGEST)


def replace_all(values: Any, chosen: list[Any]) -> None:
    """Put messages in the place of all that a repeated field holds."""
    copies = [type(value).FromString(value.SerializeToString()) for value in chosen]
    del values[:]
    values.extend(copies)


def _name_axes(value: Any, axes: list[str | int]) -> None:
    shape = value.type.tensor_type.shape
    del shape.dim[:]
    for axis in axes:
        shape.dim.add(**{"dim_param" if isinstance(axis, str) else "dim_value": axis})


def describe_in_file(model: Any, entries: Mapping[str, str]) -> None:
    """Put text entries into the metadata of an ONNX model, in place of those of the same name."""
    kept = [entry for entry in model.metadata_props if entry.key not in entries]
    replace_all(model.metadata_props, kept)
    for key, text in entries.items():
        model.metadata_props.add(key=key, value=text)
