"""A classifier in a folder of transformers whose head transformers does not have: written by an export, read back here.

`config.json` is the config of a model type of our own. Under `encoder` it holds the encoder's config, under `weights` the
shapes of the head's tensors, which PyTorch code builds, and under `kerasbert` what `classifier.json` holds of a saved
classifier. `model.safetensors` holds the encoder's tensors under their family's prefix and the head's under `weights.`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, CheckpointError
from kerasbert._core.files import checked_member
from kerasbert._core.json_files import read_json_object
from kerasbert._core.names import CONFIG_FILE
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.given_pooling import UnknownClassError
from kerasbert.classifiers.pretrained_config import OWN_KEY, own_values, training_data_of
from kerasbert.encoders.checkpoints import TensorSource, load_weights, open_checkpoint
from kerasbert.encoders.checkpoints.filling import compare, wants_pooler
from kerasbert.encoders.config import OWN_MODEL_TYPE, BertConfig
from kerasbert.encoders.trainable_parts import KEY as TRAINABLE_PARTS
from kerasbert.encoders.weight_table import weight_table
from kerasbert.saving.format import upgrade
from kerasbert.saving.inspection import thresholds_of
from kerasbert.saving.rebuild import rebuild, weights_by_path
from kerasbert.saving.trained_classifier import TrainedClassifier, reading_of
from kerasbert.saving.writing import describe
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.uncertainty.table import KEY as UNCERTAINTY

HEAD_PREFIX = "weights."
# Long and of no use to who predicts; an exported model trains as a whole; and what was fitted beside its weights would be
# untrue once another program has trained it on.
LEFT_OUT = ("history", "trainable", TRAINABLE_PARTS, UNCERTAINTY)
# Arguments of builders that are dicts whose order counts.
ORDERED = ("heads", "subclasses")


def head_weights(model: Classifier) -> dict[str, keras.Variable]:
    """Return the weights of a classifier that are not its encoder's, by their path."""
    encoder = f"{model.encoder.name}/"
    return {path: weight for path, weight in weights_by_path(model).items() if not path.startswith(encoder)}


def describe_exported(trained: TrainedClassifier) -> dict[str, Any]:
    """Describe as plain data for `config.json` what `read_exported` needs beside the weights."""
    description = {name: value for name, value in describe(trained).items() if name not in LEFT_OUT}
    arguments = description["arguments"]
    # transformers sorts the keys of a config that it writes, and the order of heads and labels must not change.
    ordered = {name: as_pairs(arguments[name]) for name in ORDERED if name in arguments}
    return {
        **description,
        "arguments": {**arguments, **ordered},
        "labels": {name: list(head.label_names) for name, head in trained.model.heads.items()},
        "settings": {name: value for name, value in description["settings"].items() if name != "encoder"},
        "metrics": reading_of(trained.metrics),
    }


def as_pairs(tree: Any) -> Any:
    """Convert a tree of dicts to lists of pairs, which keep their order wherever they are written.

    Example:
        >>> as_pairs({"b": {"y": 1}, "a": ["x"]})
        [['b', [['y', 1]]], ['a', ['x']]]
    """
    return [[key, as_pairs(value)] for key, value in tree.items()] if isinstance(tree, Mapping) else tree


def from_pairs(pairs: Any) -> Any:
    """Convert what `as_pairs` made back to a tree.

    Example:
        >>> from_pairs([["b", [["y", ["z"]]]], ["a", ["x"]]])
        {'b': {'y': ['z']}, 'a': ['x']}
    """
    if not isinstance(pairs, list) or not pairs or not all(isinstance(one, list) and len(one) == 2 for one in pairs):
        return pairs
    return {key: from_pairs(value) for key, value in pairs}


def is_exported(folder: Path) -> bool:
    """Return whether a folder of transformers holds a head of our own."""
    return read_json_object(checked_member(folder, CONFIG_FILE)).get("model_type") == OWN_MODEL_TYPE


def read_exported(folder: Path, tokenizer: Tokenizer, encoder: str) -> TrainedClassifier:
    """Read a classifier, not compiled, back from the folder that its export wrote.

    Args:
        folder: with a `config.json` for which `is_exported` holds.
        tokenizer: its tokenizer, whose `max_length` may be below that of the model.
        encoder: name or folder to note as the classifier's encoder.

    Raises:
        ArtifactError: when the config does not describe a classifier.
        CheckpointError: when tensors are missing, of another shape, or not finite.
    """
    values = read_json_object(checked_member(folder, CONFIG_FILE))
    description, source = upgrade(own_values(values)), open_checkpoint(folder)
    model = _rebuild(folder, description, source, tokenizer)
    _check_labels(folder, values, model)
    load_weights(model.encoder, source)
    _fill_head(model, source)
    sizes = {name: len(head.label_names) for name, head in model.heads.items()}
    own = {"encoder": encoder, "max_length": tokenizer.max_length, "warm_start": True}
    return TrainedClassifier(
        model,
        tokenizer,
        thresholds=thresholds_of(description, model.task_outputs, folder / CONFIG_FILE),
        label_kinds=_mapping(description.get("label_kinds")),
        settings={**_mapping(description.get("settings")), **own},
        metrics=_mapping(description.get("metrics")),
        data=training_data_of(description.get("data"), sizes),
    )


def _mapping(value: Any) -> dict[str, Any]:
    """Return a value that another program may have changed, if it is an object; else an empty one."""
    return dict(value) if isinstance(value, Mapping) else {}


def _rebuild(folder: Path, description: Mapping[str, Any], source: TensorSource, tokenizer: Tokenizer) -> Classifier:
    try:
        stored = description["arguments"]
        ordered = {name: from_pairs(stored[name]) for name in ORDERED if name in stored}
        arguments = {**stored, **ordered, "max_length": tokenizer.max_length}
        _check_sizes(source, arguments)
        compare(source, weight_table(BertConfig.from_dict(arguments["encoder"]), wants_pooler(source, None)))
        return rebuild({**description, "arguments": arguments})
    except (CheckpointError, UnknownClassError):
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ArtifactError(
            f"{str(folder / CONFIG_FILE)!r} does not describe a classifier under `{OWN_KEY}` ({type(error).__name__}: "
            f"{shorten(str(error))}); export it again."
        ) from error


def _check_labels(folder: Path, values: Mapping[str, Any], model: Classifier) -> None:
    """Refuse labels that stand in another order, or under another name, elsewhere in the same file."""
    labels = {name: list(head.label_names) for name, head in model.heads.items()}
    shown = values.get("id2label")
    numbered = {str(index): name for index, name in enumerate(next(iter(labels.values())))}
    agrees = not isinstance(shown, Mapping) or len(labels) > 1 or {str(k): v for k, v in shown.items()} == numbered
    if own_values(values).get("labels") != labels or not agrees:
        raise ArtifactError(
            f"{str(folder / CONFIG_FILE)!r} gives its labels two orders or names; `id2label`, `labels` and `arguments` under "
            f"`{OWN_KEY}` must agree. Change all of them, or export again."
        )


def _check_sizes(source: TensorSource, arguments: Mapping[str, Any]) -> None:
    """Refuse a hidden layer that no tensor has, before it is built."""
    stored = {size for name in source.names() if name.startswith(HEAD_PREFIX) for size in source.shape(name)}
    lost = [units for units in arguments.get("hidden_units", ()) if units not in stored]
    if lost:
        raise CheckpointError(f"{source.origin}: no tensor of the head has the {shorten(lost[0])} units of its config.")


def _fill_head(model: Classifier, source: TensorSource) -> None:
    wanted = {HEAD_PREFIX + path: weight for path, weight in head_weights(model).items()}
    present = {name for name in source.names() if name.startswith(HEAD_PREFIX)}
    if set(wanted) != present:
        missing, extra = sorted(set(wanted) - present)[:5], sorted(present - set(wanted))[:5]
        raise CheckpointError(f"{source.origin} does not fit its {CONFIG_FILE}: missing {missing}, unexpected {extra}.")
    for name, variable in wanted.items():
        if tuple(source.shape(name)) != tuple(variable.shape):
            raise CheckpointError(
                f"{source.origin}: {name} must have shape {tuple(variable.shape)}; got {tuple(source.shape(name))}."
            )
        value = source.read(name)
        if not np.isfinite(value).all():
            raise CheckpointError(
                f"{source.origin}: {name} holds NaN or infinity; the training that wrote it diverged."
            )
        variable.assign(value)
