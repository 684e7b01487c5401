"""Put the scaling of logits into the dense layers that give them, so that every copy and export of a model has it."""

from collections.abc import Mapping

import keras
import numpy as np

from kerasbert._core.errors import ConfigError
from kerasbert.classifiers.classifier import Classifier
from kerasbert.uncertainty.calibration import Calibration
from kerasbert.uncertainty.fitted import Fitted
from kerasbert.uncertainty.scaling import Scaling


def has_summed_levels(model: Classifier) -> bool:
    """Return whether only the deepest level of a hierarchical model has logits."""
    return model.hierarchy is not None and len(model.hierarchy.output_layers) < len(model.hierarchy.tasks)


def check_foldable(model: Classifier) -> None:
    """Refuse a layerwise model, whose probabilities are a mean of several layers' and have no logits."""
    if model.votes is not None:
        raise ConfigError(
            "A layerwise classifier cannot be calibrated: its probabilities are the mean of those of several layers, and no "
            "scale of logits changes them. Train without `layerwise`, or leave `calibrate` out."
        )


def undo_calibration(model: Classifier, fitted: Fitted) -> None:
    """Give a model in place the logits that it was trained with, if it was calibrated since."""
    found = Calibration.of(fitted)
    if found is not None:
        fold_scalings(model, found.undoing)


def fold_scalings(model: Classifier, scalings: Mapping[str, Scaling]) -> None:
    """Scale the logits of a model in place: scale times kernel and bias, plus shift.

    Args:
        model: from a builder, not layerwise and not quantised.
        scalings: head or level -> scaling.
    """
    check_foldable(model)
    layers = logits_layers(model)
    for head, scaling in scalings.items():
        layer = layers[head]
        kernel, bias = (np.asarray(keras.ops.convert_to_numpy(part), np.float64) for part in (layer.kernel, layer.bias))
        layer.kernel.assign((kernel * scaling.scale).astype("float32"))
        layer.bias.assign((bias * scaling.scale + scaling.shift).astype("float32"))


def logits_layers(model: Classifier) -> dict[str, keras.layers.Dense]:
    """Return the dense layers that give the logits of each head, or of the levels that have some."""
    if model.hierarchy is None:
        return {name: head.last_layers[0] for name, head in model.heads.items()}
    layers = model.hierarchy.output_layers
    return dict(zip(list(model.hierarchy.tasks)[-len(layers) :], layers, strict=True))
