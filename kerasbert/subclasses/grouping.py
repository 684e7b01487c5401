"""Reduce dimensions and cluster points."""

from typing import Any

import numpy as np

from kerasbert._core.checks import check_choice
from kerasbert._core.errors import ConfigError

METHODS = ("gaussian_mixture", "hdbscan", "kmeans")
REDUCTIONS = ("pca", "umap")
STARTS = 50


def reduce_features(features: np.ndarray, *, dimensions: int = 30, reduction: str = "pca", seed: int = 0) -> np.ndarray:
    """Reduce the features of one class, (n, hidden), to at most `dimensions`, (n, d), not scaled.

    Rows are scaled to length 1, centred on the class and projected on its principal components, so that what all texts
    of the class share no longer counts; UMAP of 50 components may follow.

    Raises:
        ConfigError: when `reduction` is unknown or umap-learn is not installed.

    Reference:
        McInnes et al., "UMAP", 2018.
    """
    from sklearn.decomposition import PCA
    from sklearn.preprocessing import normalize

    check_choice("reduction", reduction, REDUCTIONS)
    unit = normalize(np.asarray(features, "float64"))
    wanted = dimensions if reduction == "pca" else max(50, dimensions)
    points = PCA(min(wanted, *unit.shape), svd_solver="full", random_state=seed).fit_transform(unit)
    return points if reduction == "pca" else _umap(points, dimensions, seed)


def group_points(
    points: np.ndarray, number: int | None, *, method: str = "kmeans", seed: int = 0, starts: int = STARTS
) -> np.ndarray:
    """Cluster points, (n, d): int (n,) from 0, and -1 for HDBSCAN's outliers.

    The mixture has one covariance shared by all groups; of KMeans's starts the best is taken.

    Raises:
        ConfigError: when `method` is unknown, or the number does not go with it: HDBSCAN finds it itself.
    """
    from sklearn.cluster import HDBSCAN, KMeans
    from sklearn.mixture import GaussianMixture

    check_choice("method", method, METHODS)
    if (method == "hdbscan") != (number is None):
        raise ConfigError(f"`number` must be None for 'hdbscan' and a number for {METHODS}; got {number}.")
    model: Any
    if method == "hdbscan":
        least = max(5, len(points) // 100)
        if len(points) <= least:
            return np.zeros(len(points), "int64")
        model = HDBSCAN(min_cluster_size=least, copy=True)
    elif method == "kmeans":
        model = KMeans(number, n_init=starts, random_state=seed)
    else:
        model = GaussianMixture(number, covariance_type="tied", reg_covar=1e-4, n_init=3, random_state=seed)
    return np.asarray(model.fit_predict(points))


def _umap(points: np.ndarray, dimensions: int, seed: int) -> np.ndarray:
    try:
        from umap import UMAP
    except ImportError as error:
        raise ConfigError("`reduction` 'umap' needs umap-learn; pip install 'kerasbert[umap]'.") from error
    neighbours = min(15, len(points) - 1)
    reducer: Any = UMAP(n_components=dimensions, n_neighbors=neighbours, min_dist=0.0, random_state=seed, n_jobs=1)
    return np.asarray(reducer.fit_transform(points), "float64")
