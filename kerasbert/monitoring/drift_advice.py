"""What a change is called, and what to do next."""

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerasbert.monitoring.drift_check import DriftTest

if TYPE_CHECKING:
    from kerasbert.monitoring.drift_tests import Compared

# Of another kind of text: vectors that are told from the reference's, and rarer words. Vectors alone are not enough: they follow the
# labels, so that texts of a single label lie apart from all others too.
OTHER_SEPARATION, OTHER_RARITY = 0.65, 1.06
INPUT_TESTS = ("lengths", "unknown", "truncated", "words", "vectors", "scope")
ADVICE = {
    "labels": "Look at texts predicted as {moved}. If the world has changed, label a few hundred recent texts, tune the "
    "thresholds on them, and train again with them when accuracy falls. Estimated true shares say how far they have moved.",
    "scores": "The classifier is more or less sure than it was, of {moved}. Label the texts whose probabilities lie next to "
    "the thresholds, and measure the accuracy on them.",
    "lengths": "Texts are of other lengths: see whether a source, a template or a cleaning step has changed.",
    "unknown": "Texts hold unknown words: look for another language, another encoding or a broken import.",
    "truncated": "More or fewer texts are cut at the classifier's `max_length`: train with a longer one, or with windows, if "
    "what decides stands at the end.",
    "words": "Read texts with {moved}: a new topic, product or template. If they are here to stay, label some and train again.",
    "vectors": "Texts lie where the reference has few. Read the texts farthest from it, and label some before the predictions "
    "are believed.",
    "scope": "More or fewer texts are out of scope: read those with the highest scores; they may ask for a new label.",
    "accuracy": "Accuracy has changed on the labelled texts. If it fell, train again with these texts.",
}
FEWER_UNKNOWN = "Fewer texts hold unknown words than did: see whether a source or a cleaning step has changed."
OTHER_TEXT = (
    "Do not use the predictions of this window: the texts are of another kind than the classifier was trained and judged on. "
    "See where they come from; if they are to be classified, label some of them, measure, and train again with them."
)


def kind_of(alarming: Sequence["Compared"], found: Sequence["Compared"]) -> str:
    """Name the change that some tests alarm about, one of `KINDS`."""
    names = {one.name for one in alarming}
    if not names:
        return "same"
    if names & {"words", "vectors", "lengths"} and all(map(_fits_other_text, found)):
        return "other_text"
    if names & set(INPUT_TESTS):
        return "input"
    return "labels" if names & {"labels", "scores"} else "accuracy"


def advice_of(kind: str, tests: Sequence[DriftTest]) -> tuple[list[DriftTest], list[str]]:
    """Return the tests with the advice of those that alarm, and the advice of all, the most urgent first."""
    told = [dataclasses.replace(one, advice=_advice(one)) if one.alarm else one for one in tests]
    sentences = [OTHER_TEXT] if kind == "other_text" else []
    sentences += [one.advice for one in sorted(told, key=lambda one: one.p_value) if one.alarm]
    return told, list(dict.fromkeys(sentences))


def _fits_other_text(one: "Compared") -> bool:
    """Whether what a test has found is no sign of the same kind of text."""
    limits = {"vectors": OTHER_SEPARATION, "words": OTHER_RARITY}
    return one.effect >= limits.get(one.name, one.effect)


def _advice(test: DriftTest) -> str:
    if test.name == "unknown" and test.effect < 0:
        return FEWER_UNKNOWN
    named = ", ".join(repr(one.name) for one in test.moved[:5])
    return ADVICE[test.name].format(moved=named or "any label")
