"""A saved classifier: a folder of plain data that is rebuilt by its builder, never by deserialising code.

classifier.json      builder and arguments, thresholds, training settings
model.safetensors    every weight, by its path in the model
tokenizer.json ...   the tokenizer
metrics.json         what was measured
README.md            the model card
manifest.json        size and SHA-256 of each file
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasbert._core.checks import check_number, shorten
from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert._core.files import atomic_dir_write, verify_manifest, write_tensors
from kerasbert._core.names import SAFETENSORS_FILE
from kerasbert._core.strict_json import read_json_object
from kerasbert._version import __version__
from kerasbert.classifiers.builders import build_binary, build_multiclass, build_multilabel, build_multitask
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.hierarchical import build_hierarchical
from kerasbert.classifiers.layerwise import build_layerwise
from kerasbert.classifiers.pooling import pooling_from
from kerasbert.classifiers.recipe import recipe_of
from kerasbert.data.tokens import TextEncoder
from kerasbert.data.windows import LongTexts, long_texts_of
from kerasbert.encoders.config import BertConfig
from kerasbert.encoders.trainable_parts import KEY as TRAINABLE_PARTS
from kerasbert.encoders.trainable_parts import set_trainable, set_trainable_parts, trainable_parts
from kerasbert.objectives.tasks import Binary, HeadTask, Multiclass, Multilabel

FORMAT_VERSION = 1
CLASSIFIER_FILE = "classifier.json"
METRICS_FILE = "metrics.json"
BUILDERS: dict[str, Callable[..., Classifier]] = {
    "build_binary": build_binary,
    "build_multiclass": build_multiclass,
    "build_multilabel": build_multilabel,
    "build_multitask": build_multitask,
    "build_hierarchical": build_hierarchical,
    "build_layerwise": build_layerwise,
}
HEAD_TASKS: dict[str, Callable[..., HeadTask]] = {"binary": Binary, "multiclass": Multiclass, "multilabel": Multilabel}


class Bundle(NamedTuple):
    """What a saved folder holds.

    Args:
        model: the classifier.
        tokens: its tokenizer.
        thresholds: head name -> decision thresholds (C,).
        settings: how it was trained, plain data.
        metrics: what was measured, plain data.
    """

    model: Classifier
    tokens: TextEncoder
    thresholds: dict[str, np.ndarray]
    settings: dict[str, Any]
    metrics: dict[str, Any]


def save_bundle(
    bundle: Bundle, folder: str | os.PathLike[str], *, overwrite: bool = False, card: str | None = None
) -> None:
    """Write a classifier as a folder, beside its place and renamed when whole.

    Args:
        bundle: what to write.
        folder: the folder to appear.
        overwrite: whether an existing saved classifier may be replaced.
        card: text of the folder's `README.md`; None writes none.

    Raises:
        ArtifactError: when the folder cannot be written; nothing is changed then.
    """
    description = {
        "format_version": FORMAT_VERSION,
        "kerasbert_version": __version__,
        **recipe_of(bundle.model),
        "trainable": bundle.model.trainable,
        TRAINABLE_PARTS: trainable_parts(bundle.model),
        "precision": bundle.model.encoder.dtype_policy.name,
        "thresholds": {head: [float(value) for value in values] for head, values in bundle.thresholds.items()},
        "settings": bundle.settings,
    }
    with atomic_dir_write(folder, overwrite=overwrite) as beside:
        _write_json(beside / CLASSIFIER_FILE, description)
        _write_json(beside / METRICS_FILE, bundle.metrics)
        write_tensors(beside / SAFETENSORS_FILE, _weights(bundle.model))
        bundle.tokens.save(beside)
        if card is not None:
            (beside / "README.md").write_text(card, encoding="utf-8")


def load_bundle(folder: str | os.PathLike[str]) -> Bundle:
    """Read a saved classifier; needs no network and imports neither transformers nor torch.

    Args:
        folder: written by `save_bundle`.

    Returns:
        Its parts; the model is not compiled.

    Raises:
        ArtifactError: when the folder is missing, was changed or cut, or is of a newer format.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ArtifactError(
            f"Saved model {str(folder)!r} is not a folder; give the folder that `save` or `train` wrote."
        )
    verify_manifest(folder)
    try:
        description = read_json_object(folder / CLASSIFIER_FILE)
        metrics = read_json_object(folder / METRICS_FILE)
    except ConfigError as error:
        raise ArtifactError(f"Saved model {str(folder)!r} cannot be read: {error}") from error
    if description.get("format_version") != FORMAT_VERSION:
        raise ArtifactError(
            f"{str(folder / CLASSIFIER_FILE)!r} has format_version {shorten(description.get('format_version'))}; this "
            f"kerasbert {__version__} reads {FORMAT_VERSION}. Install the kerasbert that wrote it."
        )
    model = _rebuild(description, folder)
    _load_weights(model, folder / SAFETENSORS_FILE)
    settings = dict(description.get("settings", {}))
    tokens = TextEncoder.from_folder(folder, max_length=model.max_length, long_texts=_long_texts(settings, folder))
    return Bundle(model, tokens, _thresholds(description, model), settings, metrics)


def _long_texts(settings: Mapping[str, Any], folder: Path) -> LongTexts:
    try:
        return long_texts_of(settings)
    except (ConfigError, TypeError) as error:
        raise ArtifactError(f"{str(folder / CLASSIFIER_FILE)!r} cannot be read: {error}") from error


def rebuild(description: Mapping[str, Any]) -> Classifier:
    """Build the classifier that a description tells, with fresh weights.

    Args:
        description: `builder` and `arguments` as `recipe_of` gives them, and perhaps `precision`, a Keras dtype policy.

    Returns:
        The classifier, not compiled.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: when it does not describe one.
    """
    builder = BUILDERS[description["builder"]]
    arguments = dict(description["arguments"])
    arguments["encoder"] = BertConfig.from_dict(arguments["encoder"])
    arguments["pooling"] = pooling_from(arguments["pooling"])
    if arguments.get("window_pooling") is not None:
        arguments["window_pooling"] = pooling_from(arguments["window_pooling"])
    if "task" in arguments:
        arguments["task"] = HEAD_TASKS[arguments["task"]["task"]](arguments["task"]["label_names"])
    if "heads" in arguments:
        arguments["heads"] = {
            name: HEAD_TASKS[head["task"]](head["label_names"]) for name, head in arguments["heads"].items()
        }
    with precision(description.get("precision", "float32")):
        model = builder(**arguments, compile=False)
    if description.get("trainable") is False:
        set_trainable(model, False)
    set_trainable_parts(model, _trainable_parts(description))
    return model


def _trainable_parts(description: Mapping[str, Any]) -> Mapping[str, bool]:
    parts = description.get(TRAINABLE_PARTS, {})
    if not isinstance(parts, Mapping) or not all(isinstance(flag, bool) for flag in parts.values()):
        raise ValueError(f"`{TRAINABLE_PARTS}` must say true or false of each part; got {shorten(parts)}")
    return parts


def _rebuild(description: Mapping[str, Any], folder: Path) -> Classifier:
    try:
        return rebuild(description)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(
            f"{str(folder / CLASSIFIER_FILE)!r} does not describe a classifier ({type(error).__name__}: {error})."
        ) from error


class precision:  # noqa: N801 - reads as a keyword: with precision("mixed_bfloat16")
    """Context: layers made inside use this Keras dtype policy.

    Args:
        name: `"float32"`, `"mixed_bfloat16"`, `"mixed_float16"` or another policy that Keras knows.

    Raises:
        ConfigError: when Keras knows no such policy.
    """

    def __init__(self, name: str) -> None:
        if name == "float16":
            raise ConfigError("`precision` must not be 'float16', whose weights overflow; use 'mixed_float16'.")
        try:
            self.policy = keras.dtype_policies.get(name)
        except (ValueError, TypeError) as error:
            raise ConfigError(
                f"`precision` must be 'float32', 'mixed_bfloat16' or 'mixed_float16'; got {shorten(name)}."
            ) from error

    def __enter__(self) -> None:
        self.before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.policy)

    def __exit__(self, *error: object) -> None:
        keras.config.set_dtype_policy(self.before)


def _weights(model: Classifier) -> dict[str, np.ndarray]:
    weights = [weight for weight in model.weights if "seed_generator" not in weight.path]
    return {weight.path: keras.ops.convert_to_numpy(weight) for weight in weights}


def _load_weights(model: Classifier, file: Path) -> None:
    from kerasbert.encoders.checkpoints.safetensors_source import SafetensorsSource

    source = SafetensorsSource(file, strip_prefix=False)
    variables = {weight.path: weight for weight in model.weights if "seed_generator" not in weight.path}
    missing = sorted(set(variables) - set(source.names()))
    extra = sorted(set(source.names()) - set(variables))
    if missing or extra:
        raise ArtifactError(
            f"{str(file)!r} does not fit its classifier.json: missing {missing[:5]}, unexpected {extra[:5]}."
        )
    for path, variable in variables.items():
        if tuple(source.shape(path)) != tuple(variable.shape):
            raise ArtifactError(
                f"{str(file)!r}: {path} must have shape {tuple(variable.shape)}; got {tuple(source.shape(path))}."
            )
        variable.assign(source.read(path))


def _thresholds(description: Mapping[str, Any], model: Classifier) -> dict[str, np.ndarray]:
    stored = description.get("thresholds", {})
    thresholds = {}
    for name, head in model.heads.items():
        values = stored.get(name, [0.5] * head.head_task.units)
        if not isinstance(values, list) or len(values) != head.head_task.units:
            raise ArtifactError(f"classifier.json: thresholds of {name!r} must be {head.head_task.units} numbers.")
        thresholds[name] = np.array([check_number("thresholds", value, 0, 1) for value in values])
    return thresholds


def _write_json(file: Path, value: Mapping[str, Any]) -> None:
    file.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
