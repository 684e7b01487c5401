"""Losses that are no longer numbers, or far beyond what they were."""

import math
import statistics
from typing import final

# A loss this many times the first ones says that the weights are lost; far above what a hard batch gives.
EXPLODED = 1000.0
FIRST = 20


@final
class LossGuard:
    """Looks at the loss of every batch.

    Example:
        >>> guard = LossGuard()
        >>> guard.check(0.7, 0), guard.check(float("nan"), 0)
        (None, 'The loss became nan')
    """

    def __init__(self) -> None:
        self._first: list[float] = []
        self._skipped: int | None = None

    def check(self, loss: float, skipped: int) -> str | None:
        """Say what is wrong.

        Args:
            loss: of a batch.
            skipped: updates left out so far because a gradient was not finite.

        Returns:
            A sentence's beginning, or None while all is well.
        """
        before, self._skipped = self._skipped, skipped
        if not math.isfinite(loss):
            return f"The loss became {loss:g}"
        if before is not None and skipped > before or before is None and skipped:
            return "A gradient became infinite or NaN"
        if len(self._first) == FIRST and loss > EXPLODED * max(statistics.median(self._first), 1.0):
            return f"The loss exploded to {loss:.3g}"
        if len(self._first) < FIRST:
            self._first.append(loss)
        return None
