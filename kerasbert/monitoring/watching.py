"""`monitor_texts`: new texts beside the reference of a classifier, as a whole and by their time."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import check_choice, check_number
from kerasbert._core.errors import DataError
from kerasbert.monitoring.answering import answer_each
from kerasbert.monitoring.comparison import FALSE_ALARM_RATE, FEWEST_TEXTS, compare_profiles
from kerasbert.monitoring.drift_check import DriftCheck
from kerasbert.monitoring.monitor_report import Bucket, MonitorReport
from kerasbert.monitoring.profile import Profile
from kerasbert.monitoring.profiler import PIECE, LabelledTexts, Profiler
from kerasbert.monitoring.reference import Reference, check_fits, reference_of
from kerasbert.monitoring.window_slices import (
    TIME_FORMATS,
    Key,
    SliceCounts,
    add_slices,
    checked_slices,
    count_slices,
    slice_facts,
    time_buckets,
)
from kerasbert.saving.trained_classifier import ClassifierLike

# Of the rate of false alarms, the share that all texts together have where there are several times; the times share the rest.
OF_ALL = 0.5


def monitor_texts(
    classifier: ClassifierLike,
    texts: Sequence[str],
    labels: Any = None,
    text_pairs: Sequence[str] | None = None,
    *,
    reference: Reference | None = None,
    times: Sequence[Any] | None = None,
    time_bucket: str = "day",
    slices: Mapping[str, Sequence[Any]] | None = None,
    false_alarm_rate: float = FALSE_ALARM_RATE,
) -> MonitorReport:
    """Compare texts with the reference of a classifier.

    Without times, the texts are one window, and texts that do not differ from the reference give an alarm at the stated rate.
    With times, all texts together are tested at half of the rate, and each day (or other time) at its part of the other
    half, so that an alarm of either kind comes falsely at no more than the stated rate.

    Args:
        classifier: a trained one.
        texts: n >= 2 texts.
        labels: as for `TextClassifier.fit`, None for a text whose labels are not known; None: none are known.
        text_pairs: n second texts, for a classifier trained on pairs.
        reference: what is compared with; None: the reference that the classifier's folder holds.
        times: when each text came: datetimes, dates, texts such as `"2026-01-31T12:00:00"`, or seconds since 1970.
        time_bucket: what `times` are divided into: `"hour"`, `"day"`, `"week"` or `"month"`.
        slices: column name -> a value for each text, such as its source: the columns in which an alarm is looked for.
        false_alarm_rate: in (0, 1).

    Returns:
        The verdict with all that led to it; `to_html`, `to_dict` and `to_prometheus` tell it.

    Raises:
        ConfigError: when an argument is out of its range, there is no reference, or it is of another classifier.
        DataError: when there are fewer than two texts, or a text, a label, a time or a slice cannot be used.

    Example:
        >>> monitor_texts(classifier, texts).alarm  # doctest: +SKIP
        False
    """
    check_number("false_alarm_rate", false_alarm_rate, 0, 1, open_minimum=True, open_maximum=True)
    check_choice("time_bucket", time_bucket, TIME_FORMATS)
    known = reference_of(classifier) if reference is None else reference
    profiler = Profiler(classifier, sample_size=known.profile.sample.size)
    if reference is not None:
        check_fits(reference, profiler.trained)
    read = profiler.read(texts, labels, text_pairs)
    if len(read.texts) < FEWEST_TEXTS:
        raise DataError(
            f"`texts` must hold at least {FEWEST_TEXTS} texts to be compared with the reference; got {len(read.texts)}."
        )
    columns = checked_slices(slices, len(read.texts))
    buckets = [""] * len(read.texts) if times is None else time_buckets(times, time_bucket)
    if len(buckets) != len(read.texts):
        raise DataError(f"`times` must have one for each of {len(read.texts)} texts; got {len(buckets)}.")
    profiles, counted = _profiles(profiler, read, buckets, columns)
    return _report(profiler, known, profiles, counted, false_alarm_rate, time_bucket)


def _profiles(
    profiler: Profiler, read: LabelledTexts, buckets: Sequence[str], columns: Mapping[str, Sequence[str]]
) -> tuple[dict[str, Profile], dict[Key, SliceCounts]]:
    """Compute each text once; return the profile of each bucket, in their order, and the counts of slices."""
    trained = profiler.trained
    parts: dict[str, list[Profile]] = {}
    counted: dict[Key, SliceCounts] = {}
    for start in range(0, len(read.texts), PIECE):
        rows = slice(start, start + PIECE)
        piece, names = read.take(rows), np.array(buckets[rows], dtype=object)
        probabilities, vectors = answer_each(trained, trained.tokenizer.encode(piece.texts, piece.pairs))
        for name in sorted(set(names)):
            places = np.flatnonzero(names == name)
            own = {head: array[places] for head, array in probabilities.items()}
            parts.setdefault(name, []).append(profiler.count(piece.take(places), own, vectors[places]))
        predicted = trained.y_pred(probabilities)
        flags = {head: task.flags(predicted[head]) for head, task in trained.outputs.tasks.items()}
        counted = add_slices(counted, count_slices({name: own[rows] for name, own in columns.items()}, flags))
    return {name: Profile.merge(parts[name]) for name in sorted(parts)}, counted


def _report(
    profiler: Profiler,
    reference: Reference,
    profiles: Mapping[str, Profile],
    counted: Mapping[Key, SliceCounts],
    rate: float,
    time_bucket: str,
) -> MonitorReport:
    window = Profile.merge(profiles.values())
    tokenizer = profiler.trained.tokenizer
    tested = [name for name, profile in profiles.items() if profile.num_rows >= FEWEST_TEXTS]
    has_times = len(profiles) > 1
    check = compare_profiles(
        reference.profile,
        window,
        false_alarm_rate=rate * OF_ALL if has_times else rate,
        tokenizer=tokenizer,
        slices=slice_facts(counted, window),
    )
    checks: dict[str, DriftCheck] = {}
    for number, name in enumerate(tested if has_times else [], 1):
        own = rate * (1 - OF_ALL) / len(tested)
        checks[name] = compare_profiles(
            reference.profile, profiles[name], false_alarm_rate=own, tokenizer=tokenizer, number=number
        )
    buckets = [Bucket(name, profiles[name], checks.get(name)) for name in profiles] if has_times else []
    return MonitorReport(check, window, reference, buckets, rate, time_bucket if has_times else None)
