"""What a model reads beside the texts: arrays, or further texts, row for row."""

from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.names import INPUT_NAMES, WINDOW_ROWS
from kerasbert.batches.lengths import checked_lengths
from kerasbert.batches.row_arrays import checked_array
from kerasbert.tokenization.token_arrays import TokenArrays

NUMBERS_ONLY = "Turn words into numbers first, as keras.layers.StringLookup does."


@final
class OtherInputs:
    """Further inputs of each text; made by `checked_other_inputs`.

    Args:
        arrays: input name -> array (n, ...).
        texts: name -> token ids of n texts, whose inputs are `{name}_input_ids` and so on.
        lengths: name -> the padded lengths allowed for these texts.

    Example:
        >>> others = OtherInputs({"age": np.array([31.0, 58.0], "float32")}, {"b": TokenArrays.from_lists([[2], [2, 3]])}, {"b": (4,)})
        >>> list(others.take(np.array([1]), 0)), others.take(np.array([1]), 0)["b_input_ids"].tolist()
        (['age', 'b_input_ids', 'b_attention_mask', 'b_token_type_ids'], [[2, 3, 0, 0]])
    """

    def __init__(
        self,
        arrays: Mapping[str, np.ndarray],
        texts: Mapping[str, TokenArrays],
        lengths: Mapping[str, tuple[int, ...]],
    ) -> None:
        self.arrays = arrays
        self.texts = texts
        self.lengths = lengths

    @property
    def names(self) -> list[str]:
        """Names of the inputs."""
        return [*self.arrays, *(name for text in self.texts for name in names_of_text(text))]

    def take(self, rows: np.ndarray, pad_id: int) -> dict[str, np.ndarray]:
        """Return the inputs of some rows: arrays (m, ...), and token ids padded for themselves, int32 (m, length)."""
        inputs = {name: array[rows] for name, array in self.arrays.items()}
        for name, tokens in self.texts.items():
            longest, allowed = int(tokens.lengths[rows].max(initial=1)), self.lengths[name]
            length = allowed[int(np.searchsorted(allowed, longest))] if allowed else longest
            padded = tokens.take(rows).padded(pad_id, length)
            inputs |= {f"{name}_{part}": array for part, array in padded.items()}
        return inputs


def names_of_text(name: str) -> list[str]:
    """Return the names of the inputs that further texts have."""
    return [f"{name}_{part}" for part in INPUT_NAMES]


def checked_other_inputs(
    other_inputs: Any, num_texts: int, lengths: Sequence[int] | str | None = None
) -> OtherInputs | None:
    """Check the argument `other_inputs` of `make_batches`, see there.

    Raises:
        ConfigError: when a name is that of another input, or `lengths` do not cover the further texts.
        DataError: when there are not as many rows as texts, or a number is NaN or infinite.
        TypeError: when it is no dict of arrays and token ids.
    """
    if other_inputs is None:
        return None
    if not isinstance(other_inputs, Mapping):
        raise TypeError(
            f"`other_inputs` must be a dict of arrays by the names of the model's inputs, such as {{'age': ages}}; got "
            f"{shorten(other_inputs)} of type {type(other_inputs).__name__}."
        )
    texts = {name: part for name, part in other_inputs.items() if hasattr(part, "offsets")}
    arrays = {
        name: _as_inputs(name, part, num_texts) for name, part in other_inputs.items() if not hasattr(part, "offsets")
    }
    for name, tokens in texts.items():
        if len(tokens) != num_texts:
            raise DataError(
                f"`other_inputs`[{name!r}] must have one text for each text; got {len(tokens)} and {num_texts}."
            )
    others = OtherInputs(arrays, texts, {name: checked_lengths(lengths, tokens) for name, tokens in texts.items()})
    _check_names(others)
    return others


def _as_inputs(name: Any, part: Any, num_texts: int) -> np.ndarray:
    where = f"`other_inputs`[{name!r}]"
    if hasattr(part, "windows"):
        raise TypeError(
            f"{where} must be an array, or token ids of texts that are not cut into windows; got windows. Encode them with "
            f"long_texts='truncate'."
        )
    array = checked_array(where, part, num_texts, NUMBERS_ONLY)
    # As Keras does with the arrays that `fit` is given.
    return array.astype("float32") if array.dtype == "float64" else array


def _check_names(others: OtherInputs) -> None:
    names = [*others.arrays, *others.texts]
    wrong = next((name for name in names if not isinstance(name, str) or not name), None)
    if wrong is not None:
        raise TypeError(f"`other_inputs` must have texts as keys, the names of inputs; got {wrong!r}.")
    taken = [*INPUT_NAMES, WINDOW_ROWS]
    for name in others.names:
        if name in taken:
            raise ConfigError(
                f"`other_inputs` must have names of their own; got {name!r}, which another input of the batches has."
            )
        taken.append(name)
