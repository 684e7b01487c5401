"""Keeping the best epoch."""

from collections.abc import Mapping
from typing import Any

import keras

from kerasbert._core.checks import shorten, suggestion
from kerasbert._core.errors import ConfigError
from kerasbert.training.own_steps import has_own_steps


class _KeepBest(keras.callbacks.EarlyStopping):
    """Early stopping that keeps the later of two equally good epochs, which has seen more, at a lower rate."""

    def on_train_begin(self, logs: Any = None) -> None:
        super().on_train_begin(logs)
        names = [] if has_own_steps(self.model) else list(self.model.get_metrics_result())
        if names:
            self._check_monitor([*(f"val_{name}" for name in names), *names])

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._check_monitor(list(logs or {}))
        super().on_epoch_end(epoch, logs)

    def _check_monitor(self, known: list[str]) -> None:
        if self.monitor not in known:
            raise ConfigError(
                f"`monitor` must be one of {', '.join(map(repr, known))}; got {shorten(self.monitor)}."
                f"{suggestion(self.monitor, known)}"
            )
        try:
            if self.monitor_op is None:
                self._set_monitor_op()
        except ValueError as error:
            raise ConfigError(
                f"`monitor` must be a loss or a metric that says whether more is better, as those of keras.metrics do; got "
                f"{self.monitor!r}. Pass callbacks=[keras.callbacks.EarlyStopping({self.monitor!r}, mode='max', "
                f"restore_best_weights=True)] instead."
            ) from error

    def _is_improvement(self, monitor_value: Any, reference_value: Any) -> bool:
        return bool(monitor_value == reference_value or super()._is_improvement(monitor_value, reference_value))


def keep_best(monitor: str, patience: int, *, mode: str | None = None) -> keras.callbacks.Callback:
    """Return the callback that restores the weights of the best epoch, and stops after so many that are no better.

    Args:
        monitor: quantity in the history.
        patience: epochs without improvement, >= 1.
        mode: `"min"`, `"max"`, or `"auto"` for what the metric itself says; None: the smallest loss, or the greatest of
            anything else.
    """
    chosen = mode or ("min" if monitor.endswith("loss") else "max")
    return _KeepBest(monitor=monitor, mode=chosen, patience=patience, restore_best_weights=True)
