"""How a classifier was built, as plain data: builder name and arguments, drawn from its layers."""

from typing import Any

from kerasbert._core.errors import ConfigError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.given_pooling import describe_pooling
from kerasbert.encoders.quantized_parts import check_not_quantized
from kerasbert.tasks.table import describe_task


def architecture_of(model: Classifier) -> dict[str, Any]:
    """Return the builder call that makes a model of the same architecture.

    Returns:
        `builder`, the builder's name, and `arguments`, its keyword arguments as plain data; `encoder` is the config.

    Raises:
        ConfigError: when the pooling layer is of a class that is not registered, or the model is quantised or tokenises itself.
    """
    check_not_quantized(model)
    if model.text_tokens is not None:
        raise ConfigError(
            f"{model.name!r} tokenises itself (`preprocessing`), and is written by `model.save` to a .keras file or by "
            f"`model.export`. For a folder build it without `preprocessing` and give it these weights with set_weights."
        )
    return describe_architecture(model)


def describe_architecture(model: Classifier) -> dict[str, Any]:
    """Return what `architecture_of` does, of a quantised model too, which that call alone does not make again."""
    heads = model.heads
    first = model.hierarchy or list(model.trained_heads.values())[-1]
    arguments: dict[str, Any] = {
        "encoder": model.encoder.config.to_dict(),
        "layers": list(model.features.layer_indices),
        "combine": model.features.combine,
        "combine_before_pooling": model.features.combine_before_pooling,
        "pooling": describe_pooling(model.features.pooling),
        "window_pooling": None if model.windows is None else describe_pooling(model.windows.pooling),
        **first.options,
        "max_length": model.max_length,
        "name": model.name,
    }
    outputs = model.task_outputs
    if model.votes is not None:
        unused = ("combine", "combine_before_pooling", "window_pooling")
        arguments = {key: value for key, value in arguments.items() if key not in unused}
        own = {"task": describe_task(first.task), **arguments, "layers": list(model.votes.layer_indices)}
        return {"builder": "build_layerwise", "arguments": own}
    if model.hierarchy is not None:
        arguments["level_weights"] = [level.loss_weight for level in heads.values()]
        arguments["class_scores"] = model.hierarchy.class_scores
    elif list(heads) == [SINGLE_HEAD]:
        arguments["activation"] = first.activation
    return {"builder": outputs.builder, "arguments": {**outputs.arguments(), **arguments}}
