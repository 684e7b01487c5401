"""`FittedPart`: what a classifier holds beside its weights to say how far its predictions can be believed."""

import abc
import hashlib
import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self, TypeVar

import numpy as np

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.tasks.outputs import Outputs

Fitted = Mapping[str, "FittedPart"]
Part = TypeVar("Part", bound="FittedPart")


class FittedPart(abc.ABC):
    """Abstract: something that was fitted on data once the weights were trained.

    A classifier holds one of each kind by its `name`, see `TrainedClassifier.uncertainty`; a saved folder holds what
    `to_plain` and `arrays` give; `PARTS` in `uncertainty/table.py` lists the kinds, and training on drops them all.
    """

    #: Under this name a classifier and its files hold it.
    name: ClassVar[str]
    #: Whether it depends on the probabilities, so that it is dropped when these are calibrated.
    reads_probabilities: ClassVar[bool] = True

    @abc.abstractmethod
    def to_plain(self) -> dict[str, Any]:
        """Return it as plain data for JSON, without its arrays."""

    def arrays(self) -> dict[str, np.ndarray]:
        """Return, by name, arrays that are too large for JSON; a part that has some is left out of exports."""
        return {}

    @property
    def digest(self) -> str:
        """SHA-256 of all of it, 64 hexadecimal digits."""
        digest = hashlib.sha256(json.dumps(self.to_plain(), sort_keys=True).encode())
        for name, array in sorted(self.arrays().items()):
            digest.update(f"{name} {array.dtype} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @classmethod
    @abc.abstractmethod
    def from_plain(cls, plain: Mapping[str, Any], arrays: Mapping[str, np.ndarray], outputs: Outputs) -> Self:
        """Return a part from what `to_plain` and `arrays` gave, of a classifier with these outputs.

        Raises:
            KeyError, TypeError, ValueError: when it is none, or is of other outputs.
        """

    @classmethod
    def of(cls, fitted: Fitted) -> Self | None:
        """Return the part of this kind; None where there is none."""
        part = fitted.get(cls.name)
        return part if isinstance(part, cls) else None


def with_part(fitted: Fitted, part: FittedPart) -> dict[str, FittedPart]:
    """Return the parts of a classifier with one more, in place of that of its kind."""
    return {**fitted, part.name: part}


def one_of(kind: type[Part], fitted: Fitted) -> Part:
    """Return the part of a kind, which is there.

    Raises:
        KeyError: when it is not.
    """
    found = kind.of(fitted)
    if found is None:
        raise KeyError(kind.name)
    return found


def of_head(head: str) -> str:
    """Words for the head of a message; none for a single head."""
    return "" if head == SINGLE_HEAD else f" of {head!r}"
