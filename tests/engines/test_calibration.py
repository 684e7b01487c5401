"""What is said of an engine's answers is what they are."""

import time

import numpy as np
import pytest
from scipy.stats import norm

import kerasbert as kb
from kerasbert.engines.calibration import Calibration
from kerasbert.saving.folder import load_trained

TEXTS = ["good card", "bad parcel", "thanks", "lost"] * 5


class FakeEngine:
    """Gives the classifier's probabilities, some of them turned round."""

    def __init__(self, probabilities, turned):
        self.given = {head: values.copy() for head, values in probabilities.items()}
        for values in self.given.values():
            values[:turned] = 1 - values[:turned]

    def run(self, tokens):
        time.sleep(0.001)
        return {head: values[: len(tokens)] for head, values in self.given.items()}, None


@pytest.fixture(scope="module")
def calibration(saved_classifier):
    trained = load_trained(saved_classifier("binary"))
    tokens = trained.tokenizer.encode(TEXTS)
    return Calibration(trained, tokens, {"probabilities": np.full((20, 1), 0.9, "float32")}, 0.8)


@pytest.mark.parametrize("turned", [0, 1, 20])
def test_the_interval_is_wilsons(turned, calibration):
    report = calibration.compare(FakeEngine(calibration.expected, turned))
    z, n, share = norm.ppf(0.975), 20, 1 - turned / 20
    root = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    expected = [(share + z**2 / (2 * n) + sign * root) / (1 + z**2 / n) for sign in (-1, 1)]
    np.testing.assert_allclose(report["agreement"], expected, atol=1e-4)
    assert report["different_decisions"] == turned and report["texts"] == 20
    np.testing.assert_allclose(report["largest_difference"], 0.8 if turned else 0, atol=1e-6)
    assert calibration.agrees(report) == (expected[0] >= 0.8)


def test_others_are_refused(calibration):
    report = calibration.compare(FakeEngine(calibration.expected, 5))
    with pytest.raises(
        kb.ArtifactError, match=r"`precision` 'int8' gives other labels to 5 of 20 texts; .* from 0\.53"
    ):
        calibration.check("int8", report)
    with pytest.raises(kb.ArtifactError, match=r"a probability by 0\.8, more than 1e-05"):
        calibration.check("float32", report)


def test_times_are_of_all_texts_and_of_one(calibration):
    engines = [FakeEngine(calibration.expected, 0), FakeEngine(calibration.expected, 1)]
    times = calibration.time(engines)
    assert [set(one) for one in times] == [{"texts_per_second", "latency_p50_ms"}] * 2
    assert all(value > 0 for one in times for value in one.values())
