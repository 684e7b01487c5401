"""Exact intervals of proportions, for scores whose bootstrap gives a single point: every text right, or none."""

import numpy as np


def wilson_interval(hits: np.ndarray, trials: np.ndarray, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Intervals of shares by Wilson's score method, which are never a point.

    Args:
        hits: (n,), from 0 to `trials`.
        trials: (n,), >= 1.
        level: confidence, in (0, 1).

    Returns:
        Lower and upper ends, each (n,), in [0, 1].

    Example:
        >>> low, high = wilson_interval(np.array([1, 500]), np.array([1, 500]))
        >>> low.round(2).tolist(), high.tolist()
        ([0.21, 0.99], [1.0, 1.0])

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


def settled_intervals(
    true: np.ndarray, decided: np.ndarray, counts: np.ndarray, *, exclusive: bool, level: float
) -> dict[str, tuple[float, float]]:
    """Clopper-Pearson intervals of those scores that no other drawing of the same texts would change.

    Such are an accuracy of 0 or 1, and F1 scores of labels that are always found and never given wrongly, or never found.
    The trials of a label are the texts that have it or were given it; a mean over labels has the effective number of
    trials of a mean of their shares. An F1 of 1 takes the lower end of the share of trials that are hits; an F1 of 0 the
    upper end as 2s / (1 + s), since F1 lies above that share s.

    Args:
        true: bool (k, C), the labels of k distinct outcomes.
        decided: bool (k, C), what was decided.
        counts: int (k,), how many texts have each.
        exclusive: whether each text has one label, so that micro-F1 is accuracy.
        level: confidence, in (0, 1).

    Returns:
        Score name, as in `bootstrap_intervals`, -> (low, high); without the scores that drawing changes.

    Example:
        >>> right = np.eye(2, dtype=bool)
        >>> found = settled_intervals(right, right, np.array([10, 10]), exclusive=True, level=0.95)
        >>> round(found["accuracy"][0], 4), found["accuracy"][1]
        (0.8316, 1.0)

    Reference:
        Clopper and Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the Case of the Binomial", 1934;
        Korn and Graubard, "Confidence Intervals for Proportions with Small Expected Number of Positive Counts Estimated
        from Survey Data", 1998, for effective numbers of trials.
    """
    right = (true == decided).all(axis=1)
    marked = true | decided
    hits, trials, support = counts @ (true & decided), counts @ marked, counts @ true
    ones = np.ones(1)
    found = {}
    if right.all() or not right.any():
        found["accuracy"] = _interval(ones, counts.sum(keepdims=True), right[:1], level, is_f1=False)
    if exclusive and "accuracy" in found:
        found["micro_f1"] = found["accuracy"]
    elif not exclusive and _is_settled(hits.sum(), trials.sum()):
        found["micro_f1"] = _interval(ones, np.array([counts @ marked.any(axis=1)]), np.array([hits.any()]), level)
    for name, weights in {"macro_f1": np.full(len(hits), 1 / len(hits)), "weighted_f1": _shares(support)}.items():
        counted = (trials > 0) & (weights > 0)
        if _is_settled(hits[counted], trials[counted]):
            found[name] = _interval(weights[counted], trials[counted], hits[counted] > 0, level)
    if _is_settled(hits[-1], trials[-1]):
        # Of a label that no text has and none was given, nothing is known.
        found["f1"] = _interval(ones, trials[-1:], hits[-1:] > 0, level) if trials[-1] else (0.0, 1.0)
    return found


def _is_settled(hits: np.ndarray, trials: np.ndarray) -> bool:
    return bool(((hits == 0) | (hits == trials)).all())


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / max(counts.sum(), 1)


def _interval(
    weights: np.ndarray, trials: np.ndarray, is_hit: np.ndarray, level: float, *, is_f1: bool = True
) -> tuple[float, float]:
    """The interval of a weighted mean of shares that are 1 (`is_hit`) or 0."""
    low = high = 0.0
    for flag in (True, False):
        part = weights[is_hit == flag]
        if not len(part):
            continue
        effective = part.sum() ** 2 / (part**2 / trials[is_hit == flag]).sum()
        end = ((1 - level) / 2) ** (1 / effective)
        if flag:
            low, high = low + part.sum() * end, high + part.sum()
        else:
            rest = 1 - end
            high += part.sum() * (2 * rest / (1 + rest) if is_f1 else rest)
    return float(low), min(float(high), 1.0)
