"""Reliability: predicted probabilities against observed frequencies, and errors that say how far apart they are."""

from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_int
from kerasbert._core.errors import DataError
from kerasbert.objectives.exact_intervals import wilson_interval
from kerasbert.tasks.task import Task

# Of the expected calibration error of a head; a reliability diagram has fewer, in which there is more to see.
BINS = 15
RESAMPLES = 1000
LEVEL = 0.95
# Draws of single texts at a time, 8 bytes each, and in all: of more texts there are fewer resamples, at least 100.
DRAWS_AT_ONCE, MOST_DRAWS, LEAST_RESAMPLES = 1_000_000, 200_000_000, 100
# Bounds the logarithm of a probability of zero.
LEAST = 1e-12


def reliability(y_true: np.ndarray, probabilities: np.ndarray, *, bins: int = 10) -> dict[str, Any]:
    """Compare predicted probabilities with observed frequencies, in bins of equal width.

    Args:
        y_true: (n,) of 0 or 1.
        probabilities: (n,) of 1; one on an edge belongs to the bin below.
        bins: number of bins, >= 1.

    Returns:
        `expected_calibration_error`, the mean gap over the texts (None without a text), and lists over the bins that are not
        empty: the means `predicted` and `observed`, `count`, and `low` and `high`, the 95 % Wilson interval of `observed`.

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks", 2017.
    """
    check_int("bins", bins, 1)
    y_true, probabilities = np.asarray(y_true, np.float64), np.asarray(probabilities, np.float64)
    if y_true.shape != probabilities.shape or y_true.ndim != 1:
        raise DataError(
            f"`y_true` and `probabilities` must be of one shape (n,); got {y_true.shape} and {probabilities.shape}."
        )
    places = bin_of(probabilities, bins)
    count = np.bincount(places, minlength=bins)
    filled = count > 0
    count = count[filled]
    predicted = np.bincount(places, probabilities, bins)[filled] / count
    observed = np.bincount(places, y_true, bins)[filled] / count
    gap = np.abs(predicted - observed)
    low, high = wilson_interval(observed * count, count)
    return {
        "expected_calibration_error": float(np.average(gap, weights=count)) if len(count) else None,
        "predicted": predicted.tolist(),
        "observed": observed.tolist(),
        "count": count.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
    }


def bin_of(probabilities: np.ndarray, bins: int) -> np.ndarray:
    """Return which of some bins of equal width each probability lies in; one on an edge belongs to the bin below."""
    return np.searchsorted(np.linspace(0, 1, bins + 1)[1:-1], probabilities)


class Errors(NamedTuple):
    """How far the probabilities of a head are from what was observed, of each text; sums over texts give the measures.

    Args:
        gaps: of each bin, predicted less observed, summed over what a text puts into it, (n, bins).
        judged: how many probabilities of a text are judged, (n,).
        brier: squared errors of a text, summed over them; of exclusive labels over the classes, (n,).
        log_loss: cross-entropy of a text, (n,); of independent labels summed over them.
    """

    gaps: np.ndarray
    judged: np.ndarray
    brier: np.ndarray
    log_loss: np.ndarray

    def measures(self, weights: np.ndarray) -> dict[str, np.ndarray]:
        """Return the measures of resamples: name -> (r,).

        Args:
            weights: how often each text is in each resample, (r, n).
        """
        total = weights @ self.judged
        return {
            "expected_calibration_error": np.abs(weights @ self.gaps).sum(axis=1) / total,
            "brier": weights @ self.brier / total,
            "log_loss": weights @ self.log_loss / total,
        }


def errors_of(task: Task, y_true: np.ndarray, probabilities: np.ndarray, *, bins: int = BINS) -> Errors:
    """Measure the errors of a head's probabilities, text by text.

    Of exclusive labels the calibration error is that of the predicted class, of others that of all labels and texts
    together, as in `calibration_of`.

    Args:
        task: of the head.
        y_true: encoded labels; texts without a known one, and unknown labels of a text, are not judged.
        probabilities: (n, units).
        bins: of equal width.
    """
    y_true, shares = np.asarray(y_true), np.asarray(probabilities, np.float64)
    if task.uses_thresholds:
        known = (y_true >= 0).astype(np.float64)
        hits, judged = np.maximum(y_true, 0.0), shares
        brier = ((shares - hits) ** 2 * known).sum(axis=1)
        chance = np.where(hits > 0, shares, 1 - shares)
        log_loss = -(np.log(np.maximum(chance, LEAST)) * known).sum(axis=1)
    else:
        known = (y_true >= 0).astype(np.float64)[:, None]
        chosen, rows = shares.argmax(axis=1), np.arange(len(shares))
        true = np.maximum(y_true, 0).astype(np.int64)
        hits, judged = (chosen == true).astype(np.float64)[:, None], shares[rows, chosen][:, None]
        brier = ((shares**2).sum(axis=1) - 2 * shares[rows, true] + 1) * known[:, 0]
        log_loss = -np.log(np.maximum(shares[rows, true], LEAST)) * known[:, 0]
    gaps = np.zeros((len(shares), bins))
    np.add.at(gaps, (np.arange(len(shares))[:, None], bin_of(judged, bins)), (judged - hits) * known)
    return Errors(gaps, known.sum(axis=1), brier, log_loss)


def with_intervals(errors: Errors, *, seed: int = 0) -> dict[str, Any]:
    """Return the measures of a head, each with a 95 % interval, from resamples of the texts.

    Returns:
        `expected_calibration_error`, `brier` and `log_loss`, and under `intervals` the same names -> [low, high]; percentiles
        of the resamples, which for the calibration error lie high where texts are few, as it does itself.
    """
    count = len(errors.judged)
    measured = {name: float(values[0]) for name, values in errors.measures(np.ones((1, count))).items()}
    drawn = [errors.measures(weights) for weights in resamples(count, seed)]
    intervals = {name: ends(np.concatenate([part[name] for part in drawn])) for name in measured}
    return {**measured, "intervals": intervals}


def resamples(count: int, seed: int = 0) -> Any:
    """Iterate over chunks of bootstrap resamples of texts, `RESAMPLES` in all, as float (chunk, count): how often each is drawn."""
    random = np.random.default_rng(seed)
    total = max(min(RESAMPLES, MOST_DRAWS // count), LEAST_RESAMPLES)
    chunk = max(DRAWS_AT_ONCE // count, 1)
    for start in range(0, total, chunk):
        rows = min(chunk, total - start)
        places = random.integers(0, count, (rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(places.reshape(-1), minlength=rows * count).reshape(rows, count).astype(np.float64)


def ends(drawn: np.ndarray) -> list[float]:
    """Return the ends of the interval that holds 95 % of some resampled values."""
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return [float(low), float(high)]
