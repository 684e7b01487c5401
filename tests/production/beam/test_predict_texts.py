import numpy as np
import pytest

import kerasbert as kb

beam = pytest.importorskip("apache_beam", reason="Apache Beam is not installed: scripts/test --beam runs these")
from beam_runs import FOUND, keep  # noqa: E402

from kerasbert.beam import ClassifierHandler, PredictTexts  # noqa: E402
from kerasbert.production.beam.predict_texts import _Check  # noqa: E402

pytestmark = pytest.mark.beam


def run(elements, transform):
    """The results by key, and the dead letters, of a local pipeline."""
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        predictions = pipeline | beam.Create(elements, reshuffle=False) | transform
        predictions.results | keep("results")
        predictions.dead_letters | keep("letters")
    return dict(FOUND["results"]), FOUND["letters"]


def test_bad_elements_are_dead_letters_and_their_batch_goes_on(saved_classifier):
    elements = [(1, "good card"), (2, None), (3, 7), ("no key",), (5, "thanks"), (6, ("a", "b"))]
    results, letters = run(elements, PredictTexts(ClassifierHandler(saved_classifier("multiclass"))))
    expected = kb.load(saved_classifier("multiclass")).predict_proba(["good card", "thanks"])
    shares = [list(results[key].inference["scores"].values()) for key in (1, 5)]
    np.testing.assert_allclose(shares, expected, atol=1e-6)
    assert len(results) == 2
    reasons = {letter.key: letter.reason for letter in letters}
    assert "must be a text; got None of type NoneType" in reasons[2]
    assert "must be a text; got 7 of type int" in reasons[3] and "text_pairs=True" in reasons[6]
    assert "must be a pair (key, text)" in reasons[None]
    assert {letter.key: letter.example for letter in letters}[None] == ("no key",)


@pytest.mark.parametrize("text_pairs", [False, True])
def test_half_of_a_surrogate_pair_is_spelled_in_its_dead_letter(text_pairs):
    """No coder carries it: so it comes up within a step only, and must not go on."""
    example = ("good", "\ud83d!") if text_pairs else "\ud83d!"
    (tagged,) = _Check(text_pairs).process((3, example))
    assert tagged.value.example == (("good", "\\ud83d!") if text_pairs else "\\ud83d!")
    assert "holds half of a surrogate pair" in tagged.value.reason


def test_a_batch_that_fails_is_a_dead_letter_for_each_text(saved_classifier, tmp_path):
    handler = ClassifierHandler(saved_classifier("multiclass"))
    handler.update_model_path(str(tmp_path))
    results, letters = run([(1, "good"), (2, "thanks")], PredictTexts(handler))
    assert not results and sorted((letter.key, letter.example) for letter in letters) == [(1, "good"), (2, "thanks")]
    assert all("holds no classifier.json" in letter.reason for letter in letters)


def test_only_handlers_of_classifiers_are_taken():
    with pytest.raises(TypeError, match="`handler` must be a ClassifierHandler; got 'models/one' of str"):
        PredictTexts("models/one")
