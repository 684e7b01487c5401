"""Load a saved classifier: its builder builds it again, and no code is deserialised."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, CheckpointError, ConfigError, KerasBertError
from kerasbert._core.files import verify_manifest
from kerasbert._core.json_files import read_json_object
from kerasbert._core.locks import read_locked
from kerasbert._core.names import SAFETENSORS_FILE
from kerasbert._core.paths import local_path
from kerasbert._core.staging import recover_folder
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.declared import declared_only, give_values
from kerasbert.classifiers.given_pooling import UnknownClassError
from kerasbert.encoders.checkpoints import TensorSource
from kerasbert.saving.format import CLASSIFIER_FILE, check_description
from kerasbert.saving.inspection import check_is_folder, read_attachment, read_long_texts, read_metrics, thresholds_of
from kerasbert.saving.parts import Attachment
from kerasbert.saving.rebuild import rebuild, weights_by_path
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.saving.writing import weights_of
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_settings import splits_special_tokens
from kerasbert.uncertainty.table import ARRAYS_FILE, read_parts


def load_trained(folder: str | os.PathLike[str]) -> TrainedClassifier:
    """Load a saved classifier, not compiled; needs no network and imports neither transformers nor torch.

    Args:
        folder: written by `TextClassifier.save`.

    Raises:
        ArtifactError: when the folder is missing, was changed or cut, or is of a newer format.
        ConfigError: when its pooling is of a class whose module was not imported.

    Example:
        >>> load_trained("models/intents").predict(["Where is my parcel?"])  # doctest: +SKIP
        array(['shipping'], dtype=object)
    """
    folder = local_path(folder, error=ArtifactError)
    recover_folder(folder)
    check_is_folder(folder)
    return read_locked(folder, lambda: _load(folder))


def _load(folder: Path) -> TrainedClassifier:
    verify_manifest(folder)
    try:
        stored = read_json_object(folder / CLASSIFIER_FILE)
    except ConfigError as error:
        raise ArtifactError(f"Saved model {str(folder)!r} cannot be read: {error}") from error
    description = check_description(stored, folder)
    metrics = read_metrics(folder)
    model = _rebuild(description, folder)
    settings = dict(description.get("settings", {}))
    tokenizer = Tokenizer.from_folder(
        folder,
        max_length=model.max_length,
        long_texts=read_long_texts(settings, folder),
        split_special_tokens=splits_special_tokens(folder),
    )
    return TrainedClassifier(
        model,
        tokenizer,
        thresholds=thresholds_of(description, model.task_outputs, folder / CLASSIFIER_FILE),
        label_kinds=description.get("label_kinds", {}),
        settings=settings,
        metrics=metrics,
        history=description.get("history", {}),
        data=description.get("data", {}),
        attachments=_attachments(description, folder),
        uncertainty=read_parts(description, _arrays(folder), model.task_outputs, repr(str(folder / CLASSIFIER_FILE))),
    )


def holds_weights_of(folder: str | os.PathLike[str], model: Classifier) -> bool:
    """Return whether a folder holds a saved classifier with exactly the weights of a model."""
    file = Path(folder) / SAFETENSORS_FILE
    try:
        verify_manifest(Path(folder))
        source = _open_weights(file)
        weights = weights_of(model)
        return set(source.names()) == set(weights) and all(
            np.array_equal(source.read(name), weight) for name, weight in weights.items()
        )
    except KerasBertError:
        return False


def _arrays(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of what was fitted beside the weights; none where the folder holds none."""
    if not (folder / ARRAYS_FILE).is_file():
        return {}
    from kerasbert.encoders.checkpoints.safetensors_source import ARRAY_TYPES

    source = _open_weights(folder / ARRAYS_FILE, types=ARRAY_TYPES)
    return {name: _finite(source, name) for name in source.names()}


def _attachments(description: Mapping[str, Any], folder: Path) -> dict[str, Attachment]:
    return {
        name: Attachment(read_attachment(folder, name), told)
        for name, told in description.get("attachments", {}).items()
    }


def _rebuild(description: Mapping[str, Any], folder: Path) -> Classifier:
    """Build the classifier of a folder with its weights; nothing is allocated before names and shapes agree."""
    file = folder / SAFETENSORS_FILE
    source = _open_weights(file)
    try:
        _check_number_of_layers(description["arguments"], len(source.names()))
        with declared_only() as variables:
            model = rebuild(description)
    except UnknownClassError as error:
        raise UnknownClassError(f"{str(folder / CLASSIFIER_FILE)!r}: {error}") from None
    except Exception as error:  # whatever a builder runs into that is given anything at all
        raise ArtifactError(
            f"{str(folder / CLASSIFIER_FILE)!r} does not describe a classifier ({type(error).__name__}: "
            f"{shorten(str(error), 400)})."
        ) from error
    shapes = {path: tuple(weight.shape) for path, weight in weights_by_path(model).items()}
    _compare(source, shapes, file)
    give_values(variables, lambda path: _finite(source, path) if path in shapes else None)
    return model


def _check_number_of_layers(arguments: Mapping[str, Any], num_tensors: int) -> None:
    """Refuse a description of a few bytes that claims more layers than can be built."""
    units = arguments.get("hidden_units") or ()
    claimed = arguments["encoder"].get("num_hidden_layers", 0), len(units)
    if max(claimed) > num_tensors:
        raise ArtifactError(f"it claims {max(claimed)} layers, and its weights are {num_tensors} arrays")


def _open_weights(file: Path, **options: Any) -> TensorSource:
    from kerasbert.encoders.checkpoints.safetensors_source import SafetensorsSource

    try:
        return SafetensorsSource(file, strip_prefix=False, **options)
    except CheckpointError as error:
        raise ArtifactError(f"Saved model {str(file.parent)!r} cannot be read: {error}") from error


def _compare(source: TensorSource, shapes: Mapping[str, tuple[int, ...]], file: Path) -> None:
    missing = sorted(set(shapes) - set(source.names()))
    extra = sorted(set(source.names()) - set(shapes))
    if missing or extra:
        raise ArtifactError(
            f"{str(file)!r} does not fit its classifier.json: missing {shorten(missing[:5], 400)}, unexpected "
            f"{shorten(extra[:5], 400)}."
        )
    for path, shape in shapes.items():
        if tuple(source.shape(path)) != shape:
            raise ArtifactError(f"{str(file)!r}: {path} must have shape {shape}; got {tuple(source.shape(path))}.")


def _finite(source: TensorSource, name: str) -> np.ndarray:
    try:
        value = source.read(name)
    except CheckpointError as error:
        raise ArtifactError(str(error)) from error
    if not np.isfinite(value).all():
        raise ArtifactError(
            f"{source.origin}: {name} holds NaN or infinity; the training that wrote it diverged, or the file was changed."
        )
    return value
