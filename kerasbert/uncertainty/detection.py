"""How well a score tells texts that are out of scope from those that are in scope."""

from typing import Any

import numpy as np

from kerasbert._core.checks import check_int, check_number
from kerasbert._core.errors import DataError

# The share of texts in scope that is kept where the usual figure of the literature is read off.
KEPT = 0.95


def score_detection(
    in_scope: np.ndarray,
    out_of_scope: np.ndarray,
    *,
    threshold: float | None = None,
    resamples: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> dict[str, Any]:
    """Score the ranking of texts by an out-of-scope score; **out of scope is the positive class** throughout.

    Args:
        in_scope: (n,), the scores of texts that belong to some label, n >= 1; higher is farther out.
        out_of_scope: (m,), those of texts that belong to none, m >= 1.
        threshold: the score above which texts are rejected; None: that part is left out.
        resamples: of both kinds of texts, for the intervals, >= 1.
        level: confidence of the intervals, in (0, 1).
        seed: of the resamples.

    Returns:
        `auroc`, the probability that a text out of scope has the higher score; `auprc`, the average precision of finding
        texts out of scope, which depends on their share among the texts; `fpr_at_95`, the share of texts out of scope that
        is still accepted where 95 % of the texts in scope are (the usual "FPR at 95 % TPR", which counts texts in scope as
        the positive ones); `intervals` of the first two by bootstrap; `num_in_scope` and `num_out_of_scope`. With a threshold
        also `kept`, the share of texts in scope that is accepted, and `rejected`, that of texts out of scope that is not.

    Raises:
        ConfigError: when a number is out of its range.
        DataError: when there is no text of either kind, or a score is no number.

    Example:
        >>> found = score_detection(np.array([0.0, 1.0, 2.0]), np.array([1.5, 3.0]), threshold=2.5)
        >>> round(found["auroc"], 3), found["kept"], found["rejected"]
        (0.833, 1.0, 0.5)

    Reference:
        Hendrycks and Gimpel, "A Baseline for Detecting Misclassified and Out-of-Distribution Examples", 2017, section 2.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    check_int("resamples", resamples, 1)
    check_int("seed", seed, 0)
    check_number("level", level, 0, 1, open_minimum=True, open_maximum=True)
    inside, outside = (np.asarray(scores, np.float64) for scores in (in_scope, out_of_scope))
    if inside.ndim != 1 or outside.ndim != 1 or not len(inside) or not len(outside):
        raise DataError(
            f"`in_scope` and `out_of_scope` must hold one score for each text, and at least one each; got {inside.shape} and "
            f"{outside.shape}."
        )
    if not (np.isfinite(inside).all() and np.isfinite(outside).all()):
        raise DataError("`in_scope` and `out_of_scope` must hold finite numbers; got NaN or infinity.")
    truth, scores = np.repeat([0, 1], [len(inside), len(outside)]), np.concatenate([inside, outside])
    found = {
        "auroc": float(roc_auc_score(truth, scores)),
        "auprc": float(average_precision_score(truth, scores)),
        "fpr_at_95": float((outside <= np.sort(inside)[int(np.ceil(KEPT * len(inside))) - 1]).mean()),
        "intervals": _intervals(inside, outside, resamples, level, seed),
        "num_in_scope": len(inside),
        "num_out_of_scope": len(outside),
    }
    if threshold is not None:
        found |= {"kept": float((inside <= threshold).mean()), "rejected": float((outside > threshold).mean())}
    return found


def _intervals(
    inside: np.ndarray, outside: np.ndarray, resamples: int, level: float, seed: int
) -> dict[str, tuple[float, float]]:
    """Return percentile intervals of AUROC and AUPRC, texts of either kind drawn again by themselves."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    random, truth = np.random.default_rng(seed), np.repeat([0, 1], [len(inside), len(outside)])
    drawn: dict[str, list[float]] = {"auroc": [], "auprc": []}
    for _ in range(resamples):
        scores = np.concatenate([random.choice(part, len(part)) for part in (inside, outside)])
        drawn["auroc"].append(float(roc_auc_score(truth, scores)))
        drawn["auprc"].append(float(average_precision_score(truth, scores)))
    ends = [(1 - level) / 2, (1 + level) / 2]
    found = {name: np.quantile(values, ends) for name, values in drawn.items()}
    return {name: (float(low), float(high)) for name, (low, high) in found.items()}
