"""Build a classifier again from its description, with fresh weights."""

from collections.abc import Callable, Mapping
from typing import Any

import keras

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.classifiers.architecture import architecture_of
from kerasbert.classifiers.builders import (
    build_binary,
    build_heads,
    build_multiclass,
    build_multilabel,
    build_multitask,
)
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.given_pooling import pooling_from
from kerasbert.classifiers.hierarchical import build_hierarchical
from kerasbert.classifiers.layerwise import build_layerwise
from kerasbert.encoders.config import BertConfig
from kerasbert.encoders.trainable_parts import KEY as TRAINABLE_PARTS
from kerasbert.encoders.trainable_parts import set_trainable, set_trainable_parts, trainable_parts
from kerasbert.tasks.table import TASKS, task_from

BUILDERS: dict[str, Callable[..., Classifier]] = {
    "build_binary": build_binary,
    "build_multiclass": build_multiclass,
    "build_multilabel": build_multilabel,
    "build_multitask": build_multitask,
    "build_hierarchical": build_hierarchical,
    "build_layerwise": build_layerwise,
}


def builder_of(name: str) -> Callable[..., Classifier]:
    """Return a builder by its name; a task without a builder of its own has one that takes any shared options.

    Raises:
        KeyError: when there is no such builder.
    """
    if name in BUILDERS:
        return BUILDERS[name]
    task = TASKS[name.removeprefix("build_")]
    return lambda **given: build_heads({SINGLE_HEAD: task.of(given[task.argument])}, given)


def weights_by_path(model: Classifier) -> dict[str, keras.Variable]:
    """Return the weights that are saved: all but the states of random generators."""
    return {weight.path: weight for weight in model.weights if "seed_generator" not in weight.path}


def rebuild(description: Mapping[str, Any]) -> Classifier:
    """Build the classifier, not compiled, that a description tells, with fresh weights.

    Args:
        description: `builder` and `arguments` as `architecture_of` gives them, and perhaps `precision`, a Keras dtype policy.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: when it does not describe one.
    """
    builder = builder_of(description["builder"])
    arguments = dict(description["arguments"])
    arguments["encoder"] = BertConfig.from_dict(arguments["encoder"])
    arguments["pooling"] = pooling_from(arguments["pooling"])
    if arguments.get("window_pooling") is not None:
        arguments["window_pooling"] = pooling_from(arguments["window_pooling"])
    if "task" in arguments:
        arguments["task"] = task_from(arguments["task"])
    if "heads" in arguments:
        arguments["heads"] = {name: task_from(head) for name, head in arguments["heads"].items()}
    with precision(description.get("precision", "float32")):
        model = builder(**arguments, compile=False)
    if description.get("trainable") is False:
        set_trainable(model, False)
    set_trainable_parts(model, _trainable_parts(description))
    return model


def copy_model(model: Classifier, policy: str | None = None) -> Classifier:
    """Copy a classifier with its weights, not compiled; `policy` is another Keras dtype policy for the copy's encoder.

    Raises:
        ConfigError: when the model is quantised or tokenises itself.
    """
    kept = {"trainable": model.trainable, TRAINABLE_PARTS: trainable_parts(model)}
    copy = rebuild({**architecture_of(model), **kept, "precision": policy or model.encoder.dtype_policy.name})
    values = weights_by_path(model)
    for path, weight in weights_by_path(copy).items():
        weight.assign(values[path])
    return copy


def _trainable_parts(description: Mapping[str, Any]) -> Mapping[str, bool]:
    parts = description.get(TRAINABLE_PARTS, {})
    if not isinstance(parts, Mapping) or not all(isinstance(flag, bool) for flag in parts.values()):
        raise ValueError(f"`{TRAINABLE_PARTS}` must say true or false of each part; got {shorten(parts)}")
    return parts


class precision:  # noqa: N801 - reads as a keyword: with precision("mixed_bfloat16")
    """Context: layers made inside use this Keras dtype policy, such as `"mixed_bfloat16"`.

    Raises:
        ConfigError: when Keras knows no such policy, or its weights would overflow.
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
