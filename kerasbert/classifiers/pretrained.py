"""A classifier that was fine-tuned with Hugging Face's transformers, read from its folder."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.errors import CheckpointError
from kerasbert._core.files import checked_member
from kerasbert._core.json_files import read_json_object
from kerasbert._core.names import CONFIG_FILE, SINGLE_HEAD
from kerasbert.classifiers.builders import build_heads
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.pretrained_config import (
    check_architecture,
    label_kind_of,
    labels_of,
    noted_thresholds,
    own_values,
    task_of,
    training_data_of,
)
from kerasbert.classifiers.standard_heads import STANDARD_HEADS, StandardHead
from kerasbert.encoders.checkpoints import TensorSource, open_checkpoint, read_config
from kerasbert.encoders.config import BertConfig
from kerasbert.encoders.source import folder_source


class PretrainedClassifier(NamedTuple):
    """A classifier read from a folder of transformers.

    Args:
        model: with all weights, not compiled.
        thresholds: of the labels, (units,).
        label_kind: how labels were written, see `kerasbert.labels.kinds`.
        arguments: of the builder, as plain data.
        metrics: from an export of ours; else empty, as `data`.
        data: what it was trained on.
    """

    model: Classifier
    thresholds: np.ndarray
    label_kind: str
    arguments: dict[str, Any]
    metrics: dict[str, Any]
    data: dict[str, Any]


def read_classifier(
    folder: Path, *, max_length: int | None = None, problem_type: str | None = None
) -> PretrainedClassifier:
    """Read a `BertForSequenceClassification` or one of its relatives.

    Args:
        folder: with `config.json` and weights.
        max_length: longest input in tokens; None for the encoder's positions.
        problem_type: see `TextClassifier.from_pretrained`.

    Raises:
        ConfigError: when the folder holds another kind of model, or a value is out of its range.
        CheckpointError: when tensors are missing or of another shape.
    """
    config, values = read_config(folder), read_json_object(checked_member(folder, CONFIG_FILE))
    form = STANDARD_HEADS[config.model_type]
    check_architecture(folder, values, form)
    source = open_checkpoint(folder)
    labels, kind = labels_of(folder, values, _outputs(source, form))
    task = task_of(folder, values, labels, problem_type)
    _check_tensors(source, form, (len(labels), config.hidden_size))
    arguments = _arguments(values, config, form)
    length = config.max_length if max_length is None else max_length
    options = {**arguments, "encoder": folder_source(folder), "max_length": length, "compile": False}
    model = build_heads({SINGLE_HEAD: task}, options)
    _fill(model, source, form)
    metrics, data = (own_values(values).get(name) for name in ("metrics", "data"))
    return PretrainedClassifier(
        model,
        noted_thresholds(values, task),
        label_kind_of(values, labels, kind),
        arguments,
        dict(metrics) if isinstance(metrics, Mapping) else {},
        training_data_of(data, {model.head.name: len(labels)}),
    )


def _outputs(source: TensorSource, form: StandardHead) -> int | None:
    """Return the number of outputs in the weights; None where there is no output layer."""
    name = f"{form.output}.bias"
    return source.shape(name)[0] if name in source.names() and len(source.shape(name)) == 1 else None


def _arguments(values: Mapping[str, Any], config: BertConfig, form: StandardHead) -> dict[str, Any]:
    rate = values.get(form.dropout_key)
    usual = config.hidden_dropout_prob if form.default_dropout is None else form.default_dropout
    arguments: dict[str, Any] = {"dropout": usual if rate is None else rate}
    if config.model_type == "bert":
        return {"pooling": "pooler", **arguments}
    return {"pooling": "cls", "hidden_units": (config.hidden_size,), "hidden_activation": form.activation, **arguments}


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
    if model.head.task.units < len(model.head.label_names):
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
