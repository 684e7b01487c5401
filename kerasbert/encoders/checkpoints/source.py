"""What every reader of checkpoints gives: tensors by their Hugging Face name, in PyTorch's orientation."""

import abc
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import CheckpointError

Value = TypeVar("Value")

MOST_TENSORS = 10_000
# The prefix that a model with a head puts before the encoder's tensors.
FAMILY_PREFIXES = ("bert.", "distilbert.", "electra.", "roberta.")
# What is put before all of them by DataParallel, by torch.compile, by modules that hold a model, by sentence-transformers.
WRAPPER_PREFIXES = ("module.", "_orig_mod.", "model.", "auto_model.")
PREFIXES = (*WRAPPER_PREFIXES, *FAMILY_PREFIXES)
# Names of layer normalisation in checkpoints of 2018.
OLD_ENDINGS = {".gamma": ".weight", ".beta": ".bias"}


class TensorSource(abc.ABC):
    """Abstract: named tensors that are read one at a time; messages name their origin."""

    #: Name without the family's prefix -> what the tensor is read from.
    by_name: Mapping[str, Any]

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def names(self) -> Sequence[str]:
        """Names without the family's prefix."""
        return list(self.by_name)

    @abc.abstractmethod
    def shape(self, name: str) -> tuple[int, ...]:
        """Shape of a tensor, known without reading it."""

    @abc.abstractmethod
    def read(self, name: str) -> np.ndarray:
        """Read a tensor as float32; refuse what is not of floating-point numbers."""


def clean_name(name: str) -> str:
    """Return a tensor's name as today's Hugging Face models have it: no prefixes, `weight` and `bias` for the norms."""
    while found := next((prefix for prefix in PREFIXES if name.startswith(prefix)), None):
        name = name.removeprefix(found)
    for old, new in OLD_ENDINGS.items():
        if name.endswith(old):
            name = name[: -len(old)] + new
    return name


def clean_names(names: Iterable[str], origin: str) -> dict[str, str]:
    """Return clean name -> name in the file, see `unique_names`."""
    return unique_names(((clean_name(name), name) for name in names), origin)


def unique_names(pairs: Iterable[tuple[str, Value]], origin: str) -> dict[str, Value]:
    """Return clean name -> value; refuse a name that comes twice, as `bert.x` and `x` would, and too many."""
    result: dict[str, Value] = {}
    for name, value in pairs:
        if name in result:
            raise CheckpointError(f"{origin}: two tensors are {shorten(name)}; which of them is meant cannot be known.")
        if len(result) == MOST_TENSORS:
            raise CheckpointError(f"{origin}: at most {MOST_TENSORS} tensors are read; it holds more.")
        result[name] = value
    return result
