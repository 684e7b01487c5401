"""Saved classifiers, read back."""

import os

from kerasbert._core.checks import check_bool, shorten
from kerasbert._core.errors import ArtifactError, ConfigError, KerasBertError
from kerasbert._core.locations import local_path
from kerasbert._core.names import CONFIG_FILE
from kerasbert._core.workplace import put_back
from kerasbert.bundle import CLASSIFIER_FILE, Bundle, load_bundle
from kerasbert.classifiers.builders import SINGLE_HEAD
from kerasbert.data.label_kinds import NAMES, classes_as
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
    folder = local_path(folder, error=ArtifactError)
    put_back(folder)
    if not (folder / CLASSIFIER_FILE).is_file() and (folder / CONFIG_FILE).is_file():
        raise ArtifactError(
            f"{str(folder)!r} is a folder of transformers; kerasbert.TextClassifier.from_pretrained({str(folder)!r}) loads "
            f"a classifier of theirs."
        )
    bundle = load_bundle(folder)
    try:
        return _classifier_of(bundle)
    except (KerasBertError, TypeError, ValueError) as error:
        raise ArtifactError(f"{str(folder / CLASSIFIER_FILE)!r} cannot be read: {error}") from error


def _classifier_of(bundle: Bundle) -> TextClassifier:
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
    classifier.label_kinds_ = {head: kinds.get(head, NAMES) for head in tasks}
    classifier.metrics_ = bundle.metrics
    _check(classifier, "hierarchical" if bundle.model.hierarchy is not None else tasks.get(SINGLE_HEAD, "multitask"))
    return classifier


def _check(classifier: TextClassifier, task: str) -> None:
    """Refuse settings that cannot be those of the model."""
    if classifier.task != task:
        raise ConfigError(f"`task` must be that of the model, {task!r}; got {shorten(classifier.task)}.")
    classifier.check_arguments()
    check_bool("progress", classifier.progress)
    for head, layer in classifier.model_.heads.items():
        classes_as(classifier.label_kinds_[head], layer.label_names)
    for head, counts in classifier.data_.get("labels", {}).items():
        names = classifier.model_.heads[head].label_names if head in classifier.model_.heads else ()
        if len(counts) != len(names):
            raise ConfigError(f"`data` has {len(counts)} counts for {shorten(head)}, which has {len(names)} labels.")


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
    folder = local_path(folder, error=ArtifactError)
    put_back(folder)
    is_foreign = not (folder / CLASSIFIER_FILE).is_file() and (folder / CONFIG_FILE).is_file()
    return TextClassifier.from_pretrained(folder) if is_foreign else load(folder)
