"""A saved classifier: a folder of plain data that is rebuilt by its builder, never by deserialising code.

classifier.json      builder and arguments, thresholds, settings, history, counts of the training data
uncertainty.safetensors  arrays of what was fitted beside the weights, where there are some
settings.toml        the settings, as `kerasbert train --config` reads them
model.safetensors    every weight, by its path in the model
tokenizer.json ...   the tokenizer
metrics.json         what was measured
README.md            the model card
engine/              the classifier in the form of an inference engine, where it was compiled for one
reference.safetensors and other attachments, which rooms to the right read
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

from kerasbert._core.errors import ArtifactError
from kerasbert._core.files import atomic_dir_write, write_tensors
from kerasbert._core.names import SAFETENSORS_FILE
from kerasbert._version import __version__
from kerasbert.classifiers.architecture import architecture_of
from kerasbert.classifiers.classifier import Classifier
from kerasbert.encoders.trainable_parts import KEY as TRAINABLE_PARTS
from kerasbert.encoders.trainable_parts import trainable_parts
from kerasbert.saving.card import CARD_FILE, model_card
from kerasbert.saving.format import CLASSIFIER_FILE, FORMAT_VERSION, METRICS_FILE, VERSION_KEY
from kerasbert.saving.parts import ClassifierParts
from kerasbert.saving.rebuild import weights_by_path
from kerasbert.saving.settings_file import SETTINGS_FILE, settings_text
from kerasbert.uncertainty.table import ARRAYS_FILE, arrays_of_parts, describe_parts

# Settings that the model itself tells.
OF_MODEL = ("heads", "label_names", "subclasses")


def save_trained(trained: ClassifierParts, folder: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write a classifier as a folder, beside its place and renamed when whole; see `TrainedClassifier.save`."""
    weights = weights_of(trained.model)
    broken = [name for name, value in weights.items() if not np.isfinite(value).all()]
    if broken:
        raise ArtifactError(
            f"The classifier holds NaN or infinity in {len(broken)} weights, such as {broken[0]!r}, and is not saved: its "
            f"training diverged. Train it again at a lower learning rate."
        )
    card = model_card(trained)
    with atomic_dir_write(folder, kind="classifier", overwrite=overwrite) as beside:
        write_json(beside / CLASSIFIER_FILE, describe(trained))
        write_json(beside / METRICS_FILE, trained.metrics)
        write_tensors(beside / SAFETENSORS_FILE, weights)
        if arrays := arrays_of_parts(trained.uncertainty):
            write_tensors(beside / ARRAYS_FILE, arrays)
        trained.tokenizer.save(beside)
        settings = settings_text(trained.settings, trained.metrics.get("reading", {}))
        (beside / SETTINGS_FILE).write_text(settings, encoding="utf-8")
        (beside / CARD_FILE).write_text(card, encoding="utf-8")
        if trained.engine is not None:
            trained.engine.write(beside)
        for name, attachment in trained.attachments.items():
            with (beside / name).open("xb") as stream:
                stream.write(attachment.content)


def describe(trained: ClassifierParts) -> dict[str, Any]:
    """Describe a classifier without its weights and its tokenizer, as plain data for `classifier.json`."""
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
        **({"attachments": told} if (told := {name: one.told for name, one in trained.attachments.items()}) else {}),
        **describe_parts(trained.uncertainty),
    }


def weights_of(model: Classifier) -> dict[str, np.ndarray]:
    """Return the weights as arrays, by path."""
    return {path: keras.ops.convert_to_numpy(weight) for path, weight in weights_by_path(model).items()}


def write_json(file: Path, value: Mapping[str, Any]) -> None:
    """Write plain data as readable JSON, with null for NaN and infinity, which JSON does not have."""
    text = json.dumps(_without_nan(value), indent=2, ensure_ascii=False, allow_nan=False)
    file.write_text(text + "\n", encoding="utf-8")


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
