"""Losses that are no longer numbers, or far beyond what they were."""

import math
import statistics
from typing import final

# A loss this many times the first ones says that the weights are lost; far above what a hard batch gives.
EXPLODED = 1000.0
FIRST = 20
# In float16 the loss is scaled up, by 32,768 at first and half as much after each gradient that is not finite, which moves
# no weight. Ordinary gradients need far more than this.
SMALLEST_SCALE = 1.0


@final
class LossGuard:
    """Looks at the loss of every batch."""

    def __init__(self) -> None:
        self._first: list[float] = []
        self._skipped: int | None = None

    def check(self, loss: float, skipped: int, scale: float | None = None) -> str | None:
        """Say what is wrong: a sentence's beginning, or None while all is well.

        Args:
            loss: of a batch.
            skipped: updates left out so far because a gradient was not finite.
            scale: by which the loss is multiplied in float16; None: not at all.
        """
        before, self._skipped = self._skipped, skipped
        if not math.isfinite(loss):
            return f"The loss became {loss:g}"
        if before is not None and skipped > before or before is None and skipped:
            return "A gradient became infinite or NaN"
        if scale is not None and scale < SMALLEST_SCALE:
            return (
                f"The loss scale fell to {scale:g}, because gradients in float16 were infinite or NaN again and again,"
            )
        if len(self._first) == FIRST and loss > EXPLODED * max(statistics.median(self._first), 1.0):
            return f"The loss exploded to {loss:.3g}"
        if len(self._first) < FIRST:
            self._first.append(loss)
        return None
