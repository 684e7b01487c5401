"""A classifier with more outputs: the logits of its heads and pooled hidden states, from the same pass."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, final

import keras

from kerasbert._core.names import WINDOW_ROWS
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.features import Features
from kerasbert.classifiers.pooling import MeanPooling
from kerasbert.classifiers.windows import WindowPooling


class PooledStates(NamedTuple):
    """What the model of `with_pooled_states` gives for a batch.

    Args:
        output: as the classifier gives it.
        logits: head name -> (batch, units), in front of the output activation; of exclusive levels those of the classes, or
            of the deepest level where only that has logits; of a layerwise classifier those of the last layer.
        pooled: number of a layer -> the mean of its hidden states over the tokens, float32 (batch, hidden); of a text in
            windows the mean over its windows.
    """

    output: Any
    logits: Mapping[str, Any]
    pooled: Mapping[str, Any]


def with_pooled_states(model: Classifier, layers: Sequence[int]) -> keras.Model:
    """Return a model of the same inputs and weights that gives a dict: the fields of `PooledStates`.

    Args:
        model: from a builder.
        layers: hidden states counted from the embeddings, each in 0 to the number of blocks.
    """
    hidden_states = list(model.encoder.output)[-model.encoder.config.num_hidden_layers - 1 :]
    # The last input of what reads hidden states is their mask, which of a model that reads texts its tokenizer gives.
    mask = next(layer for layer in model.layers if isinstance(layer, Features)).input[-1]
    pooled = [MeanPooling(dtype="float32")(hidden_states[layer], mask) for layer in layers]
    if model.windows is not None:
        pooled = [WindowPooling("mean", dtype="float32")(one, model.input[WINDOW_ROWS]) for one in pooled]
    by_layer = dict(zip(map(str, layers), pooled, strict=True))
    return keras.Model(model.input, PooledStates(model.output, _logits(model), by_layer)._asdict())


def _logits(model: Classifier) -> dict[str, Any]:
    """Return the symbolic logits of each head, see `PooledStates`."""
    if model.hierarchy is not None:
        place = 0 if len(model.hierarchy.output_layers) > 1 else -1
        return {list(model.heads)[place]: _Logits(model.hierarchy, name="logits_of_levels")(model.vectors)}
    if model.votes is None:
        return {name: _Logits(head, name=f"logits_of_{name}")(model.vectors) for name, head in model.heads.items()}
    last = model.votes.layer_indices[-1]
    voter, read = model.trained_heads[f"layer_{last}"], model.get_layer(f"features_{last}").output
    return {model.votes.name: _Logits(voter, name="logits_of_votes")(read)}


@final
class _Logits(keras.layers.Layer):
    """The logits of a head, of a hierarchy those of its first layer; a layer, since a head's own stand in the graph already."""

    def __init__(self, head: Any, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.head = head

    def build(self, vectors_shape: Any) -> None:
        """Nothing to make: the head is built."""

    def call(self, vectors: Any) -> Any:
        return self.head.last_layers[0](self.head.read(vectors, training=False))
