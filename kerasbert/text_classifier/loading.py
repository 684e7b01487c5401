"""Saved classifiers, read back."""

import os
from pathlib import Path

from kerasbert._core.errors import ArtifactError
from kerasbert._core.foreign_folders import explain_folder
from kerasbert._core.names import CONFIG_FILE
from kerasbert.bundle import CLASSIFIER_FILE, load_bundle
from kerasbert.text_classifier.classifier import TextClassifier


def load(folder: str | os.PathLike[str]) -> TextClassifier:
    """Load a classifier that `TextClassifier.save` or `kerasbert train` wrote, or one in a folder of transformers.

    Needs no network and imports neither transformers nor torch. Every file of a saved folder is checked against its
    manifest; a folder with a `config.json` is read as `TextClassifier.from_pretrained` does it, whether `save_pretrained`
    or transformers wrote it.

    Args:
        folder: the saved folder.

    Returns:
        The classifier, ready to predict.

    Raises:
        ArtifactError: when the folder is missing, was changed or cut, or is of a newer format.
        CheckpointError: as `TextClassifier.from_pretrained`.
        ConfigError: as `TextClassifier.from_pretrained`.

    Example:
        >>> load("no/such/folder")
        Traceback (most recent call last):
        ...
        kerasbert._core.errors.ArtifactError: Saved model 'no/such/folder' is not a folder; give the folder that `save` \
or `train` wrote.
    """
    folder = Path(folder)
    if not (folder / CLASSIFIER_FILE).is_file():
        if (folder / CONFIG_FILE).is_file():
            return TextClassifier.from_pretrained(folder)
        known = explain_folder(folder)
        if known:
            raise ArtifactError(known)
    return TextClassifier.from_bundle(load_bundle(folder))


def open_classifier(folder: str | os.PathLike[str]) -> TextClassifier:
    """Load a saved classifier or, where the folder is one of transformers, a classifier of theirs.

    Args:
        folder: written by `save`, `train` or `save_pretrained`.

    Returns:
        The classifier.

    Raises:
        ArtifactError: as `load`.
        ConfigError: as `TextClassifier.from_pretrained`.
        CheckpointError: as `TextClassifier.from_pretrained`.
    """
    return load(folder)
