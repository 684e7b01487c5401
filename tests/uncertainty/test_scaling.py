import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from kerasbert.tasks.binary import Binary
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel
from kerasbert.uncertainty.logits import LogitLayer, sigmoid
from kerasbert.uncertainty.scaling import LEAST_SCALE, Scaling, fit_scaling, platt

NOTHING = Scaling(np.ones(1), np.zeros(1))


def drawn(true, count=2000, units=4, seed=0):
    """Logits that are right once they are scaled, and the labels that say so."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(count, units)) * 2
    return logits, random.random((count, units)) < sigmoid(true(logits))


def test_a_temperature_makes_the_choice_as_likely_as_it_says():
    random = np.random.default_rng(0)
    logits = random.normal(size=(3000, 5)) * 3
    labels = (logits * 0.5 + random.gumbel(size=logits.shape)).argmax(axis=1)  # drawn from softmax(z / 2)
    layer = LogitLayer("topic", Multiclass(5))
    found = fit_scaling(layer, {"topic": labels}, logits)
    right = logits.argmax(axis=1) == labels

    def loss(t):
        said = softmax(logits * t, axis=1).max(axis=1)
        return -np.where(right, np.log(said), np.log(1 - said)).mean()

    best = minimize(loss, [1.0], method="Nelder-Mead").x
    assert found.scale == pytest.approx([best[0]] * 5, rel=2e-3) and best[0] == pytest.approx(0.5, abs=0.05)
    assert not found.shift.any()


def test_platt_scaling_is_logistic_regression_where_the_prior_is_wide():
    logits, labels = drawn(lambda z: 0.5 * z - 1)
    found = platt(logits, labels, np.ones_like(labels), NOTHING, (1e4, 1e4))
    for column in range(4):
        fitted = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(logits[:, [column]], labels[:, column])
        assert found.scale[column] == pytest.approx(fitted.coef_[0, 0], rel=1e-4)
        assert found.shift[column] == pytest.approx(fitted.intercept_[0], rel=1e-4)


def test_a_binary_head_is_scaled_and_shifted():
    logits, labels = drawn(lambda z: 2 * z + 1, units=1)
    found = fit_scaling(LogitLayer("spam", Binary(["ham", "spam"])), {"spam": labels.astype("float32")}, logits)
    assert found.scale == pytest.approx([2], abs=0.3) and found.shift == pytest.approx([1], abs=0.2)


def test_a_label_that_never_occurs_takes_what_all_share():
    logits, labels = drawn(lambda z: 0.5 * z, units=6)
    logits[:, 5], labels[:, 5] = -30, False
    found = fit_scaling(LogitLayer("any", Multilabel(6)), {"any": labels.astype("float32")}, logits)
    assert found.scale[5] == pytest.approx(0.5, abs=0.1) and np.isfinite(found.shift).all()
    assert found.scale[:5] == pytest.approx([0.5] * 5, abs=0.1)


def test_a_rare_label_is_drawn_to_the_others_and_a_common_one_is_not():
    logits, labels = drawn(lambda z: z + np.array([0, 0, 0, 3]), count=20_000)
    few = np.ones_like(labels)
    few[20:, 3] = False  # its own texts say little
    scaled = [platt(logits, labels, judged, NOTHING, (0.2, 0.4)).shift[3] for judged in (few, np.ones_like(few))]
    assert 0 < scaled[0] < 1.5 and scaled[1] == pytest.approx(3, abs=0.3)


def test_a_scale_stays_above_zero_and_the_inverse_undoes_it():
    logits, labels = drawn(lambda z: -z)
    found = platt(logits, labels, np.ones_like(labels), NOTHING)
    assert (found.scale == LEAST_SCALE).all()
    scaling = Scaling(np.array([2.0, 0.5]), np.array([1.0, -3.0]))
    assert np.allclose(scaling.inverse(scaling(logits[:, :2])), logits[:, :2])
