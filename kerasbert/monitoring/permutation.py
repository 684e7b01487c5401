"""Two-sample permutation tests on counts: the p-value of exchanging the texts of two samples, without exchanging any.

What is compared is a number of each text that takes few values: 0 or 1 for a label, the bin of a probability, a length. The
counts of each value in the reference and in the window are then all that the test needs.
"""

import numpy as np

# Where the sum lies so near to its expectation, the correction of the saddlepoint is 0 over 0, and the p-value about 1.
NEAR = 1e-3
MOST_STEPS = 60
TOLERANCE = 1e-9


def share_p_values(
    reference_hits: np.ndarray, reference_size: int, window_hits: np.ndarray, window_size: int
) -> np.ndarray:
    """Test, for each of C labels, that its share is the same in reference and window: Fisher's exact test, as mid-p.

    Given how many of all texts have the label, the number in the window is hypergeometric. The p-value is twice the smaller
    tail, in which the observed number counts half: on average it rejects as often as it says, where Fisher's own p-value rejects
    far less often.

    Args:
        reference_hits: how many texts of the reference have the label, (C,).
        reference_size: texts of the reference.
        window_hits: the same of the window, (C,).
        window_size: texts of the window.

    Returns:
        Two-sided mid-p-values, (C,).

    Reference:
        Lancaster, "Significance Tests in Discrete Distributions", 1961; Agresti, "Categorical Data Analysis", 2013,
        section 3.5.
    """
    from scipy.stats import hypergeom

    pairs = np.stack([np.asarray(window_hits, np.int64), np.asarray(reference_hits, np.int64)], axis=1)
    # Most words are rare, and many of them have the same two numbers.
    distinct, places = np.unique(pairs, axis=0, return_inverse=True)
    hits = distinct[:, 0]
    law = hypergeom(reference_size + window_size, distinct.sum(axis=1), window_size)
    half = 0.5 * law.pmf(hits)
    smaller = np.minimum(law.cdf(hits - 1) + half, law.sf(hits) + half)
    return np.asarray(np.minimum(2 * smaller, 1.0))[places.reshape(-1)]


def score_p_values(reference: np.ndarray, window: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Test, for each of C rows, that a score has the same mean in reference and window.

    The sum of the window's scores is compared with that of as many texts drawn from both samples together, without
    replacement. The tails are those of the saddlepoint approximation, whose error is relative, so that it holds for p-values of
    1e-10 as for 0.1, for skewed scores and for few texts; sums at an end of their range are exact. With scores of 0 and 1 it is
    `share_p_values`, with ranks Wilcoxon's test.

    Args:
        reference: int (C, B), the number of the reference's texts with each of B scores.
        window: int (C, B), the same of the window.
        scores: (C, B), or (B,) for all rows.

    Returns:
        Two-sided p-values, (C,); 1 where all texts have one score, or one of the samples has none.

    Reference:
        Robinson, "Saddlepoint Approximations for Permutation Tests and Confidence Intervals", 1982; Skovgaard, "Saddlepoint
        Expansions for Conditional Distributions", 1987, equation 4.2, for the form.
    """
    reference, window = np.atleast_2d(reference).astype(np.float64), np.atleast_2d(window).astype(np.float64)
    pooled = reference + window
    scores = np.broadcast_to(np.asarray(scores, np.float64), pooled.shape)
    found = np.ones(len(pooled))
    sizes, totals = window.sum(axis=1), pooled.sum(axis=1)
    means = (pooled * scores).sum(axis=1) / np.maximum(totals, 1)
    spreads = np.sqrt((pooled * (scores - means[:, None]) ** 2).sum(axis=1) / np.maximum(totals, 1))
    scale = np.abs(np.where(pooled > 0, scores, 0)).max(axis=1, initial=0)
    tested = (sizes > 0) & (sizes < totals) & (spreads > 1e-12 * scale) & (spreads > 0)
    if tested.any():
        standard = (scores[tested] - means[tested, None]) / spreads[tested, None]
        found[tested] = _tails(pooled[tested], window[tested], standard)
    return found


def rank_scores(pooled: np.ndarray) -> np.ndarray:
    """Return the rank of each value among all texts, from -1/2 to 1/2, ties in their middle: Wilcoxon's scores.

    Args:
        pooled: int (..., B), the number of texts with each value, in ascending order of the values.
    """
    pooled = np.asarray(pooled, np.float64)
    total = np.maximum(pooled.sum(axis=-1, keepdims=True), 1)
    return np.asarray((np.cumsum(pooled, axis=-1) - pooled / 2) / total - 0.5)


def _tails(pooled: np.ndarray, window: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Two-sided p-values of standardised scores, (C,)."""
    sizes, totals, sums = window.sum(axis=1), pooled.sum(axis=1), (window * scores).sum(axis=1)
    found = np.empty(len(pooled))
    ends = [_end(pooled, sizes, direction * scores) for direction in (1, -1)]
    is_end = np.zeros(len(pooled), bool)
    for (lowest, log_share), direction in zip(ends, (1, -1), strict=True):
        at_end = direction * sums <= lowest + 1e-9 * sizes
        found[at_end] = np.exp(log_share[at_end])
        is_end |= at_end
    inside = ~is_end
    if inside.any():
        share = (sizes / totals)[inside]
        found[inside] = _saddlepoint(pooled[inside], scores[inside], share, sizes[inside], sums[inside])
    return np.minimum(found, 1.0)


def _end(pooled: np.ndarray, sizes: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The smallest sum that `sizes` texts can have, and the logarithm of its probability, both (C,)."""
    from scipy.special import gammaln

    order = np.argsort(scores, axis=1, kind="stable")
    counts = np.take_along_axis(pooled, order, axis=1)
    values = np.take_along_axis(scores, order, axis=1)
    taken = np.clip(sizes[:, None] - (np.cumsum(counts, axis=1) - counts), 0, counts)
    lowest = (taken * values).sum(axis=1)

    def log_choices(total: np.ndarray, size: np.ndarray) -> np.ndarray:
        return np.asarray(gammaln(total + 1) - gammaln(size + 1) - gammaln(total - size + 1))

    # Texts of one score that lies in several bins may be exchanged for one another.
    last = np.where(taken > 0, values, -np.inf).max(axis=1, keepdims=True)
    same = np.isclose(values, last, rtol=0, atol=1e-12)
    log_share = log_choices((counts * same).sum(axis=1), (taken * same).sum(axis=1)) - log_choices(
        counts.sum(axis=1), sizes
    )
    return lowest, np.minimum(log_share, 0.0)


def _saddlepoint(
    pooled: np.ndarray, scores: np.ndarray, share: np.ndarray, sizes: np.ndarray, sums: np.ndarray
) -> np.ndarray:
    """Two-sided p-values of sums inside of their range.

    The sample is n Bernoulli draws given their number. Their cumulants are K(s, t) = sum of log(1 - q + q exp(s + t score)),
    q the share; the saddlepoint is where K has the gradient (sizes, sums).
    """
    from scipy.stats import norm

    s, t, gain = _solve(pooled, scores, share, sizes, sums)
    w = np.sign(t) * np.sqrt(np.maximum(2 * gain, 0))
    chosen = _chosen(scores, share, s, t)
    weights = pooled * chosen * (1 - chosen)
    a, b, c = weights.sum(axis=1), (weights * scores).sum(axis=1), (weights * scores**2).sum(axis=1)
    plain = pooled.sum(axis=1) * share * (1 - share)
    with np.errstate(divide="ignore", invalid="ignore"):
        u = t * np.sqrt(np.maximum(a * c - b**2, 0) / plain)
        corrected = np.where(np.abs(w) > NEAR, w + np.log(u / w) / w, w)
    corrected = np.where(np.isfinite(corrected), corrected, w)
    return np.asarray(2 * norm.sf(np.abs(corrected)))


def _solve(
    pooled: np.ndarray, scores: np.ndarray, share: np.ndarray, sizes: np.ndarray, sums: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Maximise s * sizes + t * sums - K(s, t), which is concave, by damped Newton steps; return s, t and the maximum, (C,)."""

    def gain(s: np.ndarray, t: np.ndarray) -> np.ndarray:
        tilt = s[:, None] + t[:, None] * scores
        # log(1 - q + q e^x), without overflow.
        cumulant = np.logaddexp(np.log1p(-share)[:, None], np.log(share)[:, None] + tilt)
        return np.asarray(s * sizes + t * sums - (pooled * cumulant).sum(axis=1))

    s, t = np.zeros(len(pooled)), np.zeros(len(pooled))
    value = gain(s, t)
    for _ in range(MOST_STEPS):
        chosen = _chosen(scores, share, s, t)
        first, second = sizes - (pooled * chosen).sum(axis=1), sums - (pooled * chosen * scores).sum(axis=1)
        if max(np.abs(first / sizes).max(), np.abs(second / sizes).max()) < TOLERANCE:
            break
        weights = pooled * chosen * (1 - chosen)
        a, b, c = weights.sum(axis=1), (weights * scores).sum(axis=1), (weights * scores**2).sum(axis=1)
        size = np.maximum(a * c - b**2, 1e-300)
        step_s, step_t = (c * first - b * second) / size, (a * second - b * first) / size
        # No step changes a log-odds by more than a few units, where the quadratic model still holds.
        longest = np.maximum(np.abs(step_s[:, None] + step_t[:, None] * scores).max(axis=1), 1e-300)
        factor = np.minimum(1.0, 4.0 / longest)
        for _ in range(30):
            reached = gain(s + factor * step_s, t + factor * step_t)
            worse = reached < value - 1e-12 * np.abs(value) - 1e-12
            if not worse.any():
                break
            factor = np.where(worse, factor / 2, factor)
        s, t = s + factor * step_s, t + factor * step_t
        value = reached
    return s, t, value


def _chosen(scores: np.ndarray, share: np.ndarray, s: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The tilted probability of each text to be drawn, (C, B)."""
    from scipy.special import expit

    odds = np.log(share) - np.log1p(-share)
    return np.asarray(expit(odds[:, None] + s[:, None] + t[:, None] * scores))
