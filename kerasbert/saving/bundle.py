"""A saved classifier: a folder of plain data that is rebuilt by its builder, never by deserialising code.

classifier.json      builder and arguments, thresholds, training settings
model.safetensors    every weight, by its path in the model
tokenizer.json ...   the tokenizer
settings.toml        the settings, as `kerasbert train --config` reads them
metrics.json         what was measured
README.md            the model card
manifest.json        size and SHA-256 of each file
"""

import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, CheckpointError, ConfigError, KerasBertError
from kerasbert._core.files import atomic_dir_write, verify_manifest, write_tensors
from kerasbert._core.json_files import check_form, is_empty, is_number, is_share, read_json_object
from kerasbert._core.locks import read_locked
from kerasbert._core.names import SAFETENSORS_FILE
from kerasbert._core.paths import local_path
from kerasbert._core.staging import recover_folder
from kerasbert._version import __version__
from kerasbert.classifiers.architecture import architecture_of
from kerasbert.classifiers.builders import build_binary, build_multiclass, build_multilabel, build_multitask
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.declared import declared_only, give_values
from kerasbert.classifiers.hierarchical import build_hierarchical
from kerasbert.classifiers.layerwise import build_layerwise
from kerasbert.classifiers.pooling import pooling_from
from kerasbert.classifiers.pretrained_config import DATA_FORM
from kerasbert.encoders.config import BertConfig
from kerasbert.encoders.trainable_parts import KEY as TRAINABLE_PARTS
from kerasbert.encoders.trainable_parts import set_trainable, set_trainable_parts, trainable_parts
from kerasbert.saving.settings_file import SETTINGS_FILE, settings_text
from kerasbert.tasks.head_tasks import Binary, HeadTask, Multiclass, Multilabel
from kerasbert.tokenization.long_texts import LongTexts, long_texts_of
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_settings import splits_special_tokens

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


DESCRIPTION_FORM = {
    "format_version": int,
    "builder": str,
    "arguments": {"encoder": dict, "hidden_units?": (list, None)},
    "precision?": str,
    "thresholds?": {...: [is_share]},
    "settings?": {
        "history?": {...: [(is_number, None)]},
        "label_kinds?": {...: str},
        "data?": (DATA_FORM, is_empty),
        "encoder?": str,
    },
}
METRICS_FORM = {
    "reading?": {
        "columns?": [str],
        "text?": str,
        "text_pair?": (str, None),
        "label_delimiter?": (str, None),
        "heads?": ({...: str}, None),
    },
}


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
    tokens: Tokenizer
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
        ArtifactError: when the folder cannot be written or a weight is no number; nothing is changed then.
    """
    weights = _weights(bundle.model)
    broken = [name for name, value in weights.items() if not np.isfinite(value).all()]
    if broken:
        raise ArtifactError(
            f"The classifier holds NaN or infinity in {len(broken)} weights, such as {broken[0]!r}, and is not saved: its "
            f"training diverged. Train it again at a lower learning rate."
        )
    description = {
        "format_version": FORMAT_VERSION,
        "kerasbert_version": __version__,
        **architecture_of(bundle.model),
        "trainable": bundle.model.trainable,
        TRAINABLE_PARTS: trainable_parts(bundle.model),
        "precision": bundle.model.encoder.dtype_policy.name,
        "thresholds": {head: [float(value) for value in values] for head, values in bundle.thresholds.items()},
        "settings": bundle.settings,
    }
    with atomic_dir_write(folder, kind="classifier", overwrite=overwrite) as beside:
        _write_json(beside / CLASSIFIER_FILE, description)
        _write_json(beside / METRICS_FILE, bundle.metrics)
        write_tensors(beside / SAFETENSORS_FILE, weights)
        bundle.tokens.save(beside)
        text = settings_text(bundle.settings, bundle.metrics.get("reading", {}))
        (beside / SETTINGS_FILE).write_text(text, encoding="utf-8")
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
    folder = local_path(folder, error=ArtifactError)
    recover_folder(folder)
    if not folder.is_dir():
        raise ArtifactError(
            f"Saved model {str(folder)!r} is not a folder; give the folder that `save` or `train` wrote."
        )
    return read_locked(folder, lambda: _load(folder))


def _load(folder: Path) -> Bundle:
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
    check_description(description, folder)
    check_form(metrics, METRICS_FORM, repr(str(folder / METRICS_FILE)))
    model = _rebuild(description, folder)
    settings = dict(description.get("settings", {}))
    tokens = Tokenizer.from_folder(
        folder,
        max_length=model.max_length,
        long_texts=_long_texts(settings, folder),
        split_special_tokens=splits_special_tokens(folder),
    )
    return Bundle(model, tokens, thresholds_of(description, model, folder / CLASSIFIER_FILE), settings, metrics)


def check_description(description: Mapping[str, Any], folder: Path) -> None:
    """Refuse a description of another form.

    Args:
        description: the content of `classifier.json`.
        folder: that it is of, for the message.

    Raises:
        ArtifactError: when it is.
    """
    try:
        check_form(description, DESCRIPTION_FORM, "it")
    except ArtifactError as error:
        raise ArtifactError(f"{str(folder / CLASSIFIER_FILE)!r} does not describe a classifier: {error}") from error


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


def rebuild(description: Mapping[str, Any]) -> Classifier:
    """Build the classifier that a description tells, with fresh weights.

    Args:
        description: `builder` and `arguments` as `architecture_of` gives them, and perhaps `precision`, a Keras dtype policy.

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


def _open_weights(file: Path) -> Any:
    from kerasbert.encoders.checkpoints.safetensors_source import SafetensorsSource

    try:
        return SafetensorsSource(file, strip_prefix=False)
    except CheckpointError as error:
        raise ArtifactError(f"Saved model {str(file.parent)!r} cannot be read: {error}") from error


def _compare(source: Any, shapes: Mapping[str, tuple[int, ...]], file: Path) -> None:
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


def _finite(source: Any, name: str) -> np.ndarray:
    try:
        value = source.read(name)
    except CheckpointError as error:
        raise ArtifactError(str(error)) from error
    if not np.isfinite(value).all():
        raise ArtifactError(
            f"{source.origin}: {name} holds NaN or infinity; the training that wrote it diverged, or the file was changed."
        )
    return value


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
        units = head.head_task.units
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
