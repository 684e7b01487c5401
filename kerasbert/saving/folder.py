"""A saved classifier: a folder of plain data that is rebuilt by its builder, never by deserialising code.

classifier.json      builder and arguments, thresholds, settings, history, counts of the training data
settings.toml        the settings, as `kerasbert train --config` reads them
model.safetensors    every weight, by its path in the model
tokenizer.json ...   the tokenizer
metrics.json         what was measured
README.md            the model card
manifest.json        size and SHA-256 of each file
"""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, CheckpointError, ConfigError, KerasBertError
from kerasbert._core.files import atomic_dir_write, verify_manifest, write_tensors
from kerasbert._core.json_files import check_form, is_share, read_json_object
from kerasbert._core.locks import read_locked
from kerasbert._core.names import SAFETENSORS_FILE
from kerasbert._core.paths import local_path
from kerasbert._core.staging import recover_folder
from kerasbert._version import __version__
from kerasbert.classifiers.architecture import architecture_of
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.declared import declared_only, give_values
from kerasbert.encoders.checkpoints import TensorSource
from kerasbert.encoders.trainable_parts import KEY as TRAINABLE_PARTS
from kerasbert.encoders.trainable_parts import trainable_parts
from kerasbert.saving.card import CARD_FILE, model_card
from kerasbert.saving.format import (
    CLASSIFIER_FILE,
    FORMAT_VERSION,
    METRICS_FILE,
    METRICS_FORM,
    VERSION_KEY,
    check_description,
)
from kerasbert.saving.rebuild import rebuild
from kerasbert.saving.settings_file import SETTINGS_FILE, settings_text
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.tokenization.long_texts import LongTexts, long_texts_of
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_settings import splits_special_tokens

# Settings that the model itself tells.
OF_MODEL = ("heads", "label_names", "subclasses")


def save_trained(trained: TrainedClassifier, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write a classifier as a folder, beside its place and renamed when whole.

    Args:
        trained: the classifier.
        folder: the folder to appear.
        overwrite: whether an existing saved classifier may be replaced.

    Raises:
        ArtifactError: when the folder cannot be written or a weight is no number; nothing is changed then.
    """
    weights = _weights(trained.model)
    broken = [name for name, value in weights.items() if not np.isfinite(value).all()]
    if broken:
        raise ArtifactError(
            f"The classifier holds NaN or infinity in {len(broken)} weights, such as {broken[0]!r}, and is not saved: its "
            f"training diverged. Train it again at a lower learning rate."
        )
    card = model_card(trained)
    with atomic_dir_write(folder, kind="classifier", overwrite=overwrite) as beside:
        _write_json(beside / CLASSIFIER_FILE, describe(trained))
        _write_json(beside / METRICS_FILE, trained.metrics)
        write_tensors(beside / SAFETENSORS_FILE, weights)
        trained.tokenizer.save(beside)
        settings = settings_text(trained.settings, trained.metrics.get("reading", {}))
        (beside / SETTINGS_FILE).write_text(settings, encoding="utf-8")
        (beside / CARD_FILE).write_text(card, encoding="utf-8")


def describe(trained: TrainedClassifier) -> dict[str, Any]:
    """A classifier without its weights and its tokenizer, as plain data for `classifier.json`.

    Args:
        trained: the classifier.
    """
    model = trained.model
    return {
        VERSION_KEY: FORMAT_VERSION,
        "kerasbert_version": __version__,
        **architecture_of(model),
        "trainable": model.trainable,
        TRAINABLE_PARTS: trainable_parts(model),
        "precision": model.encoder.dtype_policy.name,
        "thresholds": {head: [float(value) for value in values] for head, values in trained.thresholds.items()},
        "label_kinds": trained.label_kinds,
        "settings": {name: value for name, value in trained.settings.items() if name not in OF_MODEL},
        "history": trained.history,
        "data": trained.data,
    }


def load_trained(folder: str | os.PathLike[str]) -> TrainedClassifier:
    """Read a saved classifier; needs no network and imports neither transformers nor torch.

    Args:
        folder: written by `save_trained`.

    Returns:
        The classifier; its model is not compiled.

    Raises:
        ArtifactError: when the folder is missing, was changed or cut, or is of a newer format.

    Example:
        >>> load_trained("models/intents").predict(["Where is my parcel?"])  # doctest: +SKIP
        array(['shipping'], dtype=object)
    """
    folder = local_path(folder, error=ArtifactError)
    recover_folder(folder)
    if not folder.is_dir():
        raise ArtifactError(
            f"Saved model {str(folder)!r} is not a folder; give the folder that `save` or `train` wrote."
        )
    return read_locked(folder, lambda: _load(folder))


def _load(folder: Path) -> TrainedClassifier:
    verify_manifest(folder)
    try:
        stored = read_json_object(folder / CLASSIFIER_FILE)
        metrics = read_json_object(folder / METRICS_FILE)
    except ConfigError as error:
        raise ArtifactError(f"Saved model {str(folder)!r} cannot be read: {error}") from error
    description = check_description(stored, folder)
    check_form(metrics, METRICS_FORM, repr(str(folder / METRICS_FILE)))
    model = _rebuild(description, folder)
    settings = dict(description.get("settings", {}))
    tokenizer = Tokenizer.from_folder(
        folder,
        max_length=model.max_length,
        long_texts=_long_texts(settings, folder),
        split_special_tokens=splits_special_tokens(folder),
    )
    return TrainedClassifier(
        model,
        tokenizer,
        thresholds=thresholds_of(description, model, folder / CLASSIFIER_FILE),
        label_kinds=description.get("label_kinds", {}),
        settings=settings,
        metrics=metrics,
        history=description.get("history", {}),
        data=description.get("data", {}),
    )


def holds_weights_of(folder: str | os.PathLike[str], model: Classifier) -> bool:
    """Whether a folder holds a saved classifier with exactly the weights of a model.

    Args:
        folder: any folder.
        model: from a builder.
    """
    file = Path(folder) / SAFETENSORS_FILE
    try:
        verify_manifest(Path(folder))
        source = _open_weights(file)
        weights = _weights(model)
        return set(source.names()) == set(weights) and all(
            np.array_equal(source.read(name), weight) for name, weight in weights.items()
        )
    except KerasBertError:
        return False


def _long_texts(settings: Mapping[str, Any], folder: Path) -> LongTexts:
    try:
        return long_texts_of(settings)
    except (ConfigError, TypeError) as error:
        raise ArtifactError(f"{str(folder / CLASSIFIER_FILE)!r} cannot be read: {error}") from error


def _rebuild(description: Mapping[str, Any], folder: Path) -> Classifier:
    """Build the classifier of a folder with its weights; nothing is allocated before names and shapes agree."""
    file = folder / SAFETENSORS_FILE
    source = _open_weights(file)
    try:
        _check_number_of_layers(description["arguments"], len(source.names()))
        with declared_only() as variables:
            model = rebuild(description)
    except Exception as error:  # whatever a builder runs into that is given anything at all
        raise ArtifactError(
            f"{str(folder / CLASSIFIER_FILE)!r} does not describe a classifier ({type(error).__name__}: "
            f"{shorten(str(error), 400)})."
        ) from error
    shapes = {weight.path: tuple(weight.shape) for weight in model.weights if "seed_generator" not in weight.path}
    _compare(source, shapes, file)
    give_values(variables, lambda path: _finite(source, path) if path in shapes else None)
    return model


def _check_number_of_layers(arguments: Mapping[str, Any], num_tensors: int) -> None:
    """A description of a few bytes may claim more layers than can be built."""
    units = arguments.get("hidden_units") or ()
    claimed = arguments["encoder"].get("num_hidden_layers", 0), len(units)
    if max(claimed) > num_tensors:
        raise ArtifactError(f"it claims {max(claimed)} layers, and its weights are {num_tensors} arrays")


def _open_weights(file: Path) -> TensorSource:
    from kerasbert.encoders.checkpoints.safetensors_source import SafetensorsSource

    try:
        return SafetensorsSource(file, strip_prefix=False)
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


def _weights(model: Classifier) -> dict[str, np.ndarray]:
    weights = [weight for weight in model.weights if "seed_generator" not in weight.path]
    return {weight.path: keras.ops.convert_to_numpy(weight) for weight in weights}


def thresholds_of(description: Mapping[str, Any], model: Classifier, file: Path) -> dict[str, np.ndarray]:
    """The decision thresholds that a description keeps; 0.5 for a head of which it says nothing.

    Args:
        description: of the classifier.
        model: its model.
        file: that holds the description, for messages.

    Returns:
        Head name -> thresholds (C,).

    Raises:
        ArtifactError: when they are not one number from 0 to 1 for each unit.
    """
    stored = description.get("thresholds", {})
    thresholds = {}
    for name, head in model.heads.items():
        units = head.task.units
        values = stored.get(name, [0.5] * units) if isinstance(stored, Mapping) else None
        if not isinstance(values, list) or len(values) != units or not all(map(is_share, values)):
            raise ArtifactError(
                f"{str(file)!r}: thresholds of {name!r} must be {units} numbers from 0 to 1; got {shorten(values)}."
            )
        thresholds[name] = np.array(values, dtype=float)
    return thresholds


def _write_json(file: Path, value: Mapping[str, Any]) -> None:
    text = json.dumps(_without_nan(value), indent=2, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def _without_nan(value: Any) -> Any:
    """Replace NaN and infinity by null, since JSON has no such numbers."""
    if isinstance(value, Mapping):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
