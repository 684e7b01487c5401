"""Exact intervals of proportions, for scores whose bootstrap interval is a single point."""

import numpy as np


def wilson_interval(hits: np.ndarray, trials: np.ndarray, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Compute Wilson's score intervals of proportions, never a single point: lower and upper ends, (n,).

    Reference:
        Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927.
    """
    from scipy.stats import norm

    z = float(norm.ppf((1 + level) / 2))
    share = hits / trials
    middle = share + z**2 / (2 * trials)
    width = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    scale = 1 + z**2 / trials
    return np.clip((middle - width) / scale, 0, 1), np.clip((middle + width) / scale, 0, 1)


def constant_score_intervals(
    true: np.ndarray, predicted: np.ndarray, counts: np.ndarray, *, exclusive: bool, level: float
) -> dict[str, tuple[float, float]]:
    """Compute Clopper-Pearson intervals of the scores that are the same in every resample of the texts.

    These are an accuracy of 0 or 1, and F1 scores of labels that are always predicted rightly, or never. The trials of a
    label are the texts that have it or were predicted to; a mean over labels has the effective number of trials of a mean
    of proportions. An F1 of 1 has the lower limit of the proportion of hits; an F1 of 0 the upper limit s as
    2s / (1 + s), since F1 lies above the proportion.

    Args:
        true: bool (k, C), the labels of k distinct outcomes.
        predicted: bool (k, C).
        counts: int (k,), the number of texts with each.
        exclusive: whether each text has one label, so that micro-F1 is accuracy.
        level: confidence, in (0, 1).

    Reference:
        Clopper and Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial", 1934;
        Korn and Graubard, "Confidence Intervals for Proportions with Small Expected Number of Positive Counts Estimated
        from Survey Data", 1998, for effective numbers of trials.
    """
    right = (true == predicted).all(axis=1)
    marked = true | predicted
    hits, trials, support = counts @ (true & predicted), counts @ marked, counts @ true
    ones = np.ones(1)
    found = {}
    if right.all() or not right.any():
        found["accuracy"] = _interval(ones, counts.sum(keepdims=True), right[:1], level, is_f1=False)
    if exclusive and "accuracy" in found:
        found["micro_f1"] = found["accuracy"]
    elif not exclusive and _is_constant(hits.sum(), trials.sum()):
        found["micro_f1"] = _interval(ones, np.array([counts @ marked.any(axis=1)]), np.array([hits.any()]), level)
    macro, weighted = np.full(len(hits), 1 / len(hits)), support / max(support.sum(), 1)
    for name, weights in (("macro_f1", macro), ("weighted_f1", weighted)):
        counted = (trials > 0) & (weights > 0)
        if _is_constant(hits[counted], trials[counted]):
            found[name] = _interval(weights[counted], trials[counted], hits[counted] > 0, level)
    if _is_constant(hits[-1], trials[-1]):
        # Nothing is known of a label without trials.
        found["f1"] = _interval(ones, trials[-1:], hits[-1:] > 0, level) if trials[-1] else (0.0, 1.0)
    return found


def _is_constant(hits: np.ndarray, trials: np.ndarray) -> bool:
    return bool(((hits == 0) | (hits == trials)).all())


def _interval(
    weights: np.ndarray, trials: np.ndarray, is_hit: np.ndarray, level: float, *, is_f1: bool = True
) -> tuple[float, float]:
    """Compute the interval of a weighted mean of proportions that are 1 (`is_hit`) or 0.

    Clopper and Pearson's limits: alpha^(1/n) below n hits of n trials, 1 - alpha^(1/n) above none, with
    alpha = (1 - level) / 2.
    """
    low = high = 0.0
    for hit in (True, False):
        part = weights[is_hit == hit]
        if not len(part):
            continue
        # A mean of proportions with unequal trials is as uncertain as one proportion with this many.
        effective = part.sum() ** 2 / (part**2 / trials[is_hit == hit]).sum()
        limit = ((1 - level) / 2) ** (1 / effective)
        if hit:
            low, high = low + part.sum() * limit, high + part.sum()
        else:
            high += part.sum() * (2 * (1 - limit) / (2 - limit) if is_f1 else 1 - limit)
    return float(low), min(float(high), 1.0)
