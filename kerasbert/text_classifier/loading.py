"""Load saved classifiers."""

import os
from pathlib import Path

from kerasbert._core.checks import check_bool, shorten
from kerasbert._core.encoder_folders import explain_folder
from kerasbert._core.errors import ArtifactError, ConfigError, KerasBertError
from kerasbert._core.locks import read_locked
from kerasbert._core.manifest import read_manifest, words_for
from kerasbert._core.names import CONFIG_FILE
from kerasbert._core.paths import local_path
from kerasbert._core.staging import recover_folder
from kerasbert.engines.saved import with_saved_engine
from kerasbert.saving.folder import load_trained
from kerasbert.saving.format import CLASSIFIER_FILE
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.text_classifier.classifier import TextClassifier

# Kinds of outputs that answer texts and are no classifier of Keras.
RUN_ONLY = ("onnx", "saved_model", "tflite")


def load(folder: str | os.PathLike[str], *, engine: str | None = None, threads: int | None = None) -> TextClassifier:
    """Load a classifier that `TextClassifier.save` or `kerasbert train` wrote, or one in a folder of transformers.

    Needs no network and imports neither transformers nor torch. Every file of a saved folder is checked against its
    manifest; a folder with a `config.json` is read as `TextClassifier.from_pretrained` does it, whether `save_pretrained`
    or transformers wrote it.

    Args:
        folder: the saved folder.
        engine: `"openvino"` or `"onnxruntime"`: predict in the engine that the classifier was saved with, see
            `TextClassifier.compile_for_inference`. None: in Keras.
        threads: of the engine, >= 1; None leaves their number to it.

    Returns:
        The classifier, ready to predict.

    Raises:
        ArtifactError: when the folder is missing, was changed or cut, or is of a newer format, or has no such engine.
        CheckpointError: as `TextClassifier.from_pretrained`.
        ConfigError: as `TextClassifier.from_pretrained`; or when the engine is unknown or not installed, this processor lacks
            its precision, or `threads` come without an engine.

    Example:
        >>> load("no/such/folder")
        Traceback (most recent call last):
        ...
        kerasbert._core.errors.ArtifactError: Saved model 'no/such/folder' is not a folder; give the folder that `save` \
or `train` wrote.
    """
    if engine is None and threads is not None:
        raise ConfigError(f"`threads` must be None without `engine`; got {shorten(threads)}.")
    folder = local_path(folder, error=ArtifactError)
    recover_folder(folder)
    if not (folder / CLASSIFIER_FILE).is_file():
        _refuse_export(folder)
        if (folder / CONFIG_FILE).is_file():
            _refuse_engine(engine, folder)
            return TextClassifier.from_pretrained(folder)
        known = explain_folder(folder)
        if known:
            raise ArtifactError(known)
    trained = load_trained(folder) if engine is None else _load_with_engine(folder, engine, threads)
    try:
        classifier = TextClassifier.from_trained(trained)
        _check(classifier, trained)
    except (KerasBertError, TypeError, ValueError) as error:
        raise ArtifactError(f"{str(folder / CLASSIFIER_FILE)!r} cannot be read: {error}") from error
    return classifier


def _refuse_engine(engine: str | None, folder: Path) -> None:
    if engine is not None:
        raise ConfigError(
            f"`engine` must be None for a folder of transformers, which holds none; got {shorten(engine)}. Load {str(folder)!r} and "
            f"call compile_for_inference({engine!r})."
        )


def _load_with_engine(folder: Path, engine: str, threads: int | None) -> TrainedClassifier:
    return read_locked(folder, lambda: with_saved_engine(load_trained(folder), folder, engine, threads=threads))


def _refuse_export(folder: Path) -> None:
    """Refuse an export that only its own runtime reads; a `config.json` may lie there for other tools."""
    try:
        kind = read_manifest(folder).kind
    except ArtifactError:
        return
    if kind in RUN_ONLY:
        raise ArtifactError(
            f"{str(folder)!r} holds {words_for(kind)}, which `kerasbert evaluate` runs and nothing trains on or converts; "
            f"give the classifier that it was made from."
        )


def _check(classifier: TextClassifier, trained: TrainedClassifier) -> None:
    """Refuse settings that cannot be those of the model."""
    if classifier.task != trained.task:
        raise ConfigError(f"`task` must be that of the model, {trained.task!r}; got {shorten(classifier.task)}.")
    classifier.check_arguments()
    check_bool("verbose", classifier.verbose)
    heads = trained.model.heads
    for head, counts in trained.data.get("labels", {}).items():
        names = heads[head].label_names if head in heads else ()
        if len(counts) != len(names):
            raise ConfigError(f"`data` has {len(counts)} counts for {shorten(head)}, which has {len(names)} labels.")
