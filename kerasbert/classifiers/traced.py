"""Run a model on batches: as TensorFlow operations one by one at first, then as one graph."""

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np

# Batches that are computed before the graph is made, which takes as long as ten of them.
EAGER_BATCHES = 1


class BatchRunner:
    """Computes a model's outputs for batches, in inference mode; made by `runner_of`.

    On TensorFlow a batch costs several times its arithmetic where each operation is called from Python. So from the second
    batch on the model is one graph, which is made once: it takes any number of rows and any length. It reads the weights
    where they are, and is made anew when layers were quantised or got other policies. On other backends, and for models
    that XLA compiles or a `tf.distribute` strategy made, each batch is a call of the model.

    It may be called from several threads.

    Args:
        model: any Keras model whose inputs have names.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._lock = threading.Lock()
        self._batches = 0
        self._graph: Any = None
        self._traced_state: Any = None
        self._layers: list[Any] = []

    @property
    def takes_any_shape(self) -> bool:
        """Whether nothing is compiled for each shape, so that every batch may be as long as its own longest text."""
        # Of Keras, None outside of the scope of a `tf.distribute` strategy.
        has_strategy = getattr(self._model, "_distribute_strategy", None) is not None
        return not (keras.backend.backend() == "jax" or has_strategy or self._model.jit_compile)

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> Any:
        """Compute one batch: inputs by name -> NumPy arrays in the structure of the model's output."""
        if self._is_graph:
            # Threads that come at once may all count as the first.
            self._batches += 1
        first = not self._is_graph or self._batches <= EAGER_BATCHES
        output = self._model(dict(inputs), training=False) if first else self._current_graph(inputs)(dict(inputs))
        return keras.tree.map_structure(keras.ops.convert_to_numpy, output)

    def one_of_many(self, inputs: Mapping[str, np.ndarray]) -> Any:
        """Compute one batch of many, as a call does; other backends prepare for more, which takes its time for each shape."""
        return self(inputs) if self._is_graph else self._model.predict_on_batch(dict(inputs))

    def run(self, batches: Iterable[tuple[np.ndarray, Mapping[str, np.ndarray]]], num_rows: int) -> Any:
        """Compute batches, pairs of rows (b,) and inputs, into arrays of `num_rows` in the structure of the output."""
        results: Any = None
        for rows, inputs in batches:
            outputs = self.one_of_many(inputs)
            if results is None:
                results = keras.tree.map_structure(lambda one: np.zeros((num_rows, *one.shape[1:]), one.dtype), outputs)
            for whole, part in zip(keras.tree.flatten(results), keras.tree.flatten(outputs), strict=True):
                whole[rows] = part
        return results

    @property
    def _is_graph(self) -> bool:
        """Whether the model is one graph from the second batch on."""
        is_tensorflow = keras.backend.backend() == "tensorflow"
        return is_tensorflow and self.takes_any_shape and not self._model.run_eagerly

    def _current_graph(self, inputs: Mapping[str, np.ndarray]) -> Any:
        with self._lock:
            state = self._state()
            if self._graph is None or state != self._traced_state:
                self._graph, self._traced_state = self._trace(inputs), state
            return self._graph

    def _state(self) -> list[Any]:
        """What of the layers a graph does not read again: policies, which quantisation changes, and low-rank additions."""
        if not self._layers:
            self._layers = list(self._model._flatten_layers())
        return [(id(layer.dtype_policy), getattr(layer, "lora_enabled", False)) for layer in self._layers]

    def _trace(self, inputs: Mapping[str, np.ndarray]) -> Any:
        import tensorflow as tf

        specs = {name: tf.TensorSpec([None] * array.ndim, array.dtype, name) for name, array in inputs.items()}
        graph = tf.function(
            lambda inputs: self._model(inputs, training=False), input_signature=[specs], autograph=False
        )
        graph.get_concrete_function()
        return graph


def runner_of(model: keras.Model) -> BatchRunner:
    """Return the runner of a model, which all who compute its batches share."""
    # Keras looks for layers in what is assigned to a model, and the graph and its model go together.
    runner: BatchRunner = vars(model).setdefault("_batch_runner", BatchRunner(model))
    return runner
