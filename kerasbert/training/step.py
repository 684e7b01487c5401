"""One step of training or evaluation as a TensorFlow function, on one device or several."""

from collections.abc import Callable
from typing import Any, NamedTuple, final

import keras
import tensorflow as tf

from kerasbert._core.errors import ConfigError
from kerasbert.optimizers.variables import build_variables
from kerasbert.training import replicas
from kerasbert.training.own_steps import has_own_steps

# Labels, predictions and weights of a batch.
Parts = tuple[Any, Any, Any]


class StepResult(NamedTuple):
    """What a training step returns.

    Args:
        logs: name -> metric of the epoch so far.
        loss: of this batch.
        skipped: updates left out so far because a gradient was not finite.
        scale: by which the next loss is multiplied in float16; None where it is not.
    """

    logs: dict[str, Any]
    loss: Any
    skipped: int
    scale: float | None = None


@final
class Steps:
    """The two steps of a compiled model: one that trains, one that evaluates.

    The metrics live outside the strategy and see all rows of a batch, so they are those of one device.

    Args:
        model: compiled; made and with an optimiser made inside the scope of the strategy.
        strategy: None for one device.
        element_spec: of the batches, one graph for all of them; None makes a graph for each shape, as XLA on a TPU needs.
        test_spec: of the batches to evaluate, where their source has other, fixed shapes; None: `element_spec`.
    """

    def __init__(
        self,
        model: keras.Model,
        strategy: tf.distribute.Strategy | None = None,
        *,
        element_spec: Any = None,
        test_spec: Any = None,
    ) -> None:
        self.model = model
        self.strategy = strategy
        if has_own_steps(model):
            self._train = self._own(model.train_step, element_spec)
            self._test = self._own(model.test_step, test_spec or element_spec)
            return
        self._train = self._whole(self._train_rows, element_spec)
        self._test = self._whole(self._test_rows, test_spec or element_spec)

    def build(self, batch: Any) -> None:
        """Make everything that a first step would make: the optimiser's moments and the sums behind the metrics."""
        build_variables(self.model.optimizer, self.model.trainable_variables, self.strategy)
        # Outside the scope: every device sees all rows, and one sum of them is enough.
        self.model._symbolic_build(data_batch=batch)

    def train(self, batch: Any) -> StepResult:
        """Train on a batch of (inputs, labels) or (inputs, labels, weights)."""
        logs, loss = self._train(batch)
        outer = self.model.optimizer
        optimizer = getattr(outer, "inner_optimizer", outer)
        skipped = int(optimizer.skipped.numpy()) if hasattr(optimizer, "skipped") else 0
        return StepResult(logs, loss, skipped, float(outer.dynamic_scale.numpy()) if optimizer is not outer else None)

    def test(self, batch: Any) -> dict[str, Any]:
        """Evaluate a batch; the metrics of the epoch so far."""
        logs: dict[str, Any] = self._test(batch)[0]
        return logs

    def _whole(self, rows_step: Callable[[Any], Any], spec: Any) -> Callable[[Any], Any]:
        if self.model.jit_compile and self.strategy is None and not self.model.run_eagerly:
            rows_step = tf.function(rows_step, jit_compile=True, autograph=False)

        def whole(batch: Any) -> tuple[dict[str, Any], Any]:
            if self.strategy is None:
                loss, parts = rows_step(batch)
            else:
                loss, parts = self.strategy.run(rows_step, args=(batch,))
                loss, parts = tf.nest.map_structure(self._first, (loss, parts))
            return self._measure(loss, parts), loss

        return self._graph(whole, spec)

    def _own(self, step: Callable[[Any], Any], spec: Any) -> Callable[[Any], Any]:
        """A step of the model's own, whose loss is the mean of the epoch so far."""
        if self.model.jit_compile and not self.model.run_eagerly:
            step = tf.function(step, jit_compile=True, autograph=False)

        def whole(batch: Any) -> tuple[dict[str, Any], Any]:
            logs = step(batch)
            if "loss" not in logs:
                raise ConfigError(
                    f"`train_step` and `test_step` of the model must return a dict with 'loss'; got {', '.join(logs)}."
                )
            return logs, logs["loss"]

        return self._graph(whole, spec)

    def _graph(self, whole: Callable[[Any], Any], spec: Any) -> Callable[[Any], Any]:
        if self.model.run_eagerly:
            return whole
        return tf.function(whole, input_signature=None if spec is None else [spec], autograph=False)  # type: ignore[no-any-return]

    def _first(self, value: Any) -> Any:
        return self.strategy.experimental_local_results(value)[0]  # type: ignore[union-attr]

    def _train_rows(self, batch: Any) -> tuple[Any, Parts]:
        model, (x, y, weight) = self.model, keras.utils.unpack_x_y_sample_weight(batch)
        with tf.GradientTape() as tape:
            loss, parts = self._loss(x, y, weight, training=True)
            scaled = model.optimizer.scale_loss(loss)
        weights = model.trainable_weights
        model.optimizer.apply_gradients(zip(tape.gradient(scaled, weights), weights, strict=True))
        return self._whole_loss(loss), parts

    def _test_rows(self, batch: Any) -> tuple[Any, Parts]:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
        loss, parts = self._loss(x, y, weight, training=False)
        return self._whole_loss(loss), parts

    def _loss(self, x: Any, y: Any, weight: Any, *, training: bool) -> tuple[Any, Parts]:
        if self.strategy is not None:
            x = replicas.own_rows(x)
        y_pred = self.model(x, training=training)
        if self.strategy is not None:
            y_pred = replicas.all_rows(y_pred, y)
        return self.model.compute_loss(x, y, y_pred, weight, training=training), (y, y_pred, weight)

    def _whole_loss(self, loss: Any) -> Any:
        return loss if self.strategy is None else loss * self.strategy.num_replicas_in_sync

    def _measure(self, loss: Any, parts: Parts) -> dict[str, Any]:
        y, y_pred, weight = parts
        rows = tf.shape(tf.nest.flatten(y_pred)[0])[0]
        next(metric for metric in self.model.metrics if metric.name == "loss").update_state(loss, sample_weight=rows)
        logs: dict[str, Any] = self.model.compute_metrics(None, y, y_pred, weight)
        return logs
