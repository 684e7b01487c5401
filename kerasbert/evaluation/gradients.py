"""Integrated gradients of a classifier over the embeddings of a text."""

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from kerasbert._core.errors import ConfigError
from kerasbert._core.names import ATTENTION_MASK, INPUT_IDS, TOKEN_TYPE_IDS, WINDOW_ROWS
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.inner_states import UpperPart

# Rows of token ids that go through the encoder at once.
ROWS = 32


class PathIntegral(NamedTuple):
    """Integrated gradients: attributions of the tokens, (rows, length), and the outputs that they explain.

    `error`, of completeness, is the distance of the attributions' sum from `value - baseline`.
    """

    attributions: np.ndarray
    value: float
    baseline: float
    error: float


class EmbeddedClassifier:
    """A classifier that takes embeddings in place of token ids."""

    def __init__(self, model: Classifier) -> None:
        self.model = model
        self.upper = UpperPart(model)

    def embed(self, inputs: dict[str, np.ndarray]) -> Any:
        """Embed the token ids, (rows, length, hidden)."""
        return self.model.encoder.embeddings(inputs[INPUT_IDS], inputs[TOKEN_TYPE_IDS], training=False)

    def states(self, embedded: Any, mask: np.ndarray) -> list[Any]:
        """Return the inputs of each features layer: hidden states, or the pooler's output."""
        encoder = self.model.encoder
        bias = encoder.attention_bias(mask)
        states = [embedded]
        for block in encoder.blocks:
            states.append(block(states[-1], bias, training=False)[0])
        return self.upper.reads(states, () if encoder.pooler is None else encoder.pooler(states[-1][:, 0]))

    def __call__(self, embedded: Any, inputs: dict[str, np.ndarray]) -> Any:
        return self.upper(self.states(embedded, inputs[ATTENTION_MASK]), inputs)[0]


def integrated_gradients(
    model: Classifier, inputs: dict[str, np.ndarray], *, head: str, label: int, pad_id: int, is_text: Any, steps: int
) -> PathIntegral:
    """Integrate the gradient of one output along the line from a baseline's embeddings to the text's.

    Args:
        model: from a builder.
        inputs: of one text: one row, or its windows.
        head: name of the head.
        label: column of the output.
        pad_id: id of the words in the baseline.
        is_text: bool (rows, length); other tokens are the same in the baseline.
        steps: points of the Gauss-Legendre rule, >= 1.

    Reference:
        Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", 2017, equation 1.
    """
    if keras.backend.backend() != "tensorflow":
        raise ConfigError(f"Integrated gradients need Keras on TensorFlow; it runs on {keras.backend.backend()!r}.")
    embedded = EmbeddedClassifier(model)
    real = float32_array(embedded.embed(inputs))
    plain = {**inputs, INPUT_IDS: np.where(is_text, pad_id, inputs[INPUT_IDS]).astype(np.int32)}
    # Positions are those of the text, even where the model counts them by the padding id.
    baseline = np.where(is_text[:, :, None], float32_array(embedded.embed(plain)), real)
    nodes, weights = np.polynomial.legendre.leggauss(steps)
    total = np.zeros_like(real, dtype=np.float64)
    group = max(1, ROWS // len(real))
    for start in range(0, steps, group):
        points = (nodes[start : start + group] + 1) / 2
        path = np.concatenate([baseline + point * (real - baseline) for point in points]).astype(np.float32)
        gradients = _gradients(embedded, path, _repeat(inputs, len(points)), head, label)
        by_point = gradients.reshape(len(points), *real.shape)
        total += np.tensordot(weights[start : start + group] / 2, by_point, axes=1)
    attributions = (total * (real - baseline)).sum(axis=-1)
    outputs = (_output(embedded(ops.convert_to_tensor(one), inputs), head, label) for one in (real, baseline))
    value, lowest = (float(ops.convert_to_numpy(one)[0]) for one in outputs)
    return PathIntegral(attributions, value, lowest, float(abs(attributions.sum() - (value - lowest))))


def _gradients(embedded: EmbeddedClassifier, path: np.ndarray, inputs: Any, head: str, label: int) -> np.ndarray:
    import tensorflow as tf

    points = tf.convert_to_tensor(path)
    with tf.GradientTape() as tape:
        tape.watch(points)
        # A text's output depends on its own rows alone, so the gradient of the sum is that of each.
        output = tf.reduce_sum(_output(embedded(points, inputs), head, label))
    return float32_array(tape.gradient(output, points))


def _output(output: Any, head: str, label: int) -> Any:
    return (output[head] if isinstance(output, dict) else output)[:, label]


def _repeat(inputs: dict[str, np.ndarray], times: int) -> dict[str, np.ndarray]:
    """Repeat the inputs of a text, each copy with its own windows."""
    repeated = {name: np.tile(array, (times, 1)) for name, array in inputs.items()}
    if WINDOW_ROWS in inputs:
        rows = repeated[WINDOW_ROWS]
        shift = np.repeat(np.arange(times), len(inputs[WINDOW_ROWS]))[:, None] * len(inputs[INPUT_IDS])
        repeated[WINDOW_ROWS] = np.where(rows > 0, rows + shift, 0).astype(np.int32)
    return repeated


def float32_array(tensor: Any) -> np.ndarray:
    """Convert a tensor of any backend to a float32 array."""
    return np.asarray(keras.ops.convert_to_numpy(tensor), dtype=np.float32)
