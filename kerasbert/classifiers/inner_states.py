"""What a classifier computes between token ids and probabilities: hidden states, attentions, the vectors that heads read."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasbert._core.names import ATTENTION_MASK, INPUT_NAMES, TEXTS, WINDOW_ROWS
from kerasbert.classifiers.features import Features
from kerasbert.classifiers.pooling import PoolerPooling


class ClassifierStates(NamedTuple):
    """What a classifier computes of one batch, NumPy arrays of one pass; a field that was not asked for is `()`.

    Args:
        output: as `predict` gives it: probabilities (batch, units), or a dict of them by head.
        vectors: what the heads read, one vector for each text, (batch, hidden); of a layerwise model a dict by the name of
            each layer's output, such as `layer_3`.
        hidden_states: embeddings and the output of every block, each (batch, length, hidden); for texts in windows the batch
            is that of the windows.
        attentions: of every block, each (batch, heads, length, length); the rows add up to 1 over the tokens.

    Example:
        >>> model = build_binary(encoder=BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1))
        >>> model.states({"input_ids": np.ones((2, 3)), "attention_mask": np.ones((2, 3))}).vectors.shape
        (2, 8)
    """

    output: Any
    vectors: Any
    hidden_states: tuple[np.ndarray, ...]
    attentions: tuple[np.ndarray, ...] = ()


class UpperPart:
    """A classifier above its encoder: from what its features layers read to its output and the vectors of the texts."""

    def __init__(self, model: Any) -> None:
        #: The features layers: one, or in a layerwise model one for each voter.
        self.readers: list[Features] = [layer for layer in model.layers if isinstance(layer, Features)]
        states = [state for reader in self.readers for state in reader.input[:-1]]  # the last one is the mask
        # Of a model that reads texts the mask is no input, but what its tokenizer gives.
        others = {ATTENTION_MASK: self.readers[0].input[-1]}
        others |= {WINDOW_ROWS: model.input[WINDOW_ROWS]} if WINDOW_ROWS in model.input else {}
        self._others = list(others)
        vectors: Any = model.vectors
        if model.votes is not None:
            layers = zip(model.votes.layer_indices, self.readers, strict=True)
            vectors = {f"layer_{layer}": reader.output for layer, reader in layers}
        self._model = keras.Model([*states, *others.values()], [model.output, vectors])

    def reads(self, hidden_states: Sequence[Any], pooler_output: Any) -> list[Any]:
        """Return what the features layers read of all hidden states, or of the pooler's output."""
        found = []
        for reader in self.readers:
            if isinstance(reader.pooling, PoolerPooling):
                found.append(pooler_output)
            else:
                found.extend(hidden_states[layer] for layer in reader.layer_indices)
        return found

    def __call__(self, read: Sequence[Any], inputs: Mapping[str, Any]) -> tuple[Any, Any]:
        """Return output and vectors, from what the features layers read and the inputs by name."""
        others = [ops.convert_to_tensor(inputs[name]) for name in self._others]
        output, vectors = self._model([*read, *others], training=False)
        return output, vectors


def states_of(model: Any, inputs: Mapping[str, Any], *, attentions: bool) -> ClassifierStates:
    """Compute the states of a `Classifier`, see its `states`; `inputs` are those of a call, by name."""
    if model.text_tokens is not None:
        inputs = model.text_tokens(inputs[TEXTS])
    encoded = model.encoder(
        *(ops.convert_to_tensor(inputs[name]) for name in INPUT_NAMES),
        output_hidden_states=True,
        output_attentions=attentions,
        training=False,
    )
    upper = UpperPart(model)
    output, vectors = upper(upper.reads(encoded.hidden_states, encoded.pooler_output), inputs)
    found = ClassifierStates(output, vectors, encoded.hidden_states, encoded.attentions or ())
    arrays: ClassifierStates = keras.tree.map_structure(_float32_array, found)
    return arrays


def _float32_array(value: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(ops.cast(value, "float32")))
