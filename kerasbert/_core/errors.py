"""The errors that kerasbert raises for what a user gave it.

    ValueError
    └── KerasBertError
        ├── ConfigError           an argument, a config.json, a vocabulary
        │   └── NotFittedError        a classifier that was asked before it was trained
        ├── DataError             a text, a label, a data file
        ├── CheckpointError       a file of weights
        │   └── UnsafeArtifactError   a file that tries to leave its folder or to run code
        ├── ArtifactError         a folder that kerasbert wrote and that was changed, cut or is in the way
        ├── DivergedError         a training whose loss or gradients are no longer numbers
        └── WorkerLostError       a training of several machines, one of which is gone

What can be gone on with, but is likely not meant, is warned of: `KerasbertWarning`.

A wrong type of argument is a plain `TypeError`.
"""

from collections.abc import Sequence


class KerasBertError(ValueError):
    """Anything that the library refuses; catch this one to catch them all."""


class ConfigError(KerasBertError):
    """An argument, a configuration file or a vocabulary that cannot be used."""


class NotFittedError(ConfigError, AttributeError):
    """A classifier that was asked before it was trained; like scikit-learn's, also an `AttributeError`."""


class DataError(KerasBertError):
    """A text, a label or a data file that cannot be used; the message names file, row or index."""


class CheckpointError(KerasBertError):
    """A file of weights that is malformed, incomplete or does not fit the model."""


class UnsafeArtifactError(CheckpointError):
    """A file that would read outside its folder or run code if it were obeyed."""


class ArtifactError(KerasBertError):
    """A folder written by kerasbert that was changed or cut, or an output that must not be overwritten."""


class DivergedError(KerasBertError):
    """A training whose loss or gradients are no longer numbers; the model keeps the weights from before that batch.

    Args:
        trouble: what happened, the beginning of the message.
        epoch: counted from 0.
        step: batch in the epoch, counted from 0.
        rows: of the batch, in the numbers of the training data, counted from 0; the message counts them from 1.
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
        """The same, where row i of the training data is row `numbers[i]` of what the user gave."""
        return DivergedError(self.trouble, self.epoch, self.step, [numbers[row] for row in self.rows])


class WorkerLostError(KerasBertError):
    """A training of several machines, one of which is gone."""


class KerasbertWarning(UserWarning):
    """Something that runs but is likely not meant; the message says what to do."""
