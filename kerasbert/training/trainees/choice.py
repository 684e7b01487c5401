"""Which trainee a model is."""

from typing import Any

import keras

from kerasbert._core.checks import shorten
from kerasbert.classifiers.classifier import Classifier
from kerasbert.training.trainees.builder_model import BuilderModel
from kerasbert.training.trainees.keras_model import KerasModel
from kerasbert.training.trainees.trainee import Trainee


def trainee_of(model: Any) -> Trainee:
    """Return what a training needs of a model.

    Args:
        model: from a builder, or any compiled Keras model with an encoder inside.

    Raises:
        ConfigError: when the model is not compiled.
        TypeError: when it is no Keras model.
    """
    if isinstance(model, Classifier):
        return BuilderModel(model)
    if isinstance(model, keras.Model):
        return KerasModel(model)
    raise TypeError(
        f"`model` must be one of the builders, such as kerasbert.build_binary(), or a compiled Keras model with an encoder "
        f"inside; got {shorten(model)} of type {type(model).__name__}."
    )
