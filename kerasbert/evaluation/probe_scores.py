"""Score one array of vectors: by a linear classifier, and by the silhouette of its clusters."""

import math
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_int, shorten
from kerasbert._core.errors import DataError
from kerasbert.evaluation.distinct import count_distinct
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel

MAX_ITERATIONS = 300
# Clusters are scored inside the largest classes, on a sample of each: a silhouette costs the square of its texts.
CLUSTERED_GROUPS = 20
CLUSTERED_TEXTS = 600
# Numbers of clusters that are tried without sub-labels.
NUM_CLUSTERS = (2, 3, 5, 8, 12)


class ProbeScorer:
    """Score the hidden states of the same texts under several poolings.

    Args:
        labels: n labels or n lists of labels; None: no labels.
        sublabels: n labels of subclasses, None where unknown; None: no sub-labels.
        folds: of the cross-validation.
        clusters: whether clusters are scored.
        regularization: scikit-learn's `C`.
        seed: of folds and clusters.

    Raises:
        DataError: when no class has two subclasses with as many texts as folds.

    Example:
        >>> scorer = ProbeScorer(["a", "b"] * 4, None, folds=2, clusters=False, seed=0)
        >>> scorer.score(np.array([[0.0], [1.0]] * 4))["score"]
        1.0
    """

    def __init__(
        self,
        labels: Sequence[Any] | None,
        sublabels: Sequence[Any] | None,
        *,
        folds: int,
        clusters: bool,
        regularization: float = 1.0,
        seed: int,
    ) -> None:
        self.folds, self.clusters, self.regularization, self.seed = folds, clusters, regularization, seed
        self.labels = None if labels is None else _encode(labels)
        self.num_labels = 0
        if self.labels is not None:
            self.num_labels = self.labels.shape[1] if self.labels.ndim == 2 else len(np.unique(self.labels))
        self.task = Multilabel.name if self.labels is not None and self.labels.ndim == 2 else Multiclass.name
        self.sublabels = None if sublabels is None else np.array(["" if s is None else str(s) for s in sublabels])
        groups = None if labels is None and sublabels is None else _groups(self.labels, len(labels or sublabels or ()))
        if groups is not None and self.sublabels is not None:
            groups = _rows_of_subclasses(groups, self.sublabels, folds)
        #: The rows of each class; None: all texts are one.
        self.groups = groups

    def score(self, vectors: np.ndarray, *, is_distinct: bool = True) -> dict[str, float]:
        """Score vectors, (n, hidden); without `is_distinct` (texts have different vectors) the silhouette is NaN.

        Returns:
            `score` and `deviation` (over the folds) of the labels; `subclass_score` of the sub-labels inside the classes;
            `silhouette` of the clusters found without sub-labels, and `agreement` of these with the sub-labels.
        """
        scores: dict[str, float] = {}
        if self.labels is not None:
            values = self.cross_validate(vectors, self.labels)
            scores["score"], scores["deviation"] = float(values.mean()), float(values.std(ddof=1))
        if self.sublabels is not None:
            scores["subclass_score"] = self._subclass_score(vectors, self.sublabels)
        if self.clusters:
            scores.update(self._score_clusters(vectors) if is_distinct else {"silhouette": math.nan})
        return scores

    def cross_validate(self, vectors: np.ndarray, y_true: np.ndarray) -> np.ndarray:
        """Cross-validate logistic regression; return accuracy, or macro-F1 of label lists, by fold, (folds,)."""
        from joblib import parallel_config
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from threadpoolctl import threadpool_limits

        model: Any = LogisticRegression(C=self.regularization, max_iter=MAX_ITERATIONS, tol=1e-3)
        several = y_true.ndim == 2
        splitter = (KFold if several else StratifiedKFold)(self.folds, shuffle=True, random_state=self.seed)
        pipeline = make_pipeline(StandardScaler(), OneVsRestClassifier(model) if several else model)
        # One thread for each fold: on matrices this small, threads of BLAS wait for each other.
        with warnings.catch_warnings(), threadpool_limits(1), parallel_config("threading", n_jobs=-1):
            warnings.simplefilter("ignore", ConvergenceWarning)
            scoring = "f1_macro" if several else "accuracy"
            return np.asarray(cross_val_score(pipeline, vectors, y_true, cv=splitter, scoring=scoring))

    def _subclass_score(self, vectors: np.ndarray, sublabels: np.ndarray) -> float:
        groups = self.groups or []
        means = [self.cross_validate(vectors[rows], sublabels[rows]).mean() for rows in groups]
        return float(np.average(means, weights=[len(rows) for rows in groups]))

    def _score_clusters(self, vectors: np.ndarray) -> dict[str, float]:
        """Cluster each class; return the silhouette and, with sub-labels, the agreement with these."""
        from sklearn.metrics import normalized_mutual_info_score

        random = np.random.default_rng(self.seed)
        silhouettes, agreements, weights = [], [], []
        groups = self.groups or [np.arange(len(vectors))]
        for rows in sorted(groups, key=len, reverse=True)[:CLUSTERED_GROUPS]:
            chosen = np.sort(random.choice(rows, min(len(rows), CLUSTERED_TEXTS), replace=False))
            known = None if self.sublabels is None else self.sublabels[chosen]
            best, clusters = self._best_clusters(vectors[chosen], known)
            if clusters is None:
                continue
            silhouettes.append(best)
            weights.append(len(rows))
            if known is not None:
                agreements.append(normalized_mutual_info_score(known, clusters))
        if not silhouettes:
            return {"silhouette": math.nan}
        scores = {"silhouette": float(np.average(silhouettes, weights=weights))}
        if agreements:
            scores["agreement"] = float(np.average(agreements, weights=weights))
        return scores

    def _best_clusters(self, vectors: np.ndarray, known: np.ndarray | None) -> tuple[float, np.ndarray | None]:
        from sklearn.cluster import KMeans
        from sklearn.metrics import silhouette_score
        from sklearn.preprocessing import normalize

        directions = normalize(vectors)
        distinct = count_distinct(directions)
        numbers = NUM_CLUSTERS if known is None else (len(set(known)),)
        best: tuple[float, np.ndarray | None] = (-math.inf, None)
        for number in numbers:
            # A silhouette needs 2 to n - 1 clusters, at most one for each distinct vector.
            if 2 <= number <= min(distinct, len(directions) - 1):
                clusters = KMeans(number, n_init=2, random_state=self.seed).fit_predict(directions)
                value = float(silhouette_score(directions, clusters))
                best = max(best, (value, clusters), key=lambda pair: pair[0])
        return best


def sample_rows(
    labels: Sequence[Any] | None, count: int, *, folds: int, max_texts: int | None, seed: int
) -> tuple[np.ndarray, list[Any] | None, dict[str, int]]:
    """Sample at most `max_texts` texts, stratified by label; labels with fewer texts than folds are left out.

    Returns:
        Rows in ascending order, their labels, and label -> number of texts of the labels left out.

    Raises:
        DataError: when fewer than two labels remain.
        ConfigError: when `max_texts` is below 2 for each fold.
    """
    if max_texts is not None:
        check_int("max_texts", max_texts, 2 * folds)
    random = np.random.default_rng(seed)
    limit = count if max_texts is None else min(count, max_texts)
    if labels is None or any(isinstance(label, (list, tuple, set)) for label in labels):
        rows = np.sort(random.permutation(count)[:limit])
        return rows, None if labels is None else [labels[row] for row in rows], {}
    names = np.array([str(label) for label in labels])
    missing = [row for row, label in enumerate(labels) if label is None]
    if missing:
        raise DataError(f"`labels` must name a label for every text; got none for text {missing[0] + 1}.")
    # Any first part of the order holds the labels in their proportions.
    order = _interleaved(names, random)[:limit]
    counts = Counter(names[order].tolist())
    kept = np.sort(np.array([row for row in order if counts[str(names[row])] >= folds], dtype=np.int64))
    left_out = {name: number for name, number in sorted(Counter(names.tolist()).items()) if counts[name] < folds}
    if len(set(names[kept])) < 2:
        raise DataError(
            f"`labels` must hold at least two labels with {folds} texts each, one for each fold; got "
            f"{shorten(dict(counts.most_common(5)))}."
        )
    return kept, names[kept].tolist(), left_out


def _interleaved(names: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Return a random order in which each label's rows are evenly spaced."""
    place = np.empty(len(names))
    for name in np.unique(names):
        # The k-th of m rows goes to (k + u) / m with one u in [0, 1) a label: any stretch holds the label by its share.
        rows = random.permutation(np.flatnonzero(names == name))
        place[rows] = (np.arange(len(rows)) + random.random()) / len(rows)
    return np.argsort(place, kind="stable")


def _encode(labels: Sequence[Any]) -> np.ndarray:
    """Encode labels as names (n,), lists of labels as 0 and 1 (n, C)."""
    if any(isinstance(label, (list, tuple, set)) for label in labels):
        from sklearn.preprocessing import MultiLabelBinarizer

        return np.asarray(MultiLabelBinarizer().fit_transform([[str(name) for name in row] for row in labels]))
    return np.array([str(label) for label in labels])


def _groups(y_true: np.ndarray | None, count: int) -> list[np.ndarray]:
    """Return the rows of each class; all rows without classes."""
    if y_true is None or y_true.ndim == 2:
        return [np.arange(count)]
    return [np.flatnonzero(y_true == name) for name in np.unique(y_true)]


def _rows_of_subclasses(groups: Sequence[np.ndarray], sublabels: np.ndarray, folds: int) -> list[np.ndarray]:
    """Select the rows of each class whose sub-labels can be cross-validated."""
    usable = []
    for rows in groups:
        counts = Counter(sublabels[rows])
        kept = [row for row in rows if sublabels[row] and counts[sublabels[row]] >= folds]
        if len(set(sublabels[kept])) >= 2:
            usable.append(np.array(kept))
    if not usable:
        raise DataError(f"`sublabels` must hold at least two subclasses of {folds} texts inside one class; got none.")
    return usable
