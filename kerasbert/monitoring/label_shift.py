"""The true shares of labels in texts whose labels nobody knows, from the predictions and a confusion matrix."""

import numpy as np

STEPS = 500
CONFIDENCE_Z = 1.959963984540054
# A label that is found no better than so is not estimated.
LEAST_INFORMED = 0.05


def independent_shares(
    confusion: np.ndarray, predicted: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimate the shares of C labels that do not exclude each other.

    A label with the share p is predicted for p * hits + (1 - p) * false alarms of the texts; that is solved for p. The interval
    takes the reference's own uncertainty into account.

    Args:
        confusion: int (C, 2, 2), texts of the reference by truth (0 or 1) and prediction.
        predicted: int (C,), texts of the window that each label is predicted for.
        size: texts of the window.

    Returns:
        Estimates, lower and upper ends of 95 % intervals, (C,) each; NaN where the reference has no text with the label,
        or none without, or the label is found no better than by chance.

    Reference:
        Rogan and Gladen, "Estimating Prevalence from the Results of a Screening Test", 1978; Lang and Reiczigel,
        "Confidence Limits for Prevalence of Disease Adjusted for Estimated Sensitivity and Specificity", 2014; Lipton,
        Wang and Smola, "Detecting and Correcting for Label Shift with Black Box Predictors", 2018.
    """
    confusion = np.asarray(confusion, np.float64)
    predicted = np.asarray(predicted, np.float64)
    with_label, without = confusion[:, 1].sum(axis=1), confusion[:, 0].sum(axis=1)
    known = (with_label > 0) & (without > 0)
    share = predicted / size
    hit_rate, pass_rate = confusion[:, 1, 1] / np.maximum(with_label, 1), confusion[:, 0, 0] / np.maximum(without, 1)
    informed = hit_rate + pass_rate - 1
    known &= informed > LEAST_INFORMED
    estimate = np.clip((share + pass_rate - 1) / np.where(known, informed, 1), 0, 1)
    # Of Lang and Reiczigel, the rates with one success and one failure more, the share with z^2 / 2 of each.
    z = CONFIDENCE_Z
    n, n_hit, n_pass = size + z**2, with_label + 2, without + 2
    share = (predicted + z**2 / 2) / n
    hit_rate, pass_rate = (confusion[:, 1, 1] + 1) / n_hit, (confusion[:, 0, 0] + 1) / n_pass
    informed = np.maximum(hit_rate + pass_rate - 1, LEAST_INFORMED / 2)
    middle = (share + pass_rate - 1) / informed
    of_hits, of_passes = hit_rate * (1 - hit_rate) / n_hit, pass_rate * (1 - pass_rate) / n_pass
    middle_inside = np.clip(middle, 0, 1)
    spread = (
        np.sqrt(share * (1 - share) / n + middle_inside**2 * of_hits + (1 - middle_inside) ** 2 * of_passes) / informed
    )
    shift = 2 * z**2 * (middle_inside * of_hits - (1 - middle_inside) * of_passes)
    low, high = np.clip(middle + shift - z * spread, 0, 1), np.clip(middle + shift + z * spread, 0, 1)
    return _known(known, estimate, np.minimum(low, estimate), np.maximum(high, estimate))


def exclusive_shares(confusion: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Estimate the shares of K labels of which each text has one.

    The shares under which the observed predictions are likeliest, given how texts of each label are predicted in the reference.
    Where the linear equations of Lipton et al. have a solution that is a distribution, it is this one.

    Args:
        confusion: int (K, K), texts of the reference by true and predicted label.
        predicted: int (K,), texts of the window by predicted label.

    Returns:
        Estimates, lower and upper ends of 95 % intervals, (K,) each; NaN of a label without a text in the reference.

    Reference:
        Lipton, Wang and Smola, "Detecting and Correcting for Label Shift with Black Box Predictors", 2018, section 4.
    """
    confusion, predicted = np.asarray(confusion, np.float64), np.asarray(predicted, np.float64)
    support = confusion.sum(axis=1)
    known = support > 0
    rates = confusion[known] / support[known, None]  # (k, K), how each label is predicted
    # Half a text more on the diagonal: no prediction of the window is impossible.
    smooth = confusion + 0.5 * np.eye(len(confusion))
    smooth = smooth[known] / smooth[known].sum(axis=1, keepdims=True)
    shares = support[known] / support.sum()
    observed = predicted / max(predicted.sum(), 1)
    for _ in range(STEPS):
        expected = np.maximum(shares @ smooth, 1e-300)
        likelier = shares * (smooth @ (observed / expected))
        if not likelier.any():
            # No prediction of the window is one that the reference has.
            break
        shares = likelier / likelier.sum()
    law = shares @ rates
    noise = (np.diag(law) - np.outer(law, law)) / max(predicted.sum(), 1)
    scales = shares**2 / (support[known] + 1)
    noise += np.diag(scales @ rates) - (rates.T * scales) @ rates
    inverse = np.linalg.pinv(rates.T)  # (k, K)
    width = CONFIDENCE_Z * np.sqrt(np.maximum(np.einsum("kj,jl,kl->k", inverse, noise, inverse), 0))
    estimate, low, high = (np.full(len(confusion), np.nan) for _ in range(3))
    estimate[known], low[known], high[known] = shares, np.maximum(shares - width, 0), np.minimum(shares + width, 1)
    return estimate, low, high


def _known(known: np.ndarray, *columns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    first, second, third = (np.where(known, column, np.nan) for column in columns)
    return first, second, third
