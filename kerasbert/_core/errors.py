"""Exceptions and warnings.

    ValueError
    └── KerasBertError
        ├── ConfigError           an argument, a config.json, a vocabulary
        │   └── NotFittedError        a classifier used before it was trained
        ├── DataError             a text, a label, a data file
        ├── CheckpointError       a file of weights
        │   └── UnsafeArtifactError   a file that points outside its folder or would run code
        ├── ArtifactError         a saved folder that is damaged, or an output that must not be overwritten
        ├── DivergedError         training whose loss or gradients became NaN or infinite
        └── WorkerLostError       multi-worker training that lost a worker

Suspicious input that still works gives a `KerasbertWarning`. An argument of the wrong type raises `TypeError`.
"""

from collections.abc import Sequence


class KerasBertError(ValueError):
    """Base class of all errors of this package."""


class ConfigError(KerasBertError):
    """An invalid argument, configuration file or vocabulary."""


class NotFittedError(ConfigError, AttributeError):
    """A classifier used before it was trained; also an `AttributeError`, like scikit-learn's."""


class DataError(KerasBertError):
    """An invalid text, label or data file; the message names the file and row or the index."""


class CheckpointError(KerasBertError):
    """Weights that are malformed, incomplete or do not fit the model."""


class UnsafeArtifactError(CheckpointError):
    """A file that points outside its folder or would run code."""


class ArtifactError(KerasBertError):
    """A saved folder that is damaged, or an output that must not be overwritten."""


class DivergedError(KerasBertError):
    """Training whose loss or gradients became NaN or infinite; the model keeps its weights from before that batch.

    Args:
        trouble: what happened; the message begins with it.
        epoch: index of the epoch, from 0.
        step: index of the batch in the epoch, from 0.
        rows: indices of the batch's rows in the training data, from 0 (the message counts from 1).
    """

    def __init__(self, trouble: str, epoch: int, step: int, rows: Sequence[int]) -> None:
        self.trouble, self.epoch, self.step = trouble, epoch, step
        self.rows = [int(row) for row in rows]
        shown = ", ".join(str(row + 1) for row in self.rows)
        super().__init__(
            f"{trouble} in epoch {epoch + 1} at batch {step + 1}, which holds rows {shown} (counted from 1). The model keeps "
            f"the weights from before this batch. Look at these rows, or take a lower learning rate."
        )

    def renumbered(self, numbers: Sequence[int]) -> "DivergedError":
        """Return the error with row i replaced by `numbers[i]`, its number in the user's data."""
        return DivergedError(self.trouble, self.epoch, self.step, [numbers[row] for row in self.rows])


class WorkerLostError(KerasBertError):
    """Multi-worker training that lost a worker."""


class KerasbertWarning(UserWarning):
    """Something that works but is probably a mistake; the message says what to do."""
