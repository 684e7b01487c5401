"""`truncate`, for whatever holds a layerwise model."""

import copy
import dataclasses
from typing import Any, TypeVar

from kerasbert.classifiers import layerwise
from kerasbert.classifiers.classifier import Classifier
from kerasbert.saving.trained_classifier import TrainedClassifier, reading_of, trained_of
from kerasbert.text_classifier.classifier import TextClassifier

Layerwise = TypeVar("Layerwise", Classifier, TrainedClassifier, TextClassifier)


def truncate(model: Layerwise, layer: int) -> Layerwise:
    """Cut a layerwise model off after one layer; the smaller model answers as that layer's classifier does.

    Args:
        model: from `build_layerwise`, or a `TextClassifier` that was trained with `layerwise=True`, or its
            `TrainedClassifier`; it stays as it is.
        layer: one of its layers, negative from the end of its encoder.

    Returns:
        The same kind of object; its model is a plain `Classifier`, not compiled, whose encoder has no block above that
        layer.

    Raises:
        ConfigError: when the model is not layerwise or has no classifier on that layer.
        TypeError: when `layer` is no integer.

    Example:
        >>> config = BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=4)
        >>> small = truncate(build_layerwise(Multiclass(3), encoder=config), 2)
        >>> small.encoder.config.num_hidden_layers, small.output.shape
        (2, (None, 3))
    """
    if isinstance(model, Classifier):
        return layerwise.truncate(model, layer)
    trained = trained_of(model)
    smaller = layerwise.truncate(trained.model, layer)
    changed = {"layerwise": False, "layers": smaller.features.layer_indices[0]}
    settings = {**trained.settings, **changed}
    # What was measured, fitted and profiled is not of the smaller model.
    gone: dict[str, Any] = {"metrics": reading_of(trained.metrics), "uncertainty": {}, "attachments": {}}
    cut = dataclasses.replace(trained, model=smaller, settings=settings, **gone)
    if not isinstance(model, TextClassifier):
        return cut
    classifier = copy.copy(model).set_params(**changed)
    classifier.trained_ = cut
    return classifier
