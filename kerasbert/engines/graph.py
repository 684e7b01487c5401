"""The ONNX file that an engine runs: the classifier's probabilities and vectors, in a form that engines compute fast."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError, KerasBertError
from kerasbert.encoders.quantized_parts import check_not_quantized
from kerasbert.engines.settings import INT8, ONNX_RUNTIME
from kerasbert.export.onnx_graph import replace_all, to_onnx, write_int8
from kerasbert.export.onnx_runtime import PROBABILITIES
from kerasbert.export.precision import in_precision
from kerasbert.saving.trained_classifier import TrainedClassifier

# The first version that has layer normalisation.
OPSET = 17
MEANS = ("GlobalAveragePool", "ReduceMean")


def float32_graph(trained: TrainedClassifier) -> Any:
    """Convert a classifier in float32 to an `onnx.ModelProto` of probabilities and vectors.

    Raises:
        ConfigError: when a part of the model cannot be converted, or Keras has quantised it.
    """
    check_not_quantized(trained.model)
    model = in_precision(trained.model, "float32")
    try:
        graph = to_onnx(model, scores=PROBABILITIES, opset=OPSET, with_vectors=True)
    except KerasBertError:
        raise
    except Exception as error:  # whatever the converter runs into in a part that it does not know
        raise ConfigError(
            f"The classifier cannot be converted to ONNX, which engines run ({type(error).__name__}: "
            f"{shorten(str(error), 300)}). A pooling of your own must be made of operations that tf2onnx knows; without an "
            f"engine it runs in Keras."
        ) from error
    fuse_norms(graph)
    return graph


def write_graph(graph: Any, file: Path, engine: str, precision: str) -> None:
    """Write the graph as an engine takes it for a precision; bfloat16 is made of float32 when it is opened."""
    import onnx

    if precision == INT8 and engine == ONNX_RUNTIME:
        write_int8(graph, file, per_channel=True)
        return
    if precision == INT8:
        graph = type(graph).FromString(graph.SerializeToString())
        round_weights(graph)
    onnx.save(graph, str(file))


def fuse_norms(model: Any) -> int:
    """Put ONNX's layer normalisation in the place of the operations that it was converted to; return how many there were."""
    from onnx import helper, numpy_helper

    graph = model.graph
    makers = {name: node for node in graph.node for name in node.output}
    constants = {one.name: one for one in graph.initializer}
    fused: dict[str, Any] = {}
    inner: set[str] = set()
    for node in graph.node:
        found = _norm_at(node, makers, constants)
        if found is not None:
            source, gamma, epsilon, parts = found
            value = float(numpy_helper.to_array(constants[epsilon]))
            name = node.output[0]
            fused[name] = helper.make_node(
                "LayerNormalization", [source, gamma, node.input[1]], [name], axis=-1, epsilon=value
            )
            inner |= parts
    replace_all(graph.node, [fused.get(node.output[0], node) for node in graph.node if node.output[0] not in inner])
    _drop_unused(graph)
    return len(fused)


def round_weights(model: Any) -> None:
    """Round the matrices of products to 8 bits with a scale for each column, which the engine reads as they are."""
    from onnx import helper, numpy_helper

    graph = model.graph
    constants = {one.name: one for one in graph.initializer}
    nodes, done = [], set()
    for node in graph.node:
        name = node.input[1] if node.op_type == "MatMul" else ""
        if name in constants and len(constants[name].dims) == 2:
            if name not in done:
                weights = numpy_helper.to_array(constants[name])
                scales = np.maximum(np.abs(weights).max(axis=0) / 127, np.finfo("float32").tiny).astype("float32")
                rounded = np.rint(weights / scales).astype("int8")
                parts = {"_int8": rounded, "_scales": scales, "_zeros": np.zeros(len(scales), "int8")}
                graph.initializer.extend(numpy_helper.from_array(part, name + end) for end, part in parts.items())
                inputs = [name + end for end in parts]
                nodes.append(helper.make_node("DequantizeLinear", inputs, [name + "_rounded"], axis=1))
                done.add(name)
            node.input[1] = name + "_rounded"
        nodes.append(node)
    replace_all(graph.node, nodes)
    _drop_unused(graph)


def _norm_at(
    last: Any, makers: Mapping[str, Any], constants: Mapping[str, Any]
) -> tuple[str, str, str, set[str]] | None:
    """Return, of a normalisation that ends in a node: its input, gamma, epsilon, and the outputs of the nodes before the end."""

    def made(node: Any, place: int, *kinds: str) -> Any:
        maker = makers.get(node.input[place]) if node is not None and place < len(node.input) else None
        return maker if maker is not None and maker.op_type in kinds else None

    if last.op_type != "Add" or last.input[1] not in constants:
        return None
    scaled = made(last, 0, "Mul")
    centred, factor = made(scaled, 0, "Sub"), made(scaled, 1, "Mul")
    inverse = made(factor, 0, "Reciprocal")
    root = made(inverse, 0, "Sqrt")
    shifted = made(root, 0, "Add")
    variance = made(shifted, 0, *MEANS)
    square = made(variance, 0, "Mul")
    mean = made(centred, 1, *MEANS)
    parts = (scaled, centred, factor, inverse, root, shifted, variance, square, mean)
    if any(part is None for part in parts) or mean.input[0] != centred.input[0]:
        return None
    if set(square.input) != {centred.output[0]} or not {factor.input[1], shifted.input[1]} <= set(constants):
        return None
    return centred.input[0], factor.input[1], shifted.input[1], {part.output[0] for part in parts}


def _drop_unused(graph: Any) -> None:
    used = {name for node in graph.node for name in node.input}
    replace_all(graph.initializer, [one for one in graph.initializer if one.name in used])
