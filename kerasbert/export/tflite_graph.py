"""Convert a classifier to TFLite: three int32 inputs, one named output for each head."""

import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from tensorflow.lite.python.convert_phase import ConverterError

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import INPUT_NAMES
from kerasbert.classifiers.classifier import Classifier
from kerasbert.export.decisions import columns
from kerasbert.saving.rebuild import weights_by_path
from kerasbert.tokenization.long_texts import HEAD_SHARE
from kerasbert.tokenization.tokenizer import Tokenizer

# As MediaPipe calls them, in the order of `INPUT_NAMES`.
TFLITE_INPUTS = ("ids", "mask", "segment_ids")
SIGNATURE = "serving_default"
QUANTIZATIONS = ("none", "float16", "dynamic", "int8")
# One scale for all of a tensor destroys what these compute: scores of -1e9 at the padding, sums of squares, softmax.
FLOAT_OPS = (
    "ADD BATCH_MATMUL CAST DIV GELU MAXIMUM MEAN MUL NEG RESHAPE RSQRT "
    "SELECT SOFTMAX SPLIT SQUARED_DIFFERENCE SUB SUM TRANSPOSE"
).split()


class Cut(NamedTuple):
    """How a model of open length shortens a text that it was not trained to read whole.

    Args:
        length: most tokens that the model reads, special tokens included.
        end: how many of them are taken from the end of the text, `[SEP]` included, >= 1; the others from its beginning.

    Example:
        >>> ids = tf.constant([[101, 7, 8, 9, 102]])
        >>> Cut(4, 1)(ids, tf.ones_like(ids))[0].numpy().tolist()
        [[101, 7, 8, 102]]
    """

    length: int
    end: int

    def __call__(self, ids: Any, mask: Any, *others: Any) -> tuple[Any, ...]:
        """Cut the arrays of one text, (1, length), to `self.length`; `mask` tells tokens from padding."""
        given = tf.shape(ids)[1]
        kept = tf.minimum(given, self.length)
        end = tf.minimum(kept, self.end)
        # Of a text with padding the end is that of its tokens, unless it is short enough to stay as it is.
        last = tf.maximum(tf.reduce_sum(mask), kept)
        return tuple(
            tf.concat([array[:, : kept - end], array[:, last - end : last]], axis=1) for array in (ids, mask, *others)
        )


def cut_of(tokens: Tokenizer) -> Cut:
    """Return the cut that a tokenizer makes of single texts, between `[CLS]` and `[SEP]`."""
    room = tokens.max_length - 2
    keeps_end = room - int(room * HEAD_SHARE) if tokens.long_texts.way == "head_tail" else 0
    return Cut(tokens.max_length, keeps_end + 1)


def convert(
    model: Classifier,
    *,
    length: int | None,
    cut: Cut | None = None,
    quantize: str = "none",
    samples: Sequence[tuple[np.ndarray, ...]] = (),
) -> bytes:
    """Convert a classifier to TFLite with built-in ops alone.

    Args:
        model: in float32.
        length: of the inputs, in tokens; None leaves it open.
        cut: what the model itself does to texts that are too long, for an open length.
        quantize: one of `QUANTIZATIONS`.
        samples: texts to calibrate `"int8"` with: for each its arrays in the order of `TFLITE_INPUTS`, int32 (length,).

    Returns:
        The flatbuffer, without metadata.

    Raises:
        ConfigError: when the model holds something that no built-in op computes.
    """
    module = _module(model, cut)
    specs = [tf.TensorSpec([1, length], tf.int32, name=name) for name in TFLITE_INPUTS]
    traced = tf.function(module.compute, input_signature=specs, autograph=False).get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([traced], module)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if quantize != "none":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if quantize == "float16":
        converter.target_spec.supported_types = [tf.float16]
    try:
        return bytes(_in_int8(converter, samples) if quantize == "int8" else converter.convert())
    except ConverterError as error:
        ops = sorted(set(re.findall(r"\btf\.(\w+)\W+op is neither a custom op nor a flex op", str(error))))
        raise ConfigError(
            f"No op built into LiteRT computes {', '.join(ops) or 'a part of this model'}; train with another activation "
            f"or pooling. The converter said: {shorten(str(error), 300)}"
        ) from error


def _in_int8(converter: Any, samples: Sequence[tuple[np.ndarray, ...]]) -> bytes:
    """Quantize weights, and what goes into the large products, to 8 bits; the rest stays in float."""

    def texts() -> Iterator[dict[str, np.ndarray]]:
        # As int32: ids in another type would be scaled.
        for row in samples:
            yield {name: array[np.newaxis] for name, array in zip(TFLITE_INPUTS, row, strict=True)}

    converter.representative_dataset = texts
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8, tf.lite.OpsSet.TFLITE_BUILTINS]
    options = tf.lite.experimental.QuantizationDebugOptions(denylisted_ops=FLOAT_OPS)
    with warnings.catch_warnings():
        # It runs the model once in TensorFlow's own interpreter, which announces its end.
        warnings.simplefilter("ignore", UserWarning)
        debugger = tf.lite.experimental.QuantizationDebugger(
            converter=converter, debug_dataset=texts, debug_options=options
        )
    return bytes(debugger.get_nondebug_quantized_model())


def _module(model: Classifier, cut: Cut | None) -> tf.Module:
    tasks = {name: head.task for name, head in model.heads.items()}
    # The vote of a layerwise model alone, and not what each layer says.
    inner = keras.Model(model.input, dict(zip(tasks, model.head_outputs, strict=True)))

    def compute(*arrays: Any) -> dict[str, Any]:
        ids, mask, segments = arrays if cut is None else cut(*arrays)
        # Single texts have one segment; whatever else a program feeds there must not reach the table of segments.
        arrays = (ids, mask, tf.zeros_like(segments))
        values = inner(dict(zip(INPUT_NAMES, arrays, strict=True)), training=False)
        return {name: columns(task, tf.cast(values[name], tf.float32)) for name, task in tasks.items()}

    module = tf.Module(name="classifier")
    # Held here so that the converter finds their values.
    module.weights = [weight.value for weight in weights_by_path(model).values()]
    module.compute = compute
    return module
