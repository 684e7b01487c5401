"""The label forms of heads, losses and metrics: the one place that says which shapes and values they accept."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError


@dataclasses.dataclass(frozen=True)
class LabelForm:
    """The labels that go with `units` predictions for each text.

    Args:
        ids: True for class ids, (batch,) or (batch, 1), which may also be written as one-hot rows (batch, units); False for
            rows of 0 and 1, (batch, units), or (batch,) where there is one unit.
        units: predictions for each text, or the number of classes of one that decides between two by one prediction.
        unknown: whether -1 means that a label is not known.
        soft: whether rows may hold any number from 0 to 1.

    Example:
        >>> LabelForm(True, 3).describe()
        'class ids from 0 to 2, shape (batch,) or (batch, 1), or one-hot rows, shape (batch, 3)'
    """

    ids: bool
    units: int
    unknown: bool = False
    soft: bool = False

    def describe(self) -> str:
        """Describe values and shapes for messages."""
        unknown = ", -1 where unknown" if self.unknown else ""
        if self.ids:
            numbers = f"class ids from 0 to {self.units - 1}{unknown}, shape (batch,) or (batch, 1)"
            return f"{numbers}, or one-hot rows, shape (batch, {self.units})"
        values = "numbers from 0 to 1" if self.soft else "0 or 1"
        shape = "shape (batch,) or (batch, 1)" if self.units == 1 else f"shape (batch, {self.units})"
        return f"{values}{unknown}, {shape}"

    def check(self, where: str, labels: Any) -> None:
        """Refuse labels that do not fit.

        Args:
            where: names them in messages.
            labels: array-like of n rows.

        Raises:
            DataError: when shape or a value does not fit; the message names the first row that is wrong.
            TypeError: when they are no numbers.
        """
        array = as_numbers(where, labels)
        self.check_shape(where, array.shape)
        wrong = np.flatnonzero(self._wrong_rows(array))
        if len(wrong):
            row = int(wrong[0])
            raise DataError(self.message(where, array[row].tolist(), f"row {row + 1}") + self._hint(array))

    def check_shape(self, where: str, shape: Sequence[int | None]) -> None:
        """Refuse a shape that does not fit; None in it is not known.

        Raises:
            DataError: when it does not fit.
        """
        if not self._fits(shape):
            raise DataError(f"{where} must be {self.describe()}; got shape {tuple(shape)}.{self._shape_hint(shape)}")

    def is_one_hot(self, shape: Sequence[int | None]) -> bool:
        """Whether class ids are written as one-hot rows."""
        return self.ids and len(shape) == 2 and shape[1] == self.units > 1

    def shape_of(self, shape: Sequence[int | None]) -> tuple[int, ...] | None:
        """Return the shape in which Keras's losses and metrics read labels alike; None where it is theirs."""
        if self.ids:
            return (-1,) if len(shape) == 2 and shape[1] == 1 else None
        return (-1, 1) if len(shape) == 1 else None

    def canonical(self, labels: np.ndarray) -> np.ndarray:
        """Convert checked labels to class ids (n,), or rows (n, units)."""
        if self.is_one_hot(labels.shape):
            return np.asarray(labels.argmax(axis=1))
        return labels.reshape(-1) if self.ids else labels.reshape(len(labels), self.units)

    def message(self, where: str, value: object, place: str) -> str:
        """Compose the error message for a value that does not fit.

        Args:
            where: names the labels.
            value: the wrong value, or the row that holds it.
            place: where it is, such as `"row 3"`.

        Returns:
            The message, without a hint.
        """
        values = [_shown(part) for part in value] if isinstance(value, list) else [_shown(value)]
        value = values[0] if len(values) == 1 else values
        return f"{where} must be {self.describe()}; got {shorten(value)} in {place} (counted from 1)."

    def _fits(self, shape: Sequence[int | None]) -> bool:
        if len(shape) == 1:
            return self.ids or self.units == 1
        if len(shape) != 2:
            return False
        widths = (None, 1, self.units) if self.ids else (None, self.units)
        return shape[1] in widths

    def _wrong_rows(self, array: np.ndarray) -> np.ndarray:
        if self.is_one_hot(array.shape):
            return np.asarray(~(((array == 0) | (array == 1)).all(axis=1) & (array.sum(axis=1) == 1)))
        values = array.reshape(len(array), -1) if array.size else np.zeros((len(array), 1))
        if self.ids:
            right = (values >= 0) & (values < self.units) & (values == np.floor(values))
        else:
            right = (values >= 0) & (values <= 1) if self.soft else (values == 0) | (values == 1)
        return np.asarray(~(right | (values == -1) if self.unknown else right).all(axis=1))

    def _hint(self, array: np.ndarray) -> str:
        if not self.ids:
            soft = " Labels between 0 and 1 need a loss with soft_labels=True, such as kerasbert.losses.BinaryCrossentropy."
            return soft if not self.soft and ((array >= 0) & (array <= 1)).all() else ""
        if self.is_one_hot(array.shape):
            return " A one-hot row has one 1 and else 0."
        values = array.reshape(-1)
        if len(values) and values.min() >= 1 and values.max() == self.units:
            return " Ids are counted from 0: subtract 1, or encode label names with kerasbert.data.encode_class_ids."
        return " Leave rows without a label out." if (values < 0).any() or np.isnan(values.astype(float)).any() else ""

    def _shape_hint(self, shape: Sequence[int | None]) -> str:
        if self.ids or not shape:
            return ""
        if self.units == 1:
            return " One-hot rows of two classes are for kerasbert.build_multiclass(2)."
        ids = len(shape) == 1 or shape[1] == 1
        return " Class ids are for build_multiclass and for metrics with sparse=True." if ids else ""


def as_numbers(where: str, labels: Any) -> np.ndarray:
    """Convert labels, array-like or a tensor of any backend, to an array of numbers.

    Raises:
        TypeError: when they are no numbers.
    """
    array = labels if isinstance(labels, np.ndarray) else _as_array(labels)
    if array.dtype == object:
        array = _numbers_of_objects(array)
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise TypeError(
            f"{where} must be an array of numbers; got {shorten(labels)} of type {array.dtype}. Encode label names with "
            f"`kerasbert.data.encode_class_ids` or its siblings first."
        )
    return array


def form_of_loss(loss: Any, units: int) -> LabelForm | None:
    """Return the labels that a loss, as `compile` takes it, accepts; None where not known."""
    import keras

    if hasattr(loss, "label_form"):
        form: LabelForm = loss.label_form(units)
        return form
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", "")
    if isinstance(loss, keras.losses.SparseCategoricalCrossentropy):
        return LabelForm(True, units) if loss._fn_kwargs.get("ignore_class") is None else None
    if name == "sparse_categorical_crossentropy":
        return LabelForm(True, units)
    binary = (keras.losses.BinaryCrossentropy, keras.losses.BinaryFocalCrossentropy)
    if isinstance(loss, binary) or name in ("binary_crossentropy", "binary_focal_crossentropy"):
        return LabelForm(False, units, soft=True)
    return None


def _as_array(labels: Any) -> np.ndarray:
    from keras import ops

    return np.asarray(ops.convert_to_numpy(labels))


def _shown(value: Any) -> Any:
    """Round away the digits that float32 adds."""
    if not isinstance(value, float) or not np.isfinite(value):
        return value
    return int(value) if value.is_integer() else float(f"{value:.6g}")


def _numbers_of_objects(array: np.ndarray) -> np.ndarray:
    """Convert Python objects to numbers, missing ones to NaN; return them as they are where one is no number."""
    try:
        return np.where(array == None, np.nan, array).astype(float) if _no_text(array) else array  # noqa: E711
    except (TypeError, ValueError):
        return array


def _no_text(array: np.ndarray) -> bool:
    return not any(isinstance(value, (str, bytes)) for value in array.reshape(-1))
