"""Whether two samples of vectors come from one distribution: the maximum mean discrepancy, with a permutation test."""

from typing import NamedTuple

import numpy as np

# Permutations at a time; of a p-value that they cannot tell from 0, ten times as many.
PERMUTATIONS, MORE = 999, 9000
CHUNK = 500
ROUNDING = 1e-6
# So many permutations beyond the statistic tell the p-value well enough.
ENOUGH = 10


class VectorDrift(NamedTuple):
    """How far two samples of vectors lie apart.

    Args:
        p_value: that they come from one distribution.
        separation: share of pairs of a window's and a reference's vector of which the window's lies nearer to the
            window's other vectors: 1/2 where nothing has changed, 1 where nothing is as it was.
        interval: of `separation`, 95 %.
    """

    p_value: float
    separation: float
    interval: tuple[float, float]


def vector_drift(reference: np.ndarray, window: np.ndarray, *, seed: int = 0) -> VectorDrift:
    """Compare two samples of vectors.

    The statistic is the squared maximum mean discrepancy with a Gaussian kernel as wide as the median distance. The p-value is
    the share of random divisions of all vectors into samples of these sizes that lie at least as far apart; where
    none of 9,999 does, it is the tail of a gamma distribution with their mean, variance and skewness.

    Args:
        reference: float (n, d), n >= 2.
        window: float (m, d), m >= 2.
        seed: of the permutations.

    Returns:
        p-value and effect.

    Reference:
        Gretton et al., "A Kernel Two-Sample Test", 2012; DeLong, DeLong and Clarke-Pearson, "Comparing the Areas under
        Two or More Correlated Receiver Operating Characteristic Curves", 1988, for the interval.
    """
    kernel = _kernel(np.concatenate([reference, window]))
    size, window_size = len(kernel), len(window)
    is_window = np.arange(size) >= len(reference)
    observed = float(_statistics(kernel, is_window[None])[0])
    random = np.random.default_rng(seed)
    # Rounding must not make an equal discrepancy a smaller one.
    reach = observed - ROUNDING
    drawn = _permuted(kernel, window_size, random, PERMUTATIONS)
    if (drawn >= reach).sum() < 2 * ENOUGH:
        drawn = np.concatenate([drawn, _permuted(kernel, window_size, random, MORE)])
    reached = int((drawn >= reach).sum())
    p_value = (reached + 1) / (len(drawn) + 1)
    if reached < ENOUGH:
        p_value = min(p_value, max(_gamma_tail(drawn, observed), 1e-300))
    return VectorDrift(p_value, *_separation(kernel, is_window))


def _kernel(vectors: np.ndarray) -> np.ndarray:
    """The Gaussian kernel of all pairs, float32 (N, N); its width is that of the pooled vectors, which no permutation changes."""
    vectors = vectors.astype(np.float32)
    vectors = vectors - vectors.mean(axis=0)
    squares = (vectors**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares - 2 * vectors @ vectors.T, 0)
    above = distances[np.triu_indices(len(vectors), 1)]
    middle = float(np.median(above)) or float(above.mean()) or 1.0
    return np.asarray(np.exp(-distances / middle))


def _statistics(kernel: np.ndarray, is_window: np.ndarray) -> np.ndarray:
    """The squared discrepancy of each of r divisions, bool (r, N)."""
    number = is_window.sum(axis=1, keepdims=True)
    signs = np.where(is_window, 1 / number, -1 / (is_window.shape[1] - number)).astype(np.float32)
    return np.asarray(np.einsum("rn,rn->r", signs @ kernel, signs))


def _permuted(kernel: np.ndarray, window_size: int, random: np.random.Generator, times: int) -> np.ndarray:
    found = []
    for start in range(0, times, CHUNK):
        shape = (min(CHUNK, times - start), len(kernel))
        places = np.argpartition(random.random(shape, dtype=np.float32), window_size - 1, axis=1)[:, :window_size]
        is_window = np.zeros(shape, bool)
        np.put_along_axis(is_window, places, True, axis=1)
        found.append(_statistics(kernel, is_window))
    return np.concatenate(found)


def _gamma_tail(drawn: np.ndarray, observed: float) -> float:
    from scipy.stats import pearson3, skew

    spread = float(drawn.std())
    if spread == 0:
        return 1.0
    return float(pearson3.sf((observed - drawn.mean()) / spread, max(float(skew(drawn)), 0.0)))


def _separation(kernel: np.ndarray, is_window: np.ndarray) -> tuple[float, tuple[float, float]]:
    """Rank the vectors by their nearness to either sample, themselves left out; return the area under the curve."""
    from scipy.stats import norm, rankdata

    own = kernel - np.diag(np.diag(kernel))
    near = own[:, is_window].sum(axis=1) / np.maximum(is_window.sum() - is_window, 1)
    far = own[:, ~is_window].sum(axis=1) / np.maximum((~is_window).sum() - ~is_window, 1)
    scores = near - far
    ranks = rankdata(scores)
    window, reference = scores[is_window], scores[~is_window]
    # Of each vector, the share of the other sample that it beats.
    above = (ranks[is_window] - rankdata(window)) / len(reference)
    below = 1 - (ranks[~is_window] - rankdata(reference)) / len(window)
    area = float(above.mean())
    width = float(norm.ppf(0.975)) * np.sqrt(above.var(ddof=1) / len(window) + below.var(ddof=1) / len(reference))
    return area, (float(max(area - width, 0)), float(min(area + width, 1)))
