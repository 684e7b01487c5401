"""How a classifier was built, as plain data: builder name and arguments, drawn from its layers."""

from typing import Any

from kerasbert.classifiers.builders import SINGLE_HEAD
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.classifiers.pooling import describe_pooling
from kerasbert.encoders.quantized_parts import check_not_quantized


def architecture_of(model: Classifier) -> dict[str, Any]:
    """The builder call that makes a model of the same architecture.

    Args:
        model: from a builder, trained or not.

    Returns:
        `builder`, the builder's name, and `arguments`, its keyword arguments as plain data; `encoder` is the config and
        the heads of a multi-task model are dicts of `task` and `label_names`.

    Raises:
        ConfigError: when the pooling layer is not one of this package's, or the model is quantised.

    Example:
        >>> model = build_multiclass(3, encoder=BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1))
        >>> architecture_of(model)["builder"], architecture_of(model)["arguments"]["num_classes"]
        ('build_multiclass', ['0', '1', '2'])
    """
    check_not_quantized(model)
    heads = model.heads
    first = model.hierarchy or list(model.trained_heads.values())[-1]
    arguments: dict[str, Any] = {
        "encoder": model.encoder.config.to_dict(),
        "layers": list(model.features.layer_indices),
        "combine": model.features.combine,
        "combine_before_pooling": model.features.combine_before_pooling,
        "pooling": describe_pooling(model.features.pooling),
        "window_pooling": None if model.windows is None else describe_pooling(model.windows.pooling),
        "hidden_units": list(first.hidden_units),
        "hidden_activation": first.hidden_activation,
        "dropout": first.dropout.rate,
        "max_length": model.max_length,
        "name": model.name,
    }
    if model.votes is not None:
        task = {"task": first.head_task.task, "label_names": list(first.label_names)}
        unused = ("combine", "combine_before_pooling", "window_pooling")
        arguments = {key: value for key, value in arguments.items() if key not in unused}
        own = {"task": task, **arguments, "layers": list(model.votes.layer_indices)}
        return {"builder": "build_layerwise", "arguments": own}
    if model.hierarchy is not None:
        of_levels = {
            "subclasses": model.hierarchy.hierarchy.to_tree(),
            "multilabel": model.hierarchy.multilabel,
            "level_weights": [level.loss_weight for level in heads.values()],
            "class_scores": model.hierarchy.class_scores,
        }
        return {"builder": "build_hierarchical", "arguments": {**of_levels, **arguments}}
    if list(heads) != [SINGLE_HEAD]:
        described = {
            name: {"task": head.head_task.task, "label_names": list(head.label_names)} for name, head in heads.items()
        }
        return {"builder": "build_multitask", "arguments": {"heads": described, **arguments}}
    builder, argument = _single(first)
    return {
        "builder": builder,
        "arguments": {argument: list(first.label_names), "activation": first.activation, **arguments},
    }


def _single(head: ClassificationHead) -> tuple[str, str]:
    return {
        "binary": ("build_binary", "label_names"),
        "multiclass": ("build_multiclass", "num_classes"),
        "multilabel": ("build_multilabel", "num_labels"),
    }[head.head_task.task]
