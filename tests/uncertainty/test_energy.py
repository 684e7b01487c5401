import keras
import numpy as np
import pytest
from scipy.special import logsumexp

from kerasbert import Binary, Multiclass, Multilabel
from kerasbert.uncertainty.energy import energies

TASKS = {"topic": Multiclass(["x", "y", "z"]), "flags": Multilabel(["p", "q"]), "spam": Binary()}


@pytest.mark.parametrize("xp", [np, keras.ops], ids=["numpy", "keras"])
def test_of_exclusive_and_independent_labels(xp):
    random = np.random.default_rng(0)
    logits = {head: random.normal(size=(5, task.units)).astype("float32") * 30 for head, task in TASKS.items()}
    expected = [
        -logsumexp(logits["topic"], axis=1),
        *(-np.logaddexp(0, logits[head]).sum(axis=1) for head in ("flags", "spam")),
    ]
    for own, right in zip(energies(TASKS, logits, xp), expected, strict=True):
        np.testing.assert_allclose(np.asarray(own), right, rtol=1e-5)


def test_a_level_without_logits_is_left_out():
    assert len(energies(TASKS, {"spam": np.zeros((1, 1))})) == 1
