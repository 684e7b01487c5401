"""What trains: batches of epoch after epoch, from any epoch and batch on."""

import abc
from typing import Any

import numpy as np

from kerasbert._core.display import brief_call
from kerasbert._core.errors import ConfigError, DataError


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

    def __repr__(self) -> str:
        return brief_call(self, {name: getattr(self, name) for name in ("num_examples", "steps", "epoch")})

    def __len__(self) -> int:
        return self.steps

    def begin(self, epoch: int, step: int = 0) -> None:
        """Make the next iteration that of an epoch, from a batch on; iterate over `pipeline` when `step` is not 0."""
        self.epoch, self._skip = epoch, step

    @abc.abstractmethod
    def rows_of(self, epoch: int, step: int) -> np.ndarray:
        """The rows of one batch."""

    def occurring_tokens(self) -> np.ndarray | None:
        """The ids of all tokens that the batches of any epoch may hold, sorted, int64 (k,); None where that is not known."""
        return None

    def rows_in_order(self) -> np.ndarray:
        """The rows of the next epoch, in the order of its batches.

        Raises:
            ConfigError: when it does not take every row once, as where rows are drawn.
        """
        parts = [self.rows_of(self.epoch, step) for step in range(self.steps)]
        rows = np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
        if not np.array_equal(np.sort(rows), np.arange(len(rows))):
            raise ConfigError(
                "The batches must take every text once for rows in the order of the texts; these leave some out or take "
                "some twice. Predict on batches without `sampling` and `held_out`."
            )
        return rows

    def restore(self, values: Any, order: np.ndarray | None = None) -> Any:
        """Restore the order of the texts in what a model gave for the batches.

        Args:
            values: an array (n, ...), or a structure of these, row for row as the batches came.
            order: from `rows_in_order` before the batches were read; None: that of unshuffled batches.

        Raises:
            ConfigError: when the batches do not take every text once.
            DataError: when there are not as many rows as texts.
        """
        import keras

        rows = self.rows_in_order() if order is None else order

        def put_back(part: Any) -> np.ndarray:
            found = np.asarray(part)
            if len(found) != len(rows):
                raise DataError(f"`values` must have one row for each of {len(rows)} texts; got {len(found)}.")
            restored = np.empty_like(found)
            restored[rows] = found
            return restored

        return keras.tree.map_structure(put_back, values)
