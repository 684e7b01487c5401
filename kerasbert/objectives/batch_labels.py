"""Check labels and predictions of a batch and bring them to one form, for losses and streaming metrics.

A label that does not fit is an error where the values can be seen. Inside a compiled step they cannot: there its row
counts as NaN, never as nothing, so that the loss and the scores say that something is wrong.
"""

from typing import Any

import numpy as np
from keras import ops

from kerasbert._core.errors import DataError
from kerasbert.objectives.label_forms import LabelForm

Y_TRUE = "`y_true`"
# What the frameworks raise for the values of a tensor that has none yet.
NO_VALUES = (AttributeError, NotImplementedError, RuntimeError, TypeError, ValueError)


def true_class_ids(y_true: Any, y_pred: Any, form: LabelForm) -> tuple[Any, Any]:
    """Convert labels to class ids, int32 (batch,); also return whether each row holds a label, else its id is void.

    Raises:
        DataError: when the shapes do not fit, or, outside a compiled step, when a value does not.
    """
    y_true = _checked(y_true, y_pred, form)
    shape = _shape_of(y_true)
    if shape is None:
        return _ids_of_any_shape(ops.reshape(y_true, (ops.shape(y_pred)[0], -1)), form)
    return _ids_of_rows(y_true, form) if form.is_one_hot(shape) else _ids(ops.reshape(y_true, (-1,)), form)


def class_ids(y_true: Any, y_pred: Any, threshold: float, num_classes: int | None = None) -> tuple[Any, Any, Any]:
    """Convert labels and predictions to class ids, int32 (batch,); also return whether each row holds a label.

    Predictions are a distribution (batch, C), of which the largest is taken, or P(positive), (batch, 1) or (batch,), which
    is positive at the threshold or above.

    Raises:
        DataError: when the shapes do not fit, or, outside a compiled step, when a value does not.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_pred = ops.expand_dims(y_pred, -1) if len(y_pred.shape) == 1 else y_pred
    width = 2 if y_pred.shape[-1] == 1 else y_pred.shape[-1]
    num_classes = width if num_classes is None else num_classes
    if width != num_classes:
        raise DataError(
            f"`y_pred` must have {num_classes} columns, one for each class; got shape {tuple(y_pred.shape)}."
        )
    true_ids, right = true_class_ids(y_true, y_pred, LabelForm(True, num_classes))
    if y_pred.shape[-1] == 1:
        return true_ids, ops.cast(ops.reshape(y_pred, (-1,)) >= threshold, "int32"), right
    return true_ids, ops.cast(ops.argmax(y_pred, axis=-1), "int32"), right


def label_rows(
    y_true: Any, y_pred: Any, *, soft: bool = False, unknown: bool = False, num_labels: int | None = None
) -> tuple[Any, Any, Any]:
    """Convert labels and predictions to (batch, C) of one type; also return whether each row holds labels.

    `soft` and `unknown` are those of `LabelForm`; both arrays may be (batch,) for one column.

    Raises:
        DataError: when the shapes do not fit, or, outside a compiled step, when a value does not.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_pred = ops.expand_dims(y_pred, -1) if len(y_pred.shape) == 1 else y_pred
    units = y_pred.shape[-1]
    if num_labels not in (None, units):
        raise DataError(
            f"`y_pred` must have {num_labels} columns, one for each label; got shape {tuple(y_pred.shape)}."
        )
    form = LabelForm(False, units, unknown=unknown, soft=soft)
    y_true = ops.reshape(ops.cast(_checked(y_true, y_pred, form), y_pred.dtype), ops.shape(y_pred))
    right = (y_true >= 0) & (y_true <= 1) if soft else (y_true == 0) | (y_true == 1)
    right = right | (y_true == -1) if unknown else right
    return y_true, y_pred, ops.all(right, axis=-1)


def or_nan(values: Any, right: Any) -> Any:
    """Replace the values of rows without a valid label by NaN."""
    return ops.where(right, values, ops.full_like(values, np.nan))


def row_weights(sample_weight: Any, right: Any, dtype: Any) -> Any:
    """Return the weight of each row, (batch,): 1 without `sample_weight`, NaN for a row without a valid label.

    Raises:
        DataError: when there is more than one weight for each row.
    """
    ones = or_nan(ops.ones_like(right, dtype=dtype), right)
    if sample_weight is None:
        return ones
    sample_weight = ops.cast(sample_weight, dtype)
    shape = tuple(sample_weight.shape)
    if len(shape) > 2 or (len(shape) == 2 and shape[1] not in (1, None)) or _differ(shape, right.shape):
        raise DataError(f"`sample_weight` must have the shape (batch,) or (batch, 1); got {shape}.")
    return ops.reshape(sample_weight, (-1,)) * ones


def _ids(values: Any, form: LabelForm) -> tuple[Any, Any]:
    ids = ops.cast(values, "int32")
    right = (ids >= (-1 if form.unknown else 0)) & (ids < form.units) & (ops.cast(ids, values.dtype) == values)
    return ids, right


def _ids_of_rows(rows: Any, form: LabelForm) -> tuple[Any, Any]:
    rows = ops.cast(rows, "float32")
    right = ops.all((rows == 0) | (rows == 1), axis=-1) & (ops.sum(rows, axis=-1) == 1)
    return ops.cast(ops.argmax(rows, axis=-1), "int32"), right


def _ids_of_any_shape(rows: Any, form: LabelForm) -> tuple[Any, Any]:
    """Read class ids or one-hot rows, where only the values show which: a step that saw both is traced for any."""
    width = ops.shape(rows)[1]
    of_column, of_rows = _ids(rows[:, 0], form), _ids_of_rows(rows, form)
    ids, right = (ops.where(width == 1, column, row) for column, row in zip(of_column, of_rows, strict=True))
    return ids, right & ((width == 1) | (width == form.units))


def _checked(y_true: Any, y_pred: Any, form: LabelForm) -> Any:
    """Convert labels to a tensor and check its shape and, where it has any yet, its values."""
    y_true = ops.convert_to_tensor(y_true)
    shape = _shape_of(y_true)
    if shape is None:
        return y_true
    predicted = tuple(y_pred.shape)
    if not form.ids and len(predicted) > 2:
        if len(shape) != len(predicted) or any(map(_unequal, shape, predicted)):
            raise DataError(f"{Y_TRUE} must have the shape of the predictions, {predicted}; got shape {shape}.")
        return y_true
    try:
        form.check_shape(Y_TRUE, shape)
    except DataError as error:
        raise DataError(f"{error} The predictions have the shape {predicted}.") from None
    if _differ(shape, predicted):
        raise DataError(f"{Y_TRUE} and predictions must have equally many rows; got shapes {shape} and {predicted}.")
    values = _values_of(y_true)
    if values is not None:
        form.check(Y_TRUE, values)
    return y_true


def _shape_of(tensor: Any) -> tuple[int | None, ...] | None:
    """Return the static shape; None where not even the rank is known."""
    try:
        return tuple(tensor.shape)
    except ValueError:
        return None


def _values_of(tensor: Any) -> np.ndarray | None:
    """Return the values of a tensor; None inside a compiled step."""
    try:
        return np.asarray(ops.convert_to_numpy(tensor))
    except NO_VALUES:
        return None


def _differ(shape: Any, other: Any) -> bool:
    """Whether the numbers of rows are known and differ."""
    return bool(len(shape) and len(other)) and _unequal(shape[0], other[0])


def _unequal(one: int | None, other: int | None) -> bool:
    return one is not None and other is not None and one != other
