"""Temperature and Platt scaling: logits z become scale * z + shift, which a dense layer's weights can hold."""

from typing import NamedTuple

import numpy as np

from kerasbert._core.display import brief_repr
from kerasbert.tasks.outputs import ByHead
from kerasbert.uncertainty.logits import LogitLayer, sigmoid

# The logarithm of a temperature is searched within these.
FARTHEST = 3.0
# How far a scale (from 1) and a shift (from 0) are thought to lie before any text is seen, as a standard deviation; and those
# of one label from those that all labels share. They decide where labels are rare; docs/uncertainty.md has the measurement.
PRIOR = 1.0
PRIOR_OF_LABEL = (0.1, 0.2)
LEAST_SCALE = 0.05
STEPS = 50


class Scaling(NamedTuple):
    """What becomes of the logits of a layer: scale * z + shift.

    Args:
        scale: > 0, (units,); of exclusive labels all the same, 1 / temperature.
        shift: (units,); of exclusive labels 0.

    Example:
        >>> scaling = Scaling(np.array([0.5]), np.array([1.0]))
        >>> scaling(np.array([[4.0]])).tolist(), scaling.inverse(np.array([[3.0]])).tolist()
        ([[3.0]], [[4.0]])
    """

    scale: np.ndarray
    shift: np.ndarray

    def __repr__(self) -> str:
        return brief_repr(self)

    def __call__(self, logits: np.ndarray) -> np.ndarray:
        """Scale logits, (n, units)."""
        return np.asarray(logits * self.scale + self.shift)

    @property
    def inverse(self) -> "Scaling":
        """What undoes it."""
        return Scaling(1 / self.scale, -self.shift / self.scale)


def fit_scaling(layer: LogitLayer, y_true: ByHead, logits: np.ndarray) -> Scaling:
    """Fit the scaling of a layer's logits by maximum likelihood under a weak prior around no change.

    Exclusive labels get one temperature, by which the most probable one is as likely as it says. Independent labels get a scale and a shift each, which lie near common ones of
    all labels unless a label's own texts say otherwise; a label that never occurs takes the common ones.

    Args:
        layer: of the logits.
        y_true: head or level -> encoded labels.
        logits: (n, units).

    Reference:
        Guo et al., "On Calibration of Modern Neural Networks", 2017, section 4.2 (temperature scaling); Platt, "Probabilistic
        Outputs for Support Vector Machines", 1999.
    """
    if layer.exclusive:
        scale = _inverse_temperature(layer, y_true, logits)
        return Scaling(np.full(layer.task.units, scale), np.zeros(layer.task.units))
    labels, judged = np.asarray(y_true[layer.head]) == 1, layer.judged(y_true)
    common = platt(
        logits.reshape(-1, 1), labels.reshape(-1, 1), judged.reshape(-1, 1), Scaling(np.ones(1), np.zeros(1))
    )
    if layer.task.units == 1:
        return common
    return platt(logits, labels, judged, common, PRIOR_OF_LABEL)


def _inverse_temperature(layer: LogitLayer, y_true: ByHead, logits: np.ndarray) -> float:
    from scipy.optimize import minimize_scalar

    known = layer.judged(y_true).any(axis=1)
    labels = {head: np.asarray(values)[known] for head, values in y_true.items()}
    logits = logits[known]

    def loss(log_scale: float) -> float:
        # Of the label that is chosen, whose probability is shown and believed: over all labels the loss is ruled by the
        # many that nobody sees, and the chosen one comes out too sure (docs/uncertainty.md).
        cost = layer.losses_of_choice(labels, logits * np.exp(log_scale)).sum() + (log_scale / PRIOR) ** 2 / 2
        return float(cost)

    found = minimize_scalar(loss, bounds=(-FARTHEST, FARTHEST), method="bounded", options={"xatol": 1e-6})
    return float(np.exp(found.x))


def platt(
    logits: np.ndarray,
    labels: np.ndarray,
    judged: np.ndarray,
    prior: Scaling,
    widths: tuple[float, float] = (PRIOR, PRIOR),
) -> Scaling:
    """Fit a scale and a shift for each column by Newton's method, under a normal prior.

    The prior is on the scale, and on the logit where a label is least certain of its texts, so that both are free of
    each other however far from 0 a rare label's logits lie.

    Args:
        logits: (n, C).
        labels: bool (n, C).
        judged: bool (n, C), which of them count.
        prior: where scale and shift are thought to lie, (C,) or (1,).
        widths: standard deviations of the prior, of scale and shift.

    Returns:
        Scale, at least `LEAST_SCALE`, and shift, (C,).
    """
    centre = _least_certain(logits, judged, prior)
    moved, around = logits - centre, prior.scale * centre + prior.shift
    prior_scale = np.broadcast_to(prior.scale, centre.shape)
    scale, shift = prior_scale.copy(), around.copy()
    tight, loose = (1 / width**2 for width in widths)
    for _ in range(STEPS):
        predicted = sigmoid(moved * scale + shift)
        wrong, slope = (predicted - labels) * judged, predicted * (1 - predicted) * judged
        gradient = np.stack(
            [(wrong * moved).sum(axis=0) + tight * (scale - prior_scale), wrong.sum(axis=0) + loose * (shift - around)]
        )
        aa = (slope * moved**2).sum(axis=0) + tight
        bb, ab = slope.sum(axis=0) + loose, (slope * moved).sum(axis=0)
        determinant = aa * bb - ab**2
        step_scale = (bb * gradient[0] - ab * gradient[1]) / determinant
        step_shift = (aa * gradient[1] - ab * gradient[0]) / determinant
        # A full step may overshoot where all texts are far on one side.
        shrink = 1 / np.maximum(np.maximum(np.abs(step_scale), np.abs(step_shift)), 1)
        scale, shift = scale - shrink * step_scale, shift - shrink * step_shift
        if max(np.abs(step_scale).max(), np.abs(step_shift).max()) < 1e-10:
            break
    scale = np.maximum(scale, LEAST_SCALE)
    return Scaling(scale, shift - scale * centre)


def _least_certain(logits: np.ndarray, judged: np.ndarray, prior: Scaling) -> np.ndarray:
    """Return the mean logit of each column, weighted by p (1 - p), (C,)."""
    chances = sigmoid(prior(logits))
    weights = chances * (1 - chances) * judged
    return np.asarray((weights * logits).sum(axis=0) / np.maximum(weights.sum(axis=0), 1e-12))
