"""AdamW as BERT is fine-tuned with it: per-part rates, decay exclusions and lazy embedding rows, all in its config."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, final

import keras
import numpy as np
from keras import ops

from kerasbert._core.checks import check_bool, check_int, check_number, shorten, suggestion
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import PACKAGE

NO_DECAY = ("bias", "beta", "gamma")


@dataclasses.dataclass(frozen=True, eq=False)
class TrainedRows:
    """The rows of a table that have gradients in a training.

    Args:
        table: (vocabulary, width).
        index: of the table among the variables of the optimiser.
        rows: sorted, int64 (k,).
        decay: what the other rows have to be multiplied by, a scalar variable.
    """

    table: keras.Variable
    index: int
    rows: np.ndarray
    decay: keras.Variable


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class AdamW(keras.optimizers.AdamW):
    """Keras's AdamW with a rate for each part of the model, kept whole by saving and loading.

    Differences to `keras.optimizers.AdamW`: (1) the rate of a variable is `learning_rate` times the factor of the first
    pattern that occurs in the variable's path; (2) variables whose path ends in one of `no_decay` are not decayed, and
    this is part of the config; (3) a token that occurs several times in a batch counts with the sum of its gradients, where
    Keras squares them one by one; (4) with TensorFlow the update is one fused kernel per variable; (5) on request, rows
    of an embedding table that do not occur in a batch are left alone (neither decayed nor moved by old momentum), as
    LazyAdam of tensorflow-addons did, which takes about a seventh off a step and moves rare words less; (6) with
    TensorFlow a gradient that is NaN or infinite moves no weight and is counted in `skipped`, and with several devices
    the sum of all gradients is clipped, not each device's own.

    Args:
        learning_rate: float or schedule; the rate of a variable that matches no pattern.
        weight_decay: decoupled decay, in [0, 1).
        rate_factors: pattern -> factor >= 0, tried in order; a pattern matches when it is part of the variable's path. One
            that matches no weight is refused before the first step.
        no_decay: endings of the paths that are not decayed; biases and layer normalisation by default.
        lazy_embeddings: whether point (5) holds; on other backends than TensorFlow gradients are dense and it does not.
        start_steps: pattern -> number of batches before which the variables whose path contains it stand still, as when
            they are not trained yet; their moments start then too. For gradual unfreezing; TensorFlow only.
        global_clipnorm: gradients are scaled down together to at most this norm; None for no clipping.
        epsilon: added to the root of the second moment; PyTorch's 1e-8, because Keras's 1e-7 is as large as the
            gradients of rare words.
        name: name of the optimiser.
        **kwargs: other arguments of `keras.optimizers.AdamW`.

    Raises:
        ConfigError: when a number is out of its range, or a pattern can never match because one before it matches first.

    Example:
        >>> optimizer = AdamW(1.5e-4, rate_factors={"encoder/": 1.0, "": 10.0}, global_clipnorm=1.0)
        >>> optimizer.get_config()["rate_factors"]
        {'encoder/': 1.0, '': 10.0}

    Reference:
        Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2.
    """

    def __init__(
        self,
        learning_rate: float | keras.optimizers.schedules.LearningRateSchedule = 1.5e-4,
        weight_decay: float = 0.01,
        *,
        rate_factors: Mapping[str, float] | None = None,
        no_decay: Sequence[str] = NO_DECAY,
        lazy_embeddings: bool = False,
        start_steps: Mapping[str, int] | None = None,
        global_clipnorm: float | None = 1.0,
        epsilon: float = 1e-8,
        name: str = "adamw",
        **kwargs: Any,
    ) -> None:
        check_number("weight_decay", weight_decay, 0, 1, open_maximum=True)
        if isinstance(learning_rate, (int, float)):
            check_number("learning_rate", learning_rate, 0, open_minimum=True)
        if kwargs.get("amsgrad"):
            raise ConfigError("`amsgrad` must be False; got True. Use keras.optimizers.AdamW for it.")
        super().__init__(
            learning_rate,
            weight_decay=weight_decay,
            global_clipnorm=global_clipnorm,
            epsilon=epsilon,
            name=name,
            **kwargs,
        )
        self.rate_factors = {
            pattern: check_number(f"rate_factors[{pattern!r}]", factor, 0)
            for pattern, factor in (rate_factors or {}).items()
        }
        self.no_decay = tuple(no_decay)
        self.lazy_embeddings = check_bool("lazy_embeddings", lazy_embeddings)
        self.start_steps = {
            pattern: check_int(f"start_steps[{pattern!r}]", step, 0) for pattern, step in (start_steps or {}).items()
        }
        self._check_order("rate_factors", self.rate_factors)
        self._check_order("start_steps", self.start_steps)
        self._patterns_checked = False
        #: The table of which only some rows get gradients, see `train_rows`; None: all rows of all tables may.
        self.trained_rows: TrainedRows | None = None
        if self.start_steps and keras.backend.backend() != "tensorflow":
            raise ConfigError(
                f"`start_steps` must be None on the {keras.backend.backend()} backend; got {start_steps}."
            )

    def build(self, variables: Any) -> None:
        """Make the moments, and choose each variable's factor and decay by its path."""
        if not self.built:
            self.check_patterns([variable.path for variable in variables])
            self._factors = [self._factor_of(variable.path) for variable in variables]
            self._starts = [self._start_of(variable.path) for variable in variables]
            self._decayed = [not variable.path.endswith(self.no_decay) for variable in variables]
            if keras.backend.backend() == "tensorflow":
                #: Updates that were left out because a gradient was not finite.
                self.skipped = self.add_variable((), dtype="int32", aggregation="only_first_replica", name="skipped")
        super().build(variables)

    def check_patterns(self, paths: Sequence[str]) -> None:
        """Refuse patterns that match none of a model's weights, given by their paths; done once, by the first model."""
        if self._patterns_checked:
            return
        for name, patterns in (("rate_factors", self.rate_factors), ("start_steps", self.start_steps)):
            for pattern in patterns:
                if not any(pattern in path for path in paths):
                    raise ConfigError(
                        f"`{name}` must have patterns that occur in the path of a weight, such as {shorten(paths[0])}; got "
                        f"{pattern!r}, which occurs in none.{suggestion(pattern, _parts_of(paths))} Leave it out if what "
                        f"it means is frozen."
                    )
        self._patterns_checked = True

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> "AdamW":
        """Rebuild the optimiser from `get_config()`; its patterns were right when it was saved."""
        optimizer: AdamW = super().from_config(config, custom_objects)
        optimizer._patterns_checked = True
        return optimizer

    def train_rows(self, table: keras.Variable, rows: np.ndarray) -> None:
        """Leave out of all updates the rows of a table that never have a gradient, until `settle_rows(last=True)`.

        All that AdamW does to such a row is to decay it. The decays of the steps are multiplied up, and `settle_rows`
        applies them. TensorFlow only; called in the scope of the strategy that the optimiser was built in.

        Args:
            table: a variable (vocabulary, width) that this optimiser updates.
            rows: ids of all rows that ever have a gradient, sorted, int (k,). Another one that has stops the training with
                `tf.errors.InvalidArgumentError`.
        """
        decay = keras.Variable(1.0, trainable=False, dtype="float32", name="decay_of_other_rows")
        self.trained_rows = TrainedRows(table, self._get_variable_index(table), np.asarray(rows), decay)

    def settle_rows(self, *, last: bool = False) -> None:
        """Apply the decays that `train_rows` put off; the weights are then those of whole updates.

        Args:
            last: whether the next steps update all rows.
        """
        trained = self.trained_rows
        if trained is None:
            return
        factors = np.full((trained.table.shape[0], 1), ops.convert_to_numpy(trained.decay), dtype=np.float32)
        factors[trained.rows] = 1.0
        trained.table.assign(ops.multiply(trained.table, ops.cast(factors, trained.table.dtype)))
        trained.decay.assign(1.0)
        if last:
            self.trained_rows = None

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable and its two moments."""
        index = self._get_variable_index(variable)
        rate = ops.cast(learning_rate, variable.dtype) * self._factors[index]
        decay = rate * self.weight_decay if self.weight_decay and self._decayed[index] else None
        fused = _fused()
        if fused is None:
            if decay is not None:
                self.assign_sub(variable, variable * decay)
            super().update_step(gradient, variable, rate)
            return
        every = self.gradient_accumulation_steps or 1
        start = self._starts[index]
        if start:
            rate = ops.where(self._iterations >= start, rate, ops.zeros_like(rate))
            decay = None if decay is None else ops.where(self._iterations >= start, decay, ops.zeros_like(decay))
        fused.update(self, gradient, variable, index, rate=rate, decay=decay, start=-(-start // every))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rate_factors": dict(self.rate_factors),
            "no_decay": list[Any](self.no_decay),
            "lazy_embeddings": self.lazy_embeddings,
            "start_steps": dict(self.start_steps),
        }

    @staticmethod
    def _check_order(name: str, patterns: Mapping[str, Any]) -> None:
        earlier: list[str] = []
        for pattern in patterns:
            first = next((one for one in earlier if one in pattern), None)
            if first is not None:
                raise ConfigError(
                    f"`{name}` must have {pattern!r} before {first!r}, which matches all that it does and is tried first."
                )
            earlier.append(pattern)

    def _factor_of(self, path: str) -> float:
        return next((factor for pattern, factor in self.rate_factors.items() if pattern in path), 1.0)

    def _start_of(self, path: str) -> int:
        return next((step for pattern, step in self.start_steps.items() if pattern in path), 0)

    def _backend_apply_gradients(self, grads: list[Any], trainable_variables: list[Any]) -> None:
        fused = _fused()
        if fused is not None:
            grads = fused.sum_over_replicas(grads)
            starts = [self._starts[self._get_variable_index(variable)] for variable in trainable_variables]
            # Gradients of several batches are added up, which takes whole tables.
            whole = ops.convert_to_tensor if self.gradient_accumulation_steps else fused.sum_repeated_rows
            grads = [whole(gradient) for gradient in grads]
            grads = [
                fused.silence(gradient, self._iterations >= start) if start else gradient
                for gradient, start in zip(grads, starts, strict=True)
            ]
            if self.gradient_accumulation_steps and fused.has_replicas():
                self._accumulate_over_replicas(grads, trainable_variables)
                self._update_model_variables_moving_average(self._trainable_variables)
                return
        super()._backend_apply_gradients(grads, trainable_variables)

    def _accumulate_over_replicas(self, grads: list[Any], trainable_variables: list[Any]) -> None:
        """Accumulate as Keras does, but without a branch around the exchange between devices, which TensorFlow refuses."""
        fused: Any = _fused()
        sums = [self._accumulated_gradients[self._get_variable_index(variable)] for variable in trainable_variables]
        totals = [gradient + total for gradient, total in zip(grads, sums, strict=True)]
        due = ops.equal((self._iterations + 1) % self.gradient_accumulation_steps, 0)
        clipped = self._clip_gradients([total / self.gradient_accumulation_steps for total in totals])
        self.skipped.assign_add(ops.cast(ops.logical_and(due, ops.logical_not(self._finite)), "int32"))
        rate = self.learning_rate * ops.cast(self._finite, "float32")
        fused.update_everywhere(self, list(zip(clipped, trainable_variables, strict=True)), rate, due)
        kept = [ops.where(due, ops.zeros_like(total), total) for total in totals]
        fused.assign_everywhere(list(zip(sums, kept, strict=True)))

    def _update_model_variables_moving_average(self, trainable_variables: Any) -> None:
        fused = _fused()
        if fused is None or not self.use_ema:
            super()._update_model_variables_moving_average(trainable_variables)
            return
        momentum = ops.where(ops.equal(self.iterations, 0), 0.0, self.ema_momentum)
        averages = self._model_variables_moving_average
        values = [
            momentum * average + (1.0 - momentum) * variable
            for average, variable in zip(averages, trainable_variables, strict=True)
        ]
        fused.assign_everywhere(list(zip(averages, values, strict=True)))

    def _apply_weight_decay(self, variables: Any) -> None:
        """Nothing: `update_step` decays each variable at its own rate."""

    def _clip_gradients(self, gradients: list[Any]) -> list[Any]:
        fused = _fused()
        if fused is None:
            return list(super()._clip_gradients(gradients))
        if self.global_clipnorm is None:
            gradients = super()._clip_gradients(gradients)
        gradients, self._finite = fused.clip_by_global_norm(gradients, self.global_clipnorm)
        return gradients

    def _backend_update_step(self, grads: list[Any], trainable_variables: list[Any], learning_rate: Any) -> None:
        fused = _fused()
        if fused is None:
            super()._backend_update_step(grads, trainable_variables, learning_rate)
            return
        self.skipped.assign_add(ops.cast(ops.logical_not(self._finite), "int32"))
        rate = learning_rate * ops.cast(self._finite, "float32")
        fused.update_everywhere(self, list(zip(grads, trainable_variables, strict=True)), rate)


def check_patterns(optimizer: keras.optimizers.Optimizer, weights: Sequence[keras.Variable]) -> None:
    """Refuse an `AdamW`, perhaps inside a `LossScaleOptimizer`, with patterns that match none of a model's weights."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    if isinstance(inner, AdamW):
        inner.check_patterns([weight.path for weight in weights])


def _fused() -> Any:
    """TensorFlow's kernels; None on another backend."""
    if keras.backend.backend() != "tensorflow":
        return None
    from kerasbert.optimizers import _tensorflow_adam

    return _tensorflow_adam


def _parts_of(paths: Sequence[str]) -> list[str]:
    return sorted({part for path in paths for part in path.split("/")})
