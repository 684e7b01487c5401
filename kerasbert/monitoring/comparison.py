"""`compare_profiles`: a window's profile beside the reference's, one verdict."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kerasbert._core.checks import check_int, check_number
from kerasbert._core.errors import ConfigError
from kerasbert.monitoring.combination import combined_p_value
from kerasbert.monitoring.drift_advice import advice_of, kind_of
from kerasbert.monitoring.drift_check import DriftCheck, DriftTest, LabelShare, SliceFacts
from kerasbert.monitoring.drift_tests import WEIGHTS, Compared, all_tests
from kerasbert.monitoring.estimated_accuracy import accuracy_facts
from kerasbert.monitoring.label_shift import exclusive_shares, independent_shares
from kerasbert.monitoring.profile import HeadProfile, Profile, check_same_classifier
from kerasbert.tokenization.tokenizer import Tokenizer

FALSE_ALARM_RATE = 0.05
FEWEST_TEXTS = 2


def compare_profiles(
    reference: Profile,
    window: Profile,
    *,
    false_alarm_rate: float = FALSE_ALARM_RATE,
    tokenizer: Tokenizer | None = None,
    slices: Sequence[SliceFacts] = (),
    number: int = 1,
    seed: int = 0,
) -> DriftCheck:
    """Compare the texts of a window with those of the reference.

    Each test asks how likely so large a difference is if the texts of both were drawn from the same source: the
    texts of both together are divided anew, so that no size of window and no distribution is assumed. The p-values are put
    together by `combined_p_value`, labels weighing most.

    Args:
        reference: of n texts, n >= 2.
        window: of m texts, m >= 2, of the same classifier.
        false_alarm_rate: how often windows without a change give an alarm, in (0, 1).
        tokenizer: of the classifier, which names the words that have moved; None: they are numbers, and unknown words are not
            compared.
        slices: parts of the window that differ from the rest, told with an alarm.
        number: of the check.
        seed: of the permutations of vectors.

    Returns:
        The verdict, the single tests, estimated shares of labels and accuracies.

    Raises:
        ConfigError: when the profiles are of two classifiers, one has fewer than 2 texts, or the rate is no rate.

    Example:
        >>> compare_profiles(reference, window).alarm  # doctest: +SKIP
        False
    """
    check_number("false_alarm_rate", false_alarm_rate, 0, 1, open_minimum=True, open_maximum=True)
    check_int("seed", seed, 0)
    check_same_classifier(reference, window)
    for name, profile in (("reference", reference), ("window", window)):
        if profile.num_rows < FEWEST_TEXTS:
            raise ConfigError(
                f"`{name}` must hold at least {FEWEST_TEXTS} texts to be compared; got {profile.num_rows}. Add more texts."
            )
    words: Callable[[int], str] = str if tokenizer is None else tokenizer.token_of
    found = list(all_tests(reference, window, words, tokenizer.unknown_id if tokenizer else None, seed))
    weights = _weights(found)
    p_value = combined_p_value([one.p_value for one in found], weights)
    alarm = p_value <= false_alarm_rate
    alarming = _alarming(found, weights, false_alarm_rate) if alarm else [False] * len(found)
    kind = kind_of([one for one, alarms in zip(found, alarming, strict=True) if alarms], found)
    tests = [
        DriftTest(
            *one[:1],
            one.compared,
            one.p_value,
            alarms,
            one.effect_name,
            one.effect,
            one.interval,
            one.moved,
            head=one.head,
        )
        for one, alarms in zip(found, alarming, strict=True)
    ]
    return DriftCheck(
        alarm,
        p_value,
        false_alarm_rate,
        kind,
        window.num_rows,
        reference.num_rows,
        *advice_of(kind, tests),
        [share for name in window.heads for share in label_shares(name, reference, window)],
        [facts for name in window.heads for facts in [accuracy_facts(name, reference.heads[name], window.heads[name])]],
        list(slices) if alarm else [],
        number,
    )


def label_shares(name: str, reference: Profile, window: Profile) -> list[LabelShare]:
    """Estimate the shares of a head's labels; see `LabelShare`."""
    own, other = window.heads[name], reference.heads[name]
    known = max(other.num_labelled, 1)
    true = other.num_true / known if other.num_labelled else other.num_predicted / reference.num_rows
    estimate, low, high = _estimates(other, own, window.num_rows)
    return [
        LabelShare(
            label,
            name,
            float(true[place]),
            float(own.num_predicted[place] / window.num_rows),
            *(
                (None, None)
                if np.isnan(estimate[place])
                else (float(estimate[place]), (float(low[place]), float(high[place])))
            ),
        )  # fmt: skip
        for place, label in enumerate(own.label_names)
    ]


def _estimates(reference: HeadProfile, window: HeadProfile, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if reference.confusion is None or not reference.num_labelled:
        nothing = np.full(len(window.label_names), np.nan)
        return nothing, nothing, nothing
    if reference.confusion.ndim == 2:
        return exclusive_shares(reference.confusion, window.num_predicted)
    return independent_shares(reference.confusion, window.num_predicted, size)


def _weights(found: Sequence[Compared]) -> np.ndarray:
    """The weight of each test; the heads of a classifier share theirs."""
    counts: Mapping[str, int] = {name: sum(one.name == name for one in found) for name in WEIGHTS}
    weights = np.array([WEIGHTS[one.name] / counts[one.name] for one in found])
    return np.asarray(weights / weights.sum())


def _alarming(found: Sequence[Compared], weights: np.ndarray, level: float) -> list[bool]:
    """Which tests give the alarm by themselves; the surest one where only all together do."""
    corrected = np.array([one.p_value for one in found]) / weights
    return [bool(value <= max(level, corrected.min())) for value in corrected]
