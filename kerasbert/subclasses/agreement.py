"""Agreement of clusters with known sub-labels."""

from collections.abc import Sequence

import numpy as np

from kerasbert._core.errors import DataError
from kerasbert.labels.encode import named_labels


def score_agreement(known: Sequence[object], groups: Sequence[object]) -> dict[str, float]:
    """Compute adjusted Rand index, normalised mutual information, V-measure, and accuracy of the best match.

    Args:
        known: n sub-labels; None, blank, NaN or -1 where it is not known, which is left out.
        groups: n groups.

    Returns:
        `ari`, `nmi`, `v_measure`, `accuracy`, and `num_examples`, those whose sub-label is known.

    Raises:
        DataError: when the lengths differ or no sub-label is known.

    Example:
        >>> score_agreement(["a", "a", "b", None], [1, 1, 0, 0])["accuracy"]
        1.0

    Reference:
        Hubert and Arabie, 1985; Strehl and Ghosh, 2002; Rosenberg and Hirschberg, 2007; Kuhn, 1955 (the match).
    """
    from scipy.optimize import linear_sum_assignment
    from sklearn import metrics

    if len(known) != len(groups):
        raise DataError(f"`known` must have one sub-label for each text; got {len(known)} for {len(groups)}.")
    names = named_labels(known, unknown=True, source="known") if len(known) else []
    pairs = [(one, str(other)) for one, other in zip(names, groups, strict=True) if one is not None]
    if not pairs:
        raise DataError("`known` must hold at least one sub-label; got none.")
    true, found = (list(column) for column in zip(*pairs, strict=True))
    table = metrics.cluster.contingency_matrix(true, found)
    matched = table[linear_sum_assignment(-table)].sum()
    return {
        "ari": float(metrics.adjusted_rand_score(true, found)),
        "nmi": float(metrics.normalized_mutual_info_score(true, found)),
        "v_measure": float(metrics.v_measure_score(true, found)),
        "accuracy": float(np.divide(matched, len(pairs))),
        "num_examples": len(pairs),
    }
