"""Saved classifiers, read back."""

import os
from pathlib import Path

from kerasbert._core.errors import ArtifactError
from kerasbert._core.names import CONFIG_FILE
from kerasbert.bundle import CLASSIFIER_FILE, load_bundle
from kerasbert.classifiers.builders import SINGLE_HEAD
from kerasbert.data.label_kinds import NAMES, kind_for
from kerasbert.text_classifier.classifier import TextClassifier


def load(folder: str | os.PathLike[str]) -> TextClassifier:
    """Load a classifier that `TextClassifier.save` or `kerasbert train` wrote.

    Needs no network and imports neither transformers nor torch. Every file is checked against the folder's manifest.

    Args:
        folder: the saved folder.

    Returns:
        The classifier, ready to predict.

    Raises:
        ArtifactError: when the folder is missing, was changed or cut, or is of a newer format.

    Example:
        >>> load("no/such/folder")
        Traceback (most recent call last):
        ...
        kerasbert._core.errors.ArtifactError: Saved model 'no/such/folder' is not a folder; give the folder that `save` \
or `train` wrote.
    """
    if not (Path(folder) / CLASSIFIER_FILE).is_file() and (Path(folder) / CONFIG_FILE).is_file():
        raise ArtifactError(
            f"{str(folder)!r} is a folder of transformers; kerasbert.TextClassifier.from_pretrained({str(folder)!r}) loads "
            f"a classifier of theirs."
        )
    bundle = load_bundle(folder)
    known = {name: value for name, value in bundle.settings.items() if name in TextClassifier.parameter_names()}
    classifier = TextClassifier(**known)
    tasks = {head: layer.head_task.task for head, layer in bundle.model.heads.items()}
    if bundle.model.hierarchy is not None:
        classifier.subclasses = bundle.model.hierarchy.hierarchy.to_tree()
    elif SINGLE_HEAD not in tasks:
        classifier.heads = tasks
    classifier.model_ = bundle.model
    classifier.tokens_ = bundle.tokens
    classifier.thresholds_ = bundle.thresholds
    classifier.history_ = bundle.settings.get("history", {})
    classifier.data_ = bundle.settings.get("data", {})
    kinds = bundle.settings.get("label_kinds", {})
    classifier.label_kinds_ = {
        head: kind_for(kinds.get(head, NAMES), layer.label_names) for head, layer in bundle.model.heads.items()
    }
    classifier.metrics_ = bundle.metrics
    return classifier


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
    folder = Path(folder)
    is_foreign = not (folder / CLASSIFIER_FILE).is_file() and (folder / CONFIG_FILE).is_file()
    return TextClassifier.from_pretrained(folder) if is_foreign else load(folder)
