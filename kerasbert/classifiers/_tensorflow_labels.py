"""Check labels inside a `tf.data` pipeline, which runs on the CPU, whatever compiles the step."""

import re
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from kerasbert.objectives.label_forms import LabelForm

# Finds in TensorFlow's message what was wrong: number of the part of the labels, row, batch, and the row's values.
MARK = "kerasbert-label"
FOUND = re.compile(rf"{MARK}:(\d+):(\d+):(\d+):(\S+?):end")


def assert_labels(
    dataset: Any,
    parts: Callable[[Any], list[Any]],
    rebuild: Callable[[Any, list[tuple[str | None, Any]]], Any],
    named: list[tuple[str, LabelForm]],
) -> Any:
    """Add label checks to a `tf.data.Dataset`; one without labels is returned as it is.

    Args:
        dataset: of (inputs, labels) or (inputs, labels, weights).
        parts: gives the `Part` of each head of labels.
        rebuild: replaces the labels of some heads.
        named: takes up name and form of each head, for `message_of`.

    Raises:
        DataError: when the shape of the labels does not fit.
        TypeError: when they are names.
    """
    element = dataset.element_spec
    if not isinstance(element, tuple) or len(element) < 2:
        return dataset
    first = len(named)
    for part in parts(element[1]):
        named.append((part.where, part.form))
        if part.labels.dtype == tf.string:
            raise TypeError(
                f"{part.where} must be numbers; got names. Encode them with kerasbert.data.encode_class_ids first."
            )
        if part.labels.shape.rank is not None:
            part.form.check_shape(part.where, tuple(part.labels.shape))

    def check(number: Any, batch: Any) -> Any:
        checked = [
            (part.key, _asserted(index, number, part.form, part.labels))
            for index, part in enumerate(parts(batch[1]), start=first)
        ]
        return (batch[0], rebuild(batch[1], checked), *batch[2:])

    return dataset.enumerate().map(check)


def message_of(error: Exception, named: list[tuple[str, LabelForm]]) -> str | None:
    """Return the message for an error of a checked dataset; None for any other error."""
    found = FOUND.search(str(error))
    if found is None:
        return None
    where, form = named[int(found[1])]
    values = [float(value) for value in found[4].split(",")]
    return form.message(where, values, f"row {int(found[2]) + 1} of batch {int(found[3]) + 1}")


def _asserted(index: int, number: Any, form: LabelForm, labels: Any) -> Any:
    """Assert that labels fit, and bring them into the form's shape."""
    values = tf.cast(labels, tf.float64)
    one_hot = values.shape.rank is not None and form.is_one_hot(tuple(values.shape))
    rows = values if one_hot else tf.reshape(values, (tf.shape(values)[0], -1))
    if one_hot:
        right = tf.reduce_all((rows == 0) | (rows == 1), axis=1) & (tf.reduce_sum(rows, axis=1) == 1)
    else:
        right = tf.reduce_all(_right_values(form, rows), axis=1)
    row = tf.argmax(tf.cast(~right, tf.int32))
    first = tf.strings.reduce_join(tf.strings.as_string(rows[row : row + 1], shortest=True), separator=",")
    numbers = [tf.strings.as_string(value) for value in (row, number)]
    message = tf.strings.join([MARK, str(index), *numbers, first, "end"], separator=":")
    with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(right), [message])]):
        shape = None if labels.shape.rank is None else form.shape_of(tuple(labels.shape))
        return tf.identity(labels) if shape is None else tf.reshape(labels, shape)


def _right_values(form: LabelForm, values: Any) -> Any:
    if form.ids:
        right = (values >= 0) & (values < form.units) & (values == tf.floor(values))
    else:
        right = (values >= 0) & (values <= 1) if form.soft else (values == 0) | (values == 1)
    return right | (values == -1) if form.unknown else right
