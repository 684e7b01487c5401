"""Accuracy where labels are known, and an estimate where none are."""

import numpy as np

from kerasbert.monitoring.drift_check import AccuracyFacts
from kerasbert.monitoring.profile import HeadProfile
from kerasbert.objectives.exact_intervals import wilson_interval

CONFIDENCE_Z = 1.959963984540054
# Texts of the reference that a band of confidences holds at least, so that its accuracy is known to a few points.
FEWEST_IN_BAND = 30


def accuracy_facts(name: str, reference: HeadProfile, window: HeadProfile) -> AccuracyFacts:
    """Return how often a head is right in a window, see `AccuracyFacts`."""
    labelled = window.num_labelled
    accuracy, interval = None, None
    if labelled:
        low, high = wilson_interval(np.array([window.num_right]), np.array([labelled]))
        accuracy, interval = window.num_right / labelled, (float(low[0]), float(high[0]))
    known = reference.num_labelled
    estimated = estimate_accuracy(reference.judged_confidence, window.confidence) if known else (None, None)
    return AccuracyFacts(name, reference.num_right / known if known else None, labelled, accuracy, interval, *estimated)


def estimate_accuracy(judged: np.ndarray, confidence: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Estimate the accuracy on texts without labels from their confidences.

    It is the mean, over the window's texts, of the share of the reference's texts of like confidence that are right. That holds
    as long as texts of one confidence are right as often as they were: where only the mixture of easy and hard texts has
    changed. On a new kind of text a classifier is often wrong with confidence, and the estimate too high.

    Args:
        judged: int (2, B), texts of the reference by the bin of their confidence: predicted wrong, and right.
        confidence: int (B,), texts of the window by bin, at least one.

    Returns:
        The estimate, and its 95 % interval, which covers the choice of both samples of texts.

    Reference:
        Guillory et al., "Predicting with Confidence on Unseen Distributions", 2021, for averages of confidences; here
        they are calibrated on the reference first.

    Example:
        >>> estimate_accuracy(np.array([[50, 10], [50, 90]]), np.array([10, 30]))[0]
        0.8
    """
    bands = _bands(judged.sum(axis=0))
    right, known = (np.bincount(bands, counts) for counts in (judged[1], judged.sum(axis=0)))
    rates = right / np.maximum(known, 1)
    inside = np.bincount(bands, confidence, minlength=len(rates))
    shares = inside / inside.sum()
    estimate = float(shares @ rates)
    of_reference = float((shares**2 * rates * (1 - rates) / np.maximum(known, 1)).sum())
    # A text of the window is right or wrong, as its band is.
    of_window = estimate * (1 - estimate) / inside.sum()
    width = CONFIDENCE_Z * np.sqrt(of_reference + of_window)
    return estimate, (float(max(estimate - width, 0.0)), float(min(estimate + width, 1.0)))


def _bands(counts: np.ndarray) -> np.ndarray:
    """Number bins so that those of one number are neighbours and hold enough texts, int64 (B,)."""
    bands, inside, band = np.zeros(len(counts), np.int64), 0, 0
    for place, count in enumerate(counts):
        if inside >= FEWEST_IN_BAND:
            band, inside = band + 1, 0
        bands[place] = band
        inside += int(count)
    if inside < FEWEST_IN_BAND and band:
        bands[bands == band] = band - 1
    return bands
