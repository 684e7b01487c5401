import pytest

from kerasbert.monitoring.drift_advice import ADVICE, advice_of, kind_of
from kerasbert.monitoring.drift_check import KINDS, TESTS, DriftTest, Moved
from kerasbert.monitoring.drift_tests import WEIGHTS, Compared


def compared(name, effect=0.5, interval=None):
    return Compared(name, None, "it", 0.001, "effect", effect, interval, [])


@pytest.mark.parametrize(
    ("alarming", "kind"),
    [
        ([], "same"),
        ([compared("labels")], "labels"),
        ([compared("scores"), compared("accuracy")], "labels"),
        ([compared("accuracy")], "accuracy"),
        ([compared("labels"), compared("unknown")], "input"),
        ([compared("vectors", 0.6), compared("words", 1.5)], "input"),
        ([compared("vectors", 0.9), compared("words", 1.01)], "input"),
        ([compared("vectors", 0.9), compared("words", 1.2), compared("labels")], "other_text"),
        ([compared("words", 1.2)], "other_text"),
    ],
)
def test_a_change_is_named_by_its_tests(alarming, kind):
    assert kind_of(alarming, alarming) == kind and kind in KINDS


def test_what_fits_another_kind_of_text_without_an_alarm_names_none():
    found = [compared("vectors", 0.9), compared("words", 1.2), compared("labels")]
    assert kind_of([], found) == "same" and kind_of(found[2:], found) == "labels"


def test_every_test_has_a_weight_and_an_advice():
    assert set(TESTS) == set(WEIGHTS) == set(ADVICE)


def test_the_surest_change_is_advised_about_first_and_names_what_moved():
    moved = Moved("anger", 0.1, 0.2, 0.1, (0.05, 0.15), 0.001)
    tests = [
        DriftTest("lengths", "it", 0.01, True, "effect", 0.1),
        DriftTest("labels", "it", 0.001, True, "effect", 0.1, None, [moved]),
        DriftTest("words", "it", 0.5, False, "effect", 0.1),
    ]
    told, sentences = advice_of("input", tests)
    assert "'anger'" in sentences[0] and "other lengths" in sentences[1] and len(sentences) == 2
    assert [one.advice for one in told] == [sentences[1], sentences[0], ""]
    assert advice_of("other_text", tests)[1][0].startswith("Do not use the predictions")


@pytest.mark.parametrize(
    ("effect", "said"), [(0.1, "Texts hold unknown words"), (-0.1, "Fewer texts hold unknown words")]
)
def test_fewer_unknown_words_are_not_taken_for_more(effect, said):
    [sentence] = advice_of("input", [DriftTest("unknown", "it", 0.001, True, "effect", effect)])[1]
    assert sentence.startswith(said)
