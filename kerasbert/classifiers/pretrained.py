"""A classifier that was fine-tuned with Hugging Face's transformers, read from its folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_choice, shorten
from kerasbert._core.errors import CheckpointError, ConfigError
from kerasbert._core.files import checked_member
from kerasbert._core.names import CONFIG_FILE
from kerasbert._core.strict_json import read_json_object
from kerasbert.classifiers.builders import build_binary, build_multiclass, build_multilabel
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.standard_heads import STANDARD_HEADS, StandardHead
from kerasbert.encoders.checkpoints import TensorSource, open_checkpoint, read_config
from kerasbert.encoders.config import BertConfig
from kerasbert.encoders.source import folder_source
from kerasbert.objectives.tasks import Binary, HeadTask, Multiclass, Multilabel

# A file of a few bytes can claim any number.
MOST_LABELS = 1_000_000
PROBLEM_TYPES = ("multi_label_classification", "single_label_classification")
# Where `config.json` keeps what transformers has no key for.
OWN_KEY = "kerasbert"


class PretrainedClassifier(NamedTuple):
    """What a folder of transformers holds.

    Args:
        model: the classifier, with all weights, not compiled.
        thresholds: of the labels, (units,).
        arguments: of the builder, as plain data.
    """

    model: Classifier
    thresholds: np.ndarray
    arguments: dict[str, Any]


def read_classifier(
    folder: Path, *, max_length: int | None = None, problem_type: str | None = None
) -> PretrainedClassifier:
    """Read a `BertForSequenceClassification` or one of its relatives.

    Args:
        folder: with `config.json` and weights.
        max_length: longest input in tokens; None for the encoder's positions.
        problem_type: see `TextClassifier.from_pretrained`.

    Returns:
        The classifier and what belongs to it.

    Raises:
        ConfigError: when the folder holds another kind of model, or a value is out of its range.
        CheckpointError: when tensors are missing or of another shape.
    """
    config, values = read_config(folder), read_json_object(checked_member(folder, CONFIG_FILE))
    form = STANDARD_HEADS[config.model_type]
    _check_architecture(folder, values, form)
    labels = _labels(folder, values)
    task = _task(folder, values, labels, problem_type)
    source = open_checkpoint(folder)
    _check_tensors(source, form, (len(labels), config.hidden_size))
    arguments = _arguments(values, config, form)
    length = config.max_length if max_length is None else max_length
    build = {"binary": build_binary, "multiclass": build_multiclass, "multilabel": build_multilabel}[task.task]
    names = {"binary": "label_names", "multiclass": "num_classes", "multilabel": "num_labels"}[task.task]
    model = build(**{names: list(labels)}, **arguments, encoder=folder_source(folder), max_length=length, compile=False)  # type: ignore
    _fill(model, source, form)
    return PretrainedClassifier(model, _thresholds(values, task), arguments)


def _check_architecture(folder: Path, values: Mapping[str, Any], form: StandardHead) -> None:
    said = values.get("architectures") or [form.architecture]
    if form.architecture not in said:
        raise ConfigError(
            f"{str(folder)!r} must hold a {form.architecture}; its {CONFIG_FILE} says {shorten(said)}. An encoder without a "
            f"classifier is what TextClassifier(encoder=...) trains from."
        )


def _labels(folder: Path, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Label names, in the order of the outputs; `LABEL_0` and so on where the config names none, as transformers does."""
    given = values.get("id2label")
    if given is None:
        number = values.get("num_labels", 2)
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MOST_LABELS:
            raise ConfigError(
                f"{str(folder / CONFIG_FILE)!r}: `num_labels` must be from 1 to {MOST_LABELS}; got {shorten(number)}."
            )
        return tuple(f"LABEL_{index}" for index in range(number))
    names = given if isinstance(given, Mapping) else {}
    keys = [str(index) for index in range(len(names))]
    if not keys or set(names) != set(keys) or not all(isinstance(name, str) for name in names.values()):
        raise ConfigError(
            f'{str(folder / CONFIG_FILE)!r}: `id2label` must name every output, {{"0": "...", "1": "..."}}; got '
            f"{shorten(given)}."
        )
    return tuple(names[key] for key in keys)


def _task(folder: Path, values: Mapping[str, Any], labels: tuple[str, ...], problem_type: str | None) -> HeadTask:
    said = check_choice("problem_type", problem_type, PROBLEM_TYPES) if problem_type else values.get("problem_type")
    if said is None and len(labels) > 1:
        said = "single_label_classification"
    if said not in PROBLEM_TYPES or (said == "single_label_classification" and len(labels) < 2):
        raise ConfigError(
            f"{str(folder / CONFIG_FILE)!r}: `problem_type` must be one of {', '.join(PROBLEM_TYPES)}, the first with "
            f"one label or more; got {shorten(said)} with {len(labels)}. If its one output is the logit of a label, pass "
            f"problem_type='multi_label_classification'."
        )
    if said == "multi_label_classification":
        return Multilabel(labels)
    return Binary(labels) if len(labels) == 2 and _own(values).get("task") == "binary" else Multiclass(labels)


def _own(values: Mapping[str, Any]) -> Mapping[str, Any]:
    own = values.get(OWN_KEY)
    return own if isinstance(own, Mapping) else {}


def _thresholds(values: Mapping[str, Any], task: HeadTask) -> np.ndarray:
    stored = _own(values).get("thresholds")
    found = stored if isinstance(stored, list) and _own(values).get("task") == task.task else []
    if len(found) == task.units and all(isinstance(value, (int, float)) and 0 <= value <= 1 for value in found):
        return np.array(stored, dtype=float)
    return np.full(task.units, 0.5)


def _arguments(values: Mapping[str, Any], config: BertConfig, form: StandardHead) -> dict[str, Any]:
    rate = values.get(form.dropout_key)
    usual = config.hidden_dropout_prob if form.default_dropout is None else form.default_dropout
    arguments: dict[str, Any] = {"dropout": usual if rate is None else rate}
    if config.model_type == "bert":
        return {"pooling": "pooler", **arguments}
    return {
        "pooling": "cls",
        "hidden_units": (config.hidden_size,),
        "hidden_activation": form.activation,
        **arguments,
    }


def _check_tensors(source: TensorSource, form: StandardHead, shape: tuple[int, int]) -> None:
    labels, hidden = shape
    wanted = {form.dense: (hidden, hidden), form.output: (labels, hidden)}
    every: dict[str, tuple[int, ...]] = {f"{name}.weight": size for name, size in wanted.items()}
    every |= {f"{name}.bias": size[:1] for name, size in wanted.items()}
    present = set(source.names())
    wrong = [
        f"{name} {size}: " + (f"got {tuple(source.shape(name))}" if name in present else "missing")
        for name, size in every.items()
        if name not in present or tuple(source.shape(name)) != size
    ]
    if wrong:
        raise CheckpointError(
            f"{source.origin} is no {form.architecture} of {labels} labels: {'; '.join(wrong)}. An encoder without a "
            f"classifier is what TextClassifier(encoder=...) trains from."
        )


def _fill(model: Classifier, source: TensorSource, form: StandardHead) -> None:
    kernel, bias = _read(source, form.output)
    if model.head.head_task.task == "binary":
        # The sigmoid of the difference is the softmax over both.
        kernel, bias = (array[..., 1:] - array[..., :1] for array in (kernel, bias))
    model.head.output_layer.kernel.assign(kernel)
    model.head.output_layer.bias.assign(bias)
    for layer in model.head.hidden_layers:
        kernel, bias = _read(source, form.dense)
        layer.kernel.assign(kernel)
        layer.bias.assign(bias)


def _read(source: TensorSource, name: str) -> tuple[np.ndarray, np.ndarray]:
    kernel, bias = source.read(f"{name}.weight").T, source.read(f"{name}.bias")
    if not (np.isfinite(kernel).all() and np.isfinite(bias).all()):
        raise CheckpointError(f"{source.origin}: {name} holds NaN or infinity; the training that wrote it diverged.")
    return kernel, bias
