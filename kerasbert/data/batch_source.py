"""What trains: batches of epoch after epoch, from any epoch and batch on."""

import abc
from typing import Any

import numpy as np


class BatchSource(abc.ABC):
    """Labelled batches that repeat exactly: epoch and batch number say which rows a batch holds.

    A training that goes on where another stopped calls `begin(epoch, step)` on a source of the same arguments.

    Attributes:
        dataset: the batches of one epoch, for Keras; each iteration is the next epoch.
        pipeline: as `dataset`, but of no promised number of batches; after `begin` with a step it gives the rest.
        labels: the labels, or `LabelCounts` of them; a dict of these by head for several heads; None: none.
        steps: batches in an epoch, the same in all.
        num_examples: texts in an epoch.
        epoch: number of the next epoch.
        draws: how often each row is drawn in an epoch, on average, where `labels` are those of all rows; None: once.
    """

    dataset: Any
    pipeline: Any
    labels: Any
    steps: int
    num_examples: int
    epoch: int = 0
    draws: Any = None
    _skip: int = 0

    def begin(self, epoch: int, step: int = 0) -> None:
        """Make the next iteration that of an epoch, from a batch on; iterate over `pipeline` when `step` is not 0."""
        self.epoch, self._skip = epoch, step

    @abc.abstractmethod
    def rows_of(self, epoch: int, step: int) -> np.ndarray:
        """The rows of one batch."""

    def with_length(self, dataset: Any) -> Any:
        """A dataset of one epoch that knows its number of batches."""
        import tensorflow as tf

        return dataset.apply(tf.data.experimental.assert_cardinality(self.steps))
