"""The number of groups, by silhouette and stability; and whether there is more than one."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from kerasbert.evaluation.distinct import count_distinct
from kerasbert.subclasses.grouping import group_points

RESAMPLINGS = 4
REFERENCES = 20
SHARE = 0.8
# A smaller number of groups is taken where it is nearly as good as the best.
TOLERANCE = 0.97
# Numbers that differ by at most this share of themselves make nearly the same groups; what tells them apart is mostly chance.
NEAR = 1 / 6
STARTS = 10
# Standard deviations above the reference data that count as groups.
MARGIN = 3.0
LARGEST_SAMPLE = 600
FEWEST_TEXTS = 8


class NumberScore(NamedTuple):
    """The score of a number of groups.

    `silhouette` is the mean, in [-1, 1]; `stability` the mean adjusted Rand index with the groups of resampled points.
    """

    number: int
    silhouette: float
    stability: float


class Unimodality(NamedTuple):
    """Whether points are one group, by comparison with data of the same covariance and one mode.

    `statistic` is the best mean silhouette over some numbers of groups; `reference` and `deviation` are mean and standard
    deviation over the reference data, widened for their number.
    """

    statistic: float
    reference: float
    deviation: float
    unimodal: bool


def score_numbers(
    points: np.ndarray, numbers: Sequence[int], *, method: str = "kmeans", seed: int = 0
) -> list[NumberScore]:
    """Score numbers of groups, each from 2 to n - 1, of points (n, d).

    Reference:
        Rousseeuw, "Silhouettes", 1987; Ben-Hur et al., "A stability based method for discovering structure in clustered
        data", 2002.
    """
    return [_score(points, number, method, seed) for number in numbers]


def choose_number(scores: Sequence[NumberScore]) -> int:
    """Choose the smallest number of groups whose smoothed silhouette times stability is within 3 % of the best.

    A value is smoothed over the numbers that differ from n by at most n / 6: none for 5 groups, 13 to 17 for 15.
    """
    numbers = np.array([score.number for score in scores])
    # A silhouette alone favours many small groups, stability alone few large ones.
    values = np.array([score.silhouette * max(score.stability, 0.0) for score in scores])
    smooth = np.array([values[abs(numbers - number) <= number * NEAR].mean() for number in numbers])
    best = smooth.max()
    return int(numbers[smooth >= TOLERANCE * best].min() if best > 0 else numbers[smooth.argmax()])


def find_unimodality(coordinates: np.ndarray, largest: int, *, seed: int = 0) -> Unimodality:
    """Test whether points are one group, against data that are.

    The reference data are Gaussian with the covariance of the points. Both are scaled to length 1 and put into 2, 3, 5, 8,
    ... groups with KMeans; the best mean silhouette is the statistic. Points are unimodal unless theirs lies more than 3
    standard deviations above the reference; fewer than 8 different points are so without a comparison.

    Args:
        coordinates: (n, d) from `reduce_features`, centred.
        largest: number of groups, >= 2.
        seed: of the reference data.

    Reference:
        Liu et al., "Statistical significance of clustering for high-dimension, low-sample size data", 2008 (Gaussian
        null of the same covariance); Tibshirani et al., "Estimating the number of clusters via the gap statistic", 2001
        (deviation widened by sqrt(1 + 1/B)).
    """
    random = np.random.default_rng(seed)
    # Before they were centred, the points had length 1.
    distinct = count_distinct(coordinates, scale=1.0)
    if distinct < FEWEST_TEXTS:
        return Unimodality(0.0, 0.0, 0.0, True)
    sample = coordinates[random.permutation(len(coordinates))[:LARGEST_SAMPLE]]
    numbers = [number for number in (2, 3, 5, 8, 13, 20, 30) if number <= min(largest, distinct // 2)]
    covariance = np.atleast_2d(np.cov(coordinates.T))
    references = [
        _best_silhouette(random.multivariate_normal(np.zeros(len(covariance)), covariance, len(sample)), numbers, seed)
        for _ in range(REFERENCES)
    ]
    statistic = _best_silhouette(sample - sample.mean(axis=0), numbers, seed)
    mean, deviation = float(np.mean(references)), float(np.std(references) * np.sqrt(1 + 1 / REFERENCES))
    return Unimodality(statistic, mean, deviation, bool(statistic <= mean + MARGIN * deviation))


def to_unit(points: np.ndarray) -> np.ndarray:
    """Scale rows to length 1, for distances of angles; one-dimensional points stay as they are."""
    from sklearn.preprocessing import normalize

    return normalize(points) if points.shape[1] > 1 else points


def _score(points: np.ndarray, number: int, method: str, seed: int) -> NumberScore:
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    groups = group_points(points, number, method=method, seed=seed, starts=STARTS)
    if len(set(groups)) < 2:
        return NumberScore(number, -1.0, 0.0)
    # Groups that are there come back in a part of the points; those that chance made do not.
    random = np.random.default_rng(seed)
    agreements = []
    for turn in range(RESAMPLINGS):
        chosen = random.permutation(len(points))[: max(number, int(SHARE * len(points)))]
        again = group_points(points[chosen], number, method=method, seed=seed + turn + 1, starts=STARTS)
        agreements.append(adjusted_rand_score(groups[chosen], again))
    return NumberScore(number, float(silhouette_score(points, groups)), float(np.mean(agreements)))


def _best_silhouette(coordinates: np.ndarray, numbers: Sequence[int], seed: int) -> float:
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    points = to_unit(coordinates)
    groups = [KMeans(number, n_init=2, random_state=seed).fit_predict(points) for number in numbers]
    return max(float(silhouette_score(points, one)) for one in groups)
