"""`DriftCheck`: what one comparison of a window with the reference has found."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, final

from kerasbert._core.display import Displayed

# Names of the tests, in the order in which they are told, and what they compare.
TESTS: dict[str, str] = {
    "labels": "shares of labels",
    "scores": "probabilities of labels",
    "lengths": "lengths of texts in tokens",
    "unknown": "texts with unknown words",
    "truncated": "texts that are cut",
    "words": "words",
    "vectors": "pooled vectors",
    "scope": "out-of-scope scores",
    "accuracy": "accuracy on texts with known labels",
}
# What a window is called as a whole.
KINDS: dict[str, str] = {
    "same": "No change is seen.",
    "labels": "The shares of labels have changed; the texts are of the same kind.",
    "input": "The texts have changed.",
    "other_text": "This is another kind of text than the classifier was trained on.",
    "accuracy": "The classifier is right less often than it was, or more often.",
}


@final
@dataclasses.dataclass(frozen=True)
class Moved:
    """A label, a word or a slice, and how it has moved.

    Args:
        name: of the label, word or other thing.
        reference: its share (or mean) in the reference.
        window: its share (or mean) in the window.
        effect: window - reference; of ranks Cliff's delta, from -1 to 1.
        interval: of the effect, 95 %.
        p_value: corrected for the number of things that the test looked at (Holm).
    """

    name: str
    reference: float
    window: float
    effect: float
    interval: tuple[float, float]
    p_value: float


@final
@dataclasses.dataclass(frozen=True)
class DriftTest:
    """One comparison of a window with the reference.

    Args:
        name: one of `TESTS`.
        compared: what was compared, in words.
        p_value: of no change, corrected for the labels or words inside of the test, not yet for the other tests.
        alarm: whether this test alone gives the alarm, corrected for the other tests.
        effect_name: what `effect` is, in words.
        effect: size of the change.
        interval: of the effect, 95 %; None where it has none.
        moved: what has moved, the surest first; empty unless something did.
        advice: what to do next; empty without alarm.
        head: whose labels were compared; None where it is not about labels.
    """

    name: str
    compared: str
    p_value: float
    alarm: bool
    effect_name: str
    effect: float
    interval: tuple[float, float] | None = None
    moved: Sequence[Moved] = ()
    advice: str = ""
    head: str | None = None


@final
@dataclasses.dataclass(frozen=True)
class LabelShare:
    """The share of a label, as it is predicted and as it is estimated to be.

    Args:
        label: its name.
        head: of the label.
        reference: share of the reference's texts that have the label; of predictions where no labels are known.
        predicted: share of the window's texts that it is predicted for.
        estimated: its true share in the window, from the predictions and the reference's confusion matrix; None where
            that is not known, or predicts the label no better than chance.
        interval: of `estimated`, 95 %.
    """

    label: str
    head: str
    reference: float
    predicted: float
    estimated: float | None = None
    interval: tuple[float, float] | None = None


@final
@dataclasses.dataclass(frozen=True)
class AccuracyFacts:
    """How often a head is right.

    Args:
        head: its name.
        reference: accuracy on the reference; None where its labels are not known.
        labelled: texts of the window whose label is known.
        accuracy: on these; None without any.
        interval: of `accuracy`, 95 %.
        estimated: accuracy on all texts of the window, from their confidences; assumes that texts of one confidence are
            right as often as in the reference. None where that is not known.
        estimated_interval: of `estimated`, 95 %.
    """

    head: str
    reference: float | None
    labelled: int
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    estimated: float | None = None
    estimated_interval: tuple[float, float] | None = None


@final
@dataclasses.dataclass(frozen=True)
class SliceFacts:
    """A part of the window in which a label is found more or less often than in its other parts.

    Args:
        column: name of the column, such as `"source"`, `"time"` or `"length"`.
        value: its value.
        texts: of the window that have it.
        moved: the labels that are concentrated in it or missing from it; `reference` is their share in the rest of the
            window.
    """

    column: str
    value: str
    texts: int
    moved: Sequence[Moved]


@final
@dataclasses.dataclass(frozen=True, repr=False)
class DriftCheck(Displayed):
    """What one comparison of a window with the reference has found.

    Args:
        alarm: whether something has changed: `p_value` <= `level`.
        p_value: of all tests together.
        level: the rate of false alarms at which this check alarms, see `DriftMonitor`.
        kind: one of `"same"`, `"labels"`, `"input"`, `"other_text"` and `"accuracy"`.
        num_texts: texts of the window.
        reference_texts: texts of the reference.
        tests: the single tests.
        advice: what to do next, a sentence each.
        shares: of the labels.
        accuracy: of each head.
        slices: parts of the window that differ from the rest of it; only with an alarm.
        number: of the check of a monitor, from 1.
        window_number: of the window of a monitor, from 1; a window that is checked before it is full has several checks.

    Example:
        >>> check = DriftCheck(False, 0.4, 0.05, "same", 1000, 5426, [])
        >>> check
        DriftCheck: no alarm, p = 0.4000 at a false-alarm rate of 0.05; 1,000 texts against 5,426
        No change is seen.
        >>> check.to_dict()["kind"]
        'same'
    """

    alarm: bool
    p_value: float
    level: float
    kind: str
    num_texts: int
    reference_texts: int
    tests: Sequence[DriftTest]
    advice: Sequence[str] = ()
    shares: Sequence[LabelShare] = ()
    accuracy: Sequence[AccuracyFacts] = ()
    slices: Sequence[SliceFacts] = ()
    number: int = 1
    window_number: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as plain data, as JSON has it."""
        return {"summary": KINDS[self.kind], **_plain(self)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "DriftCheck":
        """Return the check that `to_dict` gave, also after JSON."""
        fields = {name: value for name, value in values.items() if name != "summary"}
        fields["tests"] = [_of(DriftTest, one, moved=_all(Moved, one["moved"])) for one in values["tests"]]
        fields["shares"] = _all(LabelShare, values["shares"])
        fields["accuracy"] = _all(AccuracyFacts, values["accuracy"])
        fields["slices"] = [_of(SliceFacts, one, moved=_all(Moved, one["moved"])) for one in values["slices"]]
        return cls(**fields)

    def _lines(self) -> Sequence[str]:
        state = "ALARM" if self.alarm else "no alarm"
        causes = ", ".join(_cause(test) for test in self.tests if test.alarm)
        lines = [
            f"DriftCheck: {state}, p = {self.p_value:.4f} at a false-alarm rate of {self.level:.3g}; "
            f"{self.num_texts:,} texts against {self.reference_texts:,}",
            KINDS[self.kind],
        ]
        return [*lines, causes] if causes else lines

    def _rows(self) -> Iterable[Mapping[str, Any]]:
        for test in self.tests:
            yield {
                "test": test.name,
                "head": test.head,
                "p-value": test.p_value,
                "alarm": "yes" if test.alarm else "no",
                "effect": test.effect,
                "moved": [one.name for one in test.moved[:5]],
            }


def _cause(test: DriftTest) -> str:
    return f"{test.name}: {', '.join(one.name for one in test.moved[:3])}" if test.moved else test.name


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return [_plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def _of(kind: type[Any], values: Mapping[str, Any], **others: Any) -> Any:
    """A result from plain data, in which intervals are lists."""
    pairs = {name: tuple(value) for name, value in values.items() if name.endswith("interval") and value is not None}
    return kind(**{**values, **pairs, **others})


def _all(kind: type[Any], values: Iterable[Mapping[str, Any]]) -> list[Any]:
    return [_of(kind, one) for one in values]
