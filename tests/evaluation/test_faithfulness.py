import numpy as np
import pytest

from kerasbert.evaluation.faithfulness import measure_faithfulness, reduced_text

TEXT = "I don't pay, ever."
SPANS = [(0, 1), (2, 5), (5, 6), (6, 7), (8, 11), (11, 12), (13, 17), (17, 18)]
WORDS = [{"start": start, "end": end, "attribution": 0.0} for start, end in SPANS]


def test_a_reduced_text_keeps_words_apart_and_the_rest_as_it_was():
    assert reduced_text(TEXT, WORDS, range(8)) == TEXT
    assert reduced_text(TEXT, WORDS, [0, 1, 3, 4]) == "I don t pay"
    assert reduced_text(TEXT, WORDS, np.array([6, 4])) == "pay ever" and reduced_text(TEXT, WORDS, []) == ""


def test_the_words_that_decide_are_told_from_random_ones():
    words = [{"start": 2 * place, "end": 2 * place + 1, "attribution": float(place == 3)} for place in range(10)]
    text = "a b c d e f g h i j"

    def predict(texts):
        return np.array([0.9 if "d" in one else 0.2 for one in texts])

    found = measure_faithfulness(predict, text, words, draws=2000)
    # One word is left out for 1, 5 and 10 %, two for 20 %, five for 50 %: each time the word that decides.
    assert found.comprehensiveness == pytest.approx(0.7) and found.sufficiency == pytest.approx(0)
    # By chance it is among them with 1, 1, 1, 2 and 5 of 10.
    assert found.random_comprehensiveness == pytest.approx(0.7 * 0.2, abs=0.02)
    assert found.random_sufficiency == pytest.approx(0.7 * 0.8, abs=0.02)
    assert found.gain == pytest.approx(found.comprehensiveness - found.random_comprehensiveness)
