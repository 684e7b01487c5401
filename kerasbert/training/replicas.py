"""Batches over the devices of a `tf.distribute.Strategy`, so that the result is that of one device."""

# Keras 3.15 trains on several devices with means of means (wrong for an odd last batch), and its `fit` fails with several
# workers. Here each device runs some rows of the batch through the model and sees the outputs of all rows, so that loss
# and metrics are those of the whole batch; each device's gradient is its rows' part of the whole. All devices get equally
# many rows, as collectives and static shapes need: the last row is repeated, and its repetitions count in no loss.

import math
from typing import Any

import tensorflow as tf

from kerasbert._core.names import ATTENTION_MASK, INPUT_IDS, TOKEN_TYPE_IDS, WINDOW_ROWS

TOKENS = (INPUT_IDS, ATTENTION_MASK, TOKEN_TYPE_IDS)


def own_rows(inputs: Any) -> Any:
    """Return the rows of a replicated batch that this replica computes.

    Args:
        inputs: tensors of n rows each; of texts in windows, `window_rows` has a row a text.

    Returns:
        The same of rows [r m, (r + 1) m) for device r of R, m = n / R rounded up; the last row stands for those beyond n.
    """
    if not isinstance(inputs, dict) or WINDOW_ROWS not in inputs:
        places = _places(_num_rows(tf.nest.flatten(inputs)[0]))
        return tf.nest.map_structure(lambda part: tf.gather(part, places), inputs)
    # The windows of a text lie side by side, and are counted from 1; 0 fills up.
    own = tf.gather(inputs[WINDOW_ROWS], _places(_num_rows(inputs[WINDOW_ROWS])))
    before = own[0, 0] - 1
    tokens = {name: inputs[name][before : tf.reduce_max(own)] for name in TOKENS if name in inputs}
    places = _places(_num_rows(inputs[WINDOW_ROWS]))
    others = {name: tf.gather(part, places) for name, part in inputs.items() if name not in (*TOKENS, WINDOW_ROWS)}
    return {**tokens, **others, WINDOW_ROWS: tf.where(own > 0, own - before, 0)}


def all_rows(outputs: Any, targets: Any) -> Any:
    """In a replica: return the outputs of all devices' rows, in order, the same on each device.

    Gradients flow back to this device's own rows, multiplied by the number of devices, by which Keras divides losses.

    Args:
        outputs: float tensors (m, ...), of the rows that `own_rows` gave; their other axes may have any length.
        targets: tensors of all n rows, such as the labels.
    """
    context = tf.distribute.get_replica_context()
    total = _num_rows(tf.nest.flatten(targets)[0])
    parts = tf.nest.flatten(outputs)
    # One exchange for all of them, as columns of one matrix.
    widths = [_width(part) for part in parts]
    rows = tf.shape(parts[0])[0]
    columns = [tf.reshape(tf.cast(part, tf.float32), (rows, width)) for part, width in zip(parts, widths, strict=True)]
    own = tf.concat(columns, axis=1)
    whole = context.all_gather(tf.stop_gradient(own), axis=0)
    # Zero everywhere, but a way for the gradient.
    way = _scale_gradient(own, context.num_replicas_in_sync) - tf.stop_gradient(own)
    where = context.replica_id_in_sync_group * rows + tf.range(rows)
    whole = (whole + tf.scatter_nd(where[:, None], way, tf.shape(whole)))[:total]
    split = tf.split(whole, widths, axis=1)
    shaped = [tf.cast(_like(piece, part), part.dtype) for piece, part in zip(split, parts, strict=True)]
    return tf.nest.pack_sequence_as(outputs, shaped)


def _width(part: Any) -> Any:
    """Return the numbers in a row."""
    known = part.shape[1:].is_fully_defined()
    return math.prod(part.shape[1:]) if known else tf.reduce_prod(tf.shape(part)[1:])


def _like(rows: Any, part: Any) -> Any:
    """Reshape rows to those of a tensor."""
    if part.shape[1:].is_fully_defined():
        return tf.reshape(rows, (-1, *part.shape[1:]))
    shaped = tf.reshape(rows, tf.concat([[-1], tf.shape(part)[1:]], axis=0))
    shaped.set_shape((None, *part.shape[1:]))
    return shaped


def _places(total: Any) -> Any:
    context = tf.distribute.get_replica_context()
    each = -(-total // context.num_replicas_in_sync)
    return tf.minimum(context.replica_id_in_sync_group * each + tf.range(each), total - 1)


def _num_rows(tensor: Any) -> Any:
    return tensor.shape[0] if tensor.shape[0] is not None else tf.shape(tensor)[0]


def _scale_gradient(tensor: Any, factor: int) -> Any:
    def forward(values: Any) -> Any:
        return tf.identity(values), lambda upstream: upstream * tf.cast(factor, upstream.dtype)

    return tf.custom_gradient(forward)(tensor)
