"""Several out-of-scope scores added up to one."""

from typing import Any

import numpy as np

# Added to each correlation of a score with itself, so that nearly equal scores share their weight.
RIDGE = 0.05
# Parts of the texts that take turns to be weighed by the others.
FOLDS = 5


def standardise(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each of k scores over texts in scope, both (k,), from (n, k)."""
    spread = scores.std(axis=0)
    return scores.mean(axis=0), np.where(spread > 0, spread, 1.0)


def weights_without_examples(scores: np.ndarray) -> np.ndarray:
    """Weigh standardised scores by texts in scope alone.

    Texts out of scope are expected to raise each score by as many standard deviations; the weighted sum that tells them
    best from texts in scope, whose scores correlate as they do, is that of generalised least squares. No weight is
    negative, and they sum to 1; a score that says what others say already gets little.

    Args:
        scores: (n, k), standardised, of texts in scope.

    Returns:
        (k,).

    Reference:
        O'Brien, "Procedures for Comparing Samples with Multiple Endpoints", 1984, for the generalised least squares
        statistic.
    """
    from scipy.optimize import nnls

    correlation = np.cov(scores, rowvar=False).reshape(scores.shape[1], -1) + RIDGE * np.eye(scores.shape[1])
    root = np.linalg.cholesky(correlation)
    weights, _ = nnls(root.T, np.linalg.solve(root, np.ones(len(root))))
    return np.asarray(weights / weights.sum())


def weights_with_examples(inside: np.ndarray, outside: np.ndarray) -> np.ndarray:
    """Weigh standardised scores by a logistic regression on texts of both kinds.

    Args:
        inside: (n, k), of texts in scope.
        outside: (m, k), of texts out of scope.

    Returns:
        (k,), whose absolute values sum to 1.
    """
    from sklearn.linear_model import LogisticRegression

    given, truth = np.concatenate([inside, outside]), np.repeat([0, 1], [len(inside), len(outside)])
    weights = LogisticRegression(max_iter=1000).fit(given, truth).coef_[0]
    total = float(np.abs(weights).sum())
    return np.asarray(weights / total if total > 0 else np.full(len(weights), 1 / len(weights)))


def cross_fitted(inside: np.ndarray, outside: np.ndarray | None, weigh: Any) -> np.ndarray:
    """Score texts in scope, (n,), each by weights that were fitted without it.

    Args:
        inside: (n, k), of texts in scope.
        outside: (m, k), of texts out of scope; None: there are none.
        weigh: from scores of texts in scope, and of texts out of scope where there are some, to weights.
    """
    scores, folds = np.empty(len(inside)), np.arange(len(inside)) % FOLDS
    for fold in range(FOLDS):
        others = inside[folds != fold]
        middle, spread = standardise(others)
        given = [(others - middle) / spread] + ([] if outside is None else [(outside - middle) / spread])
        scores[folds == fold] = (inside[folds == fold] - middle) / spread @ weigh(*given)
    return scores
