"""The tasks of the levels of a hierarchy, whose labels may be unknown (-1)."""

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, final

import numpy as np

from kerasbert._core.display import brief_repr
from kerasbert.labels.counts import LabelCounts
from kerasbert.labels.hierarchy import UNKNOWN
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel

if TYPE_CHECKING:
    import keras

Parents = tuple[tuple[int, ...], ...]


@final
@dataclasses.dataclass(frozen=True)
class ExclusiveLevel(Multiclass):
    """A level of which each text has one label; the output is a probability.

    Args:
        label_names: names of the labels.
        parents: for each level from the second down to this one, the place of every label's parent; empty for the
            classes themselves.
    """

    parents: Parents = ()
    activations: ClassVar[tuple[str, ...]] = ("softmax",)

    __repr__ = brief_repr

    def loss(self, activation: str | None = None, **options: Any) -> "keras.losses.Loss":
        from kerasbert.objectives.levels import SparseLevelCrossentropy

        return SparseLevelCrossentropy(self.parents, **options)

    def metrics(self, activation: str | None = None) -> "list[keras.metrics.Metric]":
        from kerasbert.objectives.levels import HierarchicalF1, KnownLabels

        known = [KnownLabels(metric, sparse=True) for metric in super().metrics(activation)]
        return [*known, HierarchicalF1(self.parents)] if self.parents else known

    def prior_bias(self, labels: np.ndarray | LabelCounts) -> np.ndarray:
        return super().prior_bias(labels if isinstance(labels, LabelCounts) else labels[labels >= 0])

    @classmethod
    def array(cls, ids: np.ndarray, offsets: np.ndarray, count: int) -> np.ndarray:
        level = np.full(len(offsets) - 1, UNKNOWN, dtype=np.int32)
        level[np.diff(offsets) > 0] = ids
        return level


@final
@dataclasses.dataclass(frozen=True)
class IndependentLevel(Multilabel):
    """A level of which each text has any number of labels; the output is a probability.

    Args:
        label_names: names of the labels.
        parents: see `ExclusiveLevel`.
    """

    parents: Parents = ()
    activations: ClassVar[tuple[str, ...]] = ("sigmoid",)

    __repr__ = brief_repr

    def loss(self, activation: str | None = None, **options: Any) -> "keras.losses.Loss":
        from kerasbert.objectives.levels import BinaryLevelCrossentropy

        return BinaryLevelCrossentropy(**options)

    def metrics(self, activation: str | None = None) -> "list[keras.metrics.Metric]":
        from kerasbert.objectives.levels import KnownLabels

        return [KnownLabels(metric, sparse=False) for metric in super().metrics(activation)]

    def prior_bias(self, labels: np.ndarray | LabelCounts) -> np.ndarray:
        labels = np.asarray(labels)
        return np.asarray(np.log(((labels > 0).sum(axis=0) + 0.5) / ((labels == 0).sum(axis=0) + 0.5)))


LevelTask = ExclusiveLevel | IndependentLevel
LEVEL_TASKS: dict[str, type[ExclusiveLevel] | type[IndependentLevel]] = {
    Multiclass.name: ExclusiveLevel,
    Multilabel.name: IndependentLevel,
}
