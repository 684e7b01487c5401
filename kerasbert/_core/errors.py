"""The errors that kerasbert raises for what a user gave it.

    ValueError
    └── KerasBertError
        ├── ConfigError           an argument, a config.json, a vocabulary
        │   └── NotFittedError        a classifier that was asked before it was trained
        ├── DataError             a text, a label, a data file
        ├── CheckpointError       a file of weights
        │   └── UnsafeArtifactError   a file that tries to leave its folder or to run code
        └── ArtifactError         a folder that kerasbert wrote and that was changed, cut or is in the way

What can be gone on with, but is likely not meant, is warned of: `KerasbertWarning`.

A wrong type of argument is a plain `TypeError`.
"""


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


class KerasbertWarning(UserWarning):
    """Something that runs but is likely not meant; the message says what to do."""
