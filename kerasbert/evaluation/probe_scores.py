"""What a probe asks of one array of vectors: how well a linear classifier does, and how clear its clusters are."""

import math
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_int, shorten
from kerasbert._core.errors import DataError
from kerasbert.evaluation.distinct import count_distinct

MAX_ITERATIONS = 300
# Clusters are judged inside the largest classes, on a sample of each: silhouettes cost the square of it.
CLUSTERED_GROUPS = 20
CLUSTERED_TEXTS = 600
# Numbers of clusters that are tried where no sub-labels tell it.
NUM_CLUSTERS = (2, 3, 5, 8, 12)


class Questions:
    """The judgement of one array of vectors, with everything but the vectors settled beforehand.

    Args:
        labels: n labels or n lists of labels; None: no labels.
        sublabels: n labels of subclasses or None in a row; None: no sub-labels.
        folds: of the cross-validation.
        validity: whether clusters are judged.
        regularization: scikit-learn's `C`.
        seed: of folds and clusters.

    Example:
        >>> questions = Questions(["a", "b"] * 4, None, folds=2, validity=False, regularization=1.0, seed=0)
        >>> questions.ask(np.array([[0.0], [1.0]] * 4))["score"]
        1.0
    """

    def __init__(
        self,
        labels: Sequence[Any] | None,
        sublabels: Sequence[Any] | None,
        *,
        folds: int,
        validity: bool,
        regularization: float,
        seed: int,
    ) -> None:
        self.folds, self.validity, self.regularization, self.seed = folds, validity, regularization, seed
        self.labels = None if labels is None else _as_targets(labels)
        self.num_labels = 0 if self.labels is None else _num_labels(self.labels)
        self.task = "multilabel" if self.labels is not None and self.labels.ndim == 2 else "multiclass"
        groups = None if labels is None and sublabels is None else _groups(self.labels, len(labels or sublabels or ()))
        self.sublabels = None if sublabels is None else np.array(["" if s is None else str(s) for s in sublabels])
        self.subclass_groups = [] if groups is None or sublabels is None else self._with_subclasses(groups)
        self.groups = groups

    def ask(self, vectors: np.ndarray, *, clusters: bool = True) -> dict[str, float]:
        """Judge vectors.

        Args:
            vectors: (n, hidden).
            clusters: whether these vectors have clusters to judge; False gives them no number.

        Returns:
            `score` and `deviation` (over the folds) of the labels; `subclass_score` of the sub-labels inside the classes;
            `silhouette` of the clusters found without sub-labels, and `agreement` of these with the sub-labels.
        """
        answers: dict[str, float] = {}
        if self.labels is not None:
            values = self.cross_validate(vectors, self.labels)
            answers["score"], answers["deviation"] = float(values.mean()), float(values.std(ddof=1))
        if self.sublabels is not None:
            answers["subclass_score"] = self._subclass_score(vectors)
        if self.validity:
            answers.update(self._clusters(vectors) if clusters else {"silhouette": math.nan})
        return answers

    def cross_validate(self, vectors: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Accuracy (macro-F1 of several labels a text) of logistic regression on each fold held out, (folds,)."""
        from joblib import parallel_config
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from threadpoolctl import threadpool_limits

        model: Any = LogisticRegression(C=self.regularization, max_iter=MAX_ITERATIONS, tol=1e-3)
        several = targets.ndim == 2
        splitter = (KFold if several else StratifiedKFold)(self.folds, shuffle=True, random_state=self.seed)
        pipeline = make_pipeline(StandardScaler(), OneVsRestClassifier(model) if several else model)
        # One thread a fold: the matrices are small, and threads of BLAS that wait for each other cost more than they give.
        with warnings.catch_warnings(), threadpool_limits(1), parallel_config("threading", n_jobs=-1):
            warnings.simplefilter("ignore", ConvergenceWarning)
            return cross_val_score(
                pipeline, vectors, targets, cv=splitter, scoring="f1_macro" if several else "accuracy"
            )

    def _with_subclasses(self, groups: list[np.ndarray]) -> list[np.ndarray]:
        """The rows of each class whose sub-labels can be cross-validated."""
        assert self.sublabels is not None
        usable = []
        for rows in groups:
            counts = Counter(self.sublabels[rows])
            kept = [row for row in rows if self.sublabels[row] and counts[self.sublabels[row]] >= self.folds]
            if len(set(self.sublabels[kept])) >= 2:
                usable.append(np.array(kept))
        if not usable:
            raise DataError(
                f"`sublabels` must hold at least two subclasses of {self.folds} texts inside one class; got none."
            )
        return usable

    def _subclass_score(self, vectors: np.ndarray) -> float:
        assert self.sublabels is not None
        means = [self.cross_validate(vectors[rows], self.sublabels[rows]).mean() for rows in self.subclass_groups]
        return float(np.average(means, weights=[len(rows) for rows in self.subclass_groups]))

    def _clusters(self, vectors: np.ndarray) -> dict[str, float]:
        """Silhouette of clusters inside each class, and their agreement with the sub-labels where there are any."""
        from sklearn.metrics import normalized_mutual_info_score

        random = np.random.default_rng(self.seed)
        silhouettes, agreements, weights = [], [], []
        groups = self.subclass_groups or self.groups or [np.arange(len(vectors))]
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
        answer = {"silhouette": float(np.average(silhouettes, weights=weights))}
        return {**answer, "agreement": float(np.average(agreements, weights=weights))} if agreements else answer

    def _best_clusters(self, vectors: np.ndarray, known: np.ndarray | None) -> tuple[float, np.ndarray | None]:
        from sklearn.cluster import KMeans
        from sklearn.metrics import silhouette_score
        from sklearn.preprocessing import normalize

        directions = normalize(vectors)
        distinct = count_distinct(directions)
        numbers = NUM_CLUSTERS if known is None else (len(set(known)),)
        best: tuple[float, np.ndarray | None] = (-math.inf, None)
        for number in numbers:
            # A silhouette needs from 2 to n - 1 clusters, and no more than there are different vectors.
            if 2 <= number <= min(distinct, len(directions) - 1):
                clusters = KMeans(number, n_init=2, random_state=self.seed).fit_predict(directions)
                value = float(silhouette_score(directions, clusters))
                best = max(best, (value, clusters), key=lambda pair: pair[0])
        return best


def sample_rows(
    labels: Sequence[Any] | None, count: int, *, folds: int, max_texts: int | None, seed: int
) -> tuple[np.ndarray, list[Any] | None, dict[str, int]]:
    """The rows that a probe reads: those of labels with enough texts, sampled in proportion where there are too many.

    Args:
        labels: n labels or lists of labels, or None.
        count: n.
        folds: texts that a label must have.
        max_texts: most rows; None: no limit.
        seed: of the sample.

    Returns:
        Rows in ascending order, their labels, and label -> texts of the labels left out.

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
    # Spread evenly, so that any first part of the order holds the labels in their proportions.
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
    place = np.empty(len(names))
    for name in np.unique(names):
        rows = random.permutation(np.flatnonzero(names == name))
        place[rows] = (np.arange(len(rows)) + random.random()) / len(rows)
    return np.argsort(place, kind="stable")


def _as_targets(labels: Sequence[Any]) -> np.ndarray:
    if any(isinstance(label, (list, tuple, set)) for label in labels):
        from sklearn.preprocessing import MultiLabelBinarizer

        return MultiLabelBinarizer().fit_transform([[str(name) for name in row] for row in labels])
    return np.array([str(label) for label in labels])


def _num_labels(targets: np.ndarray) -> int:
    return targets.shape[1] if targets.ndim == 2 else len(np.unique(targets))


def _groups(targets: np.ndarray | None, count: int) -> list[np.ndarray]:
    """The rows of each class; all rows where there are no classes."""
    if targets is None or targets.ndim == 2:
        return [np.arange(count if targets is None else len(targets))]
    return [np.flatnonzero(targets == name) for name in np.unique(targets)]
