"""Convert label values of other libraries to Python's texts and numbers; find names without visible characters."""

import numbers
import unicodedata
from decimal import Decimal
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError

# Forms that a reader sees and means, by their names in Unicode.
_MEANT = ("<super>", "<sub>", "<fraction>", "<circle>", "<square>")
# Letters that are drawn as an empty space.
_FILLERS = {"\u115f", "\u1160", "\u2800", "\u3164", "\uffa0"}
# A decimal of more digits is no label; making an integer of it could take all memory.
_MOST_DIGITS = 300


def plain_value(value: Any) -> Any:
    """A decimal number, tensor or Arrow scalar as Python's own value; anything else as it is."""
    if isinstance(value, (str, numbers.Real)):
        return value
    if isinstance(value, Decimal):
        return _plain_decimal(value)
    if hasattr(value, "as_py"):
        return value.as_py()
    if getattr(value, "ndim", None) == 0 and hasattr(value, "__array__") and not isinstance(value, np.generic):
        return plain_value(to_array(value).item())
    return value


def to_array(values: Any) -> np.ndarray:
    """An array, tensor or extension array as a NumPy array; what is masked is None."""
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        return np.array(values.tolist(), dtype=object)
    try:
        array = np.asarray(_on_the_processor(values))
    except (TypeError, ValueError, RuntimeError) as error:
        raise DataError(
            f"labels of type {type(values).__name__} cannot be read as an array ({shorten(str(error))}); give a list."
        ) from error
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array


def _on_the_processor(values: Any) -> Any:
    """A tensor of PyTorch without its gradient, dense and of a type that NumPy knows; anything else as it is."""
    if not hasattr(values, "detach"):
        return values
    values = values.detach().cpu()
    values = values.to_dense() if getattr(values, "is_sparse", False) else values
    return values.float() if str(values.dtype) == "torch.bfloat16" else values


def is_blank(name: str) -> bool:
    """Whether nothing of a text can be seen: only spaces, control characters and characters without width."""
    return all(map(_is_unseen, name))


def looks_of(name: str) -> str:
    """What two texts share that look alike: composed characters, without those that cannot be seen."""
    if name.isascii() and name.isprintable():
        return " ".join(name.casefold().split())
    composed = unicodedata.normalize("NFC", "".join(map(_plain_form, unicodedata.normalize("NFC", name)))).casefold()
    return " ".join("".join(c for c in composed if c.isspace() or not _is_unseen(c)).split())


def _plain_form(character: str) -> str:
    """A character without what is only its form, such as its width; "²" is another one than "2"."""
    if unicodedata.decomposition(character).startswith(_MEANT):
        return character
    return unicodedata.normalize("NFKC", character)


def _is_unseen(character: str) -> bool:
    if character.isalnum():
        return character in _FILLERS
    return character.isspace() or character in _FILLERS or unicodedata.category(character) in ("Cc", "Cf")


def _plain_decimal(value: Decimal) -> int | float:
    if value.is_nan():
        return float("nan")
    if not value.is_finite() or value.adjusted() > _MOST_DIGITS or value != value.to_integral_value():
        return float(value)
    return int(value)
