"""Whether an engine gives a classifier's answers, and how fast it is on this machine."""

import dataclasses
import math
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.errors import ArtifactError
from kerasbert.engines.compiled import CompiledEngine
from kerasbert.engines.settings import FLOAT32
from kerasbert.export.comparison import differences, tolerance_of
from kerasbert.objectives.exact_intervals import wilson_interval
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.tokenization.token_arrays import TokenArrays

ROUNDS = 3
# Texts that are timed one at a time.
SINGLE_TEXTS = 20


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Texts to compare engines on, and what the classifier answers.

    Args:
        trained: the classifier, which computes in Keras.
        tokens: n texts, n >= 1.
        expected: their probabilities, by head.
        agreement: lower limit of the 95 % interval of the share of texts that get the same labels.
    """

    trained: TrainedClassifier
    tokens: TokenArrays
    expected: Mapping[str, np.ndarray]
    agreement: float

    def compare(self, engine: CompiledEngine) -> dict[str, Any]:
        """Compare an engine with the classifier.

        Returns:
            `texts`, `largest_difference` of a probability, `different_decisions`, and the Wilson interval of the share of texts
            that get the same labels, `agreement`.
        """
        found = differences(self.trained, self.expected, engine.run(self.tokens)[0])
        report = {"texts": len(self.tokens), **found}
        low, high = _agreement(report)
        # Downwards, so that what is refused does not seem to reach the limit.
        return {**report, "agreement": [math.floor(low * 1e4) / 1e4, round(high, 4)]}

    def check(self, precision: str, report: Mapping[str, Any]) -> None:
        """Refuse an engine whose answers are others.

        Raises:
            ArtifactError: saying by how much.
        """
        if precision == FLOAT32:
            tolerance, largest = tolerance_of(self.trained), report["largest_difference"]
            if not largest <= tolerance:
                raise ArtifactError(
                    f"The engine differs from the classifier: a probability by {largest:.3g}, more than {tolerance:g}. A pooling "
                    f"of your own may be converted wrongly; compare its operations with those of tf2onnx, or stay in Keras."
                )
        elif not self.agrees(report):
            raise ArtifactError(
                f"`precision` {precision!r} gives other labels to {report['different_decisions']} of {report['texts']} texts; the "
                f"share of texts with the same ones has a 95 % interval from {report['agreement'][0]}, which must reach "
                f"agreement={self.agreement:g}. Take precision='float32', give more `texts` if few differ, or a lower `agreement`."
            )

    def agrees(self, report: Mapping[str, Any]) -> bool:
        """Whether the interval of a comparison lies above the limit."""
        return _agreement(report)[0] >= self.agreement

    def time(self, engines: Sequence[CompiledEngine]) -> list[dict[str, float]]:
        """Time engines in turns: `texts_per_second` of all texts, and `latency_p50_ms` of one, medians of three rounds each."""
        single = [self.tokens.take([place % len(self.tokens)]) for place in range(SINGLE_TEXTS)]
        whole: list[list[float]] = [[] for _ in engines]
        alone: list[list[float]] = [[] for _ in engines]
        for _ in range(ROUNDS):
            for place, engine in enumerate(engines):
                whole[place].append(_seconds(engine, self.tokens))
                alone[place] += [_seconds(engine, one) for one in single]
        return [
            {
                "texts_per_second": round(len(self.tokens) / statistics.median(all_texts), 1),
                "latency_p50_ms": round(1000 * statistics.median(one_text), 3),
            }
            for all_texts, one_text in zip(whole, alone, strict=True)
        ]


def _agreement(report: Mapping[str, Any]) -> tuple[float, float]:
    """Return the 95 % interval of the share of texts that get the same labels."""
    count = report["texts"]
    low, high = wilson_interval(np.array([count - report["different_decisions"]]), np.array([count]))
    return float(low[0]), float(high[0])


def _seconds(engine: CompiledEngine, tokens: TokenArrays) -> float:
    begin = time.perf_counter()
    engine.run(tokens)
    return time.perf_counter() - begin
