"""Model inputs by name: from any mapping, or a list in their order."""

import inspect
import numbers
import types
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import shorten, suggestion
from kerasbert._core.errors import ConfigError, KerasbertWarning
from kerasbert._core.names import INPUT_IDS, TOKEN_TYPE_IDS
from kerasbert._core.process import check_process
from kerasbert.batches.source import BatchSource


class NamedInputs:
    """Mixin for a Keras model whose inputs have names.

    Every way into the model takes a dict, any other mapping (what a tokenizer of transformers returns) or a list in the
    order of the inputs. Keys that are no inputs are left out with a `KerasbertWarning`: Keras takes inputs in the order of
    their sorted names, so that one more would be read as another.
    """

    #: Names of the inputs in the order of a list, and those of them that cannot be left out.
    input_keys: tuple[str, ...]
    required_keys: tuple[str, ...]

    def __call__(self, inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Call as any Keras model; inputs by name, or a list of them."""
        kwargs = {key: as_array(key, value) if key in self.input_keys else value for key, value in kwargs.items()}
        if inputs is None:
            return super().__call__(*args, **kwargs)  # type: ignore[misc]
        return super().__call__(self.named(inputs), *args, **kwargs)  # type: ignore[misc]

    def fit(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Train as `keras.Model.fit` does; inputs as for a call."""
        options = dict(inspect.signature(keras.Model.fit).bind(self, x, *args, **kwargs).arguments)
        del options["self"]
        if "validation_data" in options:
            options["validation_data"] = self.named_data(options["validation_data"])
        return super().fit(**{**options, "x": self.named_data(x)})  # type: ignore[misc]

    def evaluate(self, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Evaluate as `keras.Model.evaluate` does; inputs as for a call."""
        return super().evaluate(self.named_data(x), *args, **kwargs)  # type: ignore[misc]

    def predict(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Predict as `keras.Model.predict` does, inputs as for a call; rows come in the order of the texts.

        Batches from `make_batches` or `stream_batches` may be given themselves: where they sort the texts by length, the
        rows are put back.
        """
        order = x.rows_in_order() if isinstance(x, BatchSource) else None
        found = super().predict(self.named_data(x), *args, **kwargs)  # type: ignore[misc]
        return found if order is None else x.restore(found, order)

    def train_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Train on one batch as `keras.Model.train_on_batch` does; inputs as for a call."""
        return super().train_on_batch(self.named(x), *args, **kwargs)  # type: ignore[misc]

    def test_on_batch(self, x: Any, *args: Any, **kwargs: Any) -> Any:
        """Evaluate one batch as `keras.Model.test_on_batch` does; inputs as for a call."""
        return super().test_on_batch(self.named(x), *args, **kwargs)  # type: ignore[misc]

    def predict_on_batch(self, x: Any) -> Any:
        """Predict one batch as `keras.Model.predict_on_batch` does; inputs as for a call."""
        return super().predict_on_batch(self.named(x))  # type: ignore[misc]

    def named(self, inputs: Any) -> Any:
        """Return inputs as a dict by name; anything but a mapping or a list of inputs is returned as it is."""
        check_process(keras.backend.backend())
        return named_inputs(inputs, self.input_keys, self.required_keys)

    def named_data(self, data: Any) -> Any:
        """Return data for `fit`, `evaluate` and `predict`: inputs by name, alone or with labels, or batches of them."""
        check_process(keras.backend.backend())
        if isinstance(data, BatchSource):
            return data.dataset
        if isinstance(data, types.GeneratorType):
            return self._named_batches(data)
        return self._named_batch(data)

    def _named_batch(self, batch: Any) -> Any:
        if isinstance(batch, tuple) and batch and isinstance(batch[0], (Mapping, list, tuple)):
            return (self.named(batch[0]), *batch[1:])
        return self.named(batch)

    def _named_batches(self, batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            yield self._named_batch(batch)


def named_inputs(inputs: Any, keys: Sequence[str], required: Sequence[str]) -> Any:
    """Return inputs as a dict by name; missing `token_type_ids` that are required are all zero, as in transformers.

    Args:
        inputs: a mapping, or a list or tuple of arrays in the order of `keys`; anything else is returned as it is.
        keys: names of the inputs; others are left out.
        required: names of those without which a model cannot run.

    Raises:
        ConfigError: when an input is missing, or there are more arrays than inputs.
    """
    if isinstance(inputs, (list, tuple)) and inputs and all(_has_two_axes(part) for part in inputs):
        if len(inputs) > len(keys):
            raise ConfigError(f"A list of inputs must be {', '.join(keys)}, in this order; got {len(inputs)} arrays.")
        inputs = dict(zip(keys, inputs, strict=False))
    if not isinstance(inputs, Mapping):
        return as_array(keys[0], inputs) if _is_list_of_ids(inputs) else inputs
    _check_keys(inputs, keys, required)
    chosen = {key: as_array(key, inputs[key]) for key in keys if key in inputs and inputs[key] is not None}
    if TOKEN_TYPE_IDS in required and TOKEN_TYPE_IDS not in chosen:
        chosen[TOKEN_TYPE_IDS] = _zeros_like(chosen[INPUT_IDS])
    return chosen


def _check_keys(inputs: Mapping[str, Any], keys: Sequence[str], required: Sequence[str]) -> None:
    absent = [key for key in keys if inputs.get(key) is None]
    missing = [key for key in required if key in absent and key != TOKEN_TYPE_IDS]
    extra = [key for key in inputs if key not in keys]
    hint = next((hint for hint in (suggestion(key, absent) for key in extra) if hint), "")
    if missing or hint:
        raise ConfigError(
            f"Inputs must be {', '.join(keys)}, by name, and {', '.join(missing or required)} cannot be left out; got "
            f"{shorten(list(inputs))}.{hint}"
        )
    if extra:
        warnings.warn(
            f"the inputs hold {', '.join(map(repr, extra))}, which the model does not read and which is left out; it reads "
            f"{', '.join(keys)}.",
            KerasbertWarning,
            stacklevel=5,
        )


def _has_two_axes(part: Any) -> bool:
    shape = getattr(part, "shape", None)
    if shape is not None:
        return len(shape) >= 2
    return isinstance(part, (list, tuple)) and bool(part) and isinstance(part[0], (list, tuple, np.ndarray))


def _is_list_of_ids(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, list) and bool(first) and isinstance(first[0], numbers.Integral)


def as_array(key: str, value: Any) -> Any:
    """Convert lists of lists, all of one length, to an array; anything else is returned as it is."""
    if not isinstance(value, (list, tuple)) or any(hasattr(row, "shape") for row in value):
        return value
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ConfigError(
            f"`{key}` must have rows of one length; got rows of {shorten(sorted({len(row) for row in value}))}. Let the "
            f"tokenizer pad them: tokenizer(texts, padding=True, truncation=True, return_tensors='np')."
        ) from error
    return array


def _zeros_like(ids: Any) -> Any:
    if isinstance(ids, np.ndarray):
        return np.zeros_like(ids)
    return keras.ops.zeros_like(ids)
