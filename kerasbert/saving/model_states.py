"""What the entries of a prediction cache follow from in a classifier: the whole model, or what its heads read."""

from typing import Any

import keras

from kerasbert.caching.model_state import ModelState
from kerasbert.classifiers.architecture import describe_architecture
from kerasbert.classifiers.classifier import Classifier
from kerasbert.saving.rebuild import weights_by_path

# Arguments of a builder that change no number; the length of a text is in its tokens.
OF_NO_NUMBER = ("name", "max_length")
# Arguments that decide what the heads read.
OF_VECTORS = ("encoder", "layers", "combine", "combine_before_pooling", "pooling", "window_pooling")


def classifier_state(model: Classifier) -> ModelState:
    """Return the state that the probabilities of a classifier follow from."""
    described = describe_architecture(model)
    arguments = {key: value for key, value in described["arguments"].items() if key not in OF_NO_NUMBER}
    return _state(model, {**described, "arguments": arguments})


def vectors_state(model: Classifier, vectors: keras.Model) -> ModelState:
    """Return the state that `vectors` follow from, the model of what the heads of a classifier read; heads do not matter."""
    arguments = describe_architecture(model)["arguments"]
    return _state(vectors, {"vectors": {key: arguments[key] for key in OF_VECTORS if key in arguments}})


def _state(model: Any, facts: dict[str, Any]) -> ModelState:
    return ModelState(model, lambda: list(weights_by_path(model).values()), facts)
