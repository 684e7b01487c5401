"""Slices of a window: in which of them a label is more frequent than in the others."""

import dataclasses
import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self, final

import numpy as np

from kerasbert._core.checks import check_text_column, shorten
from kerasbert._core.errors import DataError
from kerasbert.monitoring.combination import holm
from kerasbert.monitoring.drift_check import Moved, SliceFacts
from kerasbert.monitoring.effects import share_effects
from kerasbert.monitoring.permutation import share_p_values
from kerasbert.monitoring.profile import Profile

TIME_COLUMN = "time"
TIME_FORMATS = {"hour": "%Y-%m-%d %H h", "day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}
# More values are no parts of a window any more, but names of its texts.
MOST_VALUES, MOST_VALUE_CHARACTERS = 1000, 200
MOST_SLICES = 20
SIGNIFICANT = 0.05
Key = tuple[str, str]


@final
@dataclasses.dataclass(frozen=True, eq=False)
class SliceCounts:
    """Counts of the texts of a slice.

    Args:
        num_rows: its texts.
        predicted: head name -> texts that each label is predicted for, int64 (C,).
    """

    num_rows: int
    predicted: Mapping[str, np.ndarray]

    def __add__(self, other: "SliceCounts") -> Self:
        predicted = {head: counts + other.predicted[head] for head, counts in self.predicted.items()}
        return dataclasses.replace(self, num_rows=self.num_rows + other.num_rows, predicted=predicted)


def count_slices(columns: Mapping[str, Sequence[str]], flags: Mapping[str, np.ndarray]) -> dict[Key, SliceCounts]:
    """Count the texts of each value of each column.

    Args:
        columns: name -> a value for each of n texts.
        flags: head name -> predicted labels, bool (n, C).

    Example:
        >>> counts = count_slices({"source": ["app", "web", "app"]}, {"topic": np.eye(3, dtype=bool)})
        >>> counts["source", "app"].predicted["topic"]
        array([1, 0, 1])
    """
    found = {}
    for column, values in columns.items():
        names, places = np.unique(np.asarray(values, dtype=object).astype(str), return_inverse=True)
        sums = {head: np.zeros((len(names), own.shape[1]), np.int64) for head, own in flags.items()}
        for head, own in flags.items():
            np.add.at(sums[head], places, own.astype(np.int64))
        sizes = np.bincount(places, minlength=len(names))
        for place, name in enumerate(names):
            found[column, str(name)] = SliceCounts(int(sizes[place]), {head: own[place] for head, own in sums.items()})
    return found


def add_slices(first: Mapping[Key, SliceCounts], second: Mapping[Key, SliceCounts]) -> dict[Key, SliceCounts]:
    """Add up the counts of two parts of a window.

    Raises:
        DataError: when a column has more than 1,000 values.
    """
    summed = dict(first)
    for key, counts in second.items():
        summed[key] = summed[key] + counts if key in summed else counts
    for column in {column for column, _ in summed}:
        number = sum(one == column for one, _ in summed)
        if number > MOST_VALUES:
            raise DataError(
                f"`slices` column {column!r} has more than {MOST_VALUES:,} values in a window, so that none has enough "
                f"texts; give a coarser one."
            )
    return summed


def slice_facts(slices: Mapping[Key, SliceCounts], window: Profile) -> list[SliceFacts]:
    """Compare each slice with the rest of the window; return those that differ, the surest first.

    The labels of a slice are tested as those of a window are, each by its exact test, and corrected for all
    labels of all slices.
    """
    rows, p_values = [], []
    for key, counts in slices.items():
        rest = window.num_rows - counts.num_rows
        if not rest:
            continue
        for head, own in counts.predicted.items():
            others = window.heads[head].num_predicted - own
            rows.append((key, head, own, others, rest))
            p_values.append(share_p_values(others, rest, own, counts.num_rows))
    if not rows:
        return []
    corrected = np.split(holm(np.concatenate(p_values)), np.cumsum([len(one) for one in p_values])[:-1])
    found: dict[Key, list[Moved]] = {}
    for (key, head, own, others, rest), values in zip(rows, corrected, strict=True):
        columns = share_effects(others, rest, own, slices[key].num_rows)
        for place in np.flatnonzero(values <= SIGNIFICANT):
            first, second, effect, low, high = (float(column[place]) for column in columns)
            label = window.heads[head].label_names[place]
            found.setdefault(key, []).append(Moved(label, first, second, effect, (low, high), float(values[place])))
    facts = [
        SliceFacts(*key, slices[key].num_rows, sorted(moved, key=lambda one: one.p_value))
        for key, moved in found.items()
    ]
    return sorted(facts, key=lambda one: one.moved[0].p_value)[:MOST_SLICES]


def checked_slices(slices: Mapping[str, Any] | None, num_texts: int) -> dict[str, list[str]]:
    """Check columns that divide texts: name -> a value a text, as strings.

    Raises:
        DataError: when a column has not one value a text, or is named `"time"`.
        TypeError: when `slices` is no mapping of columns.
    """
    if slices is None:
        return {}
    if not isinstance(slices, Mapping):
        raise TypeError(
            f"`slices` must be a dict of columns, such as {{'source': [...]}}; got {shorten(slices)} of type "
            f"{type(slices).__name__}."
        )
    found = {}
    for name, values in slices.items():
        column = [str(value) for value in check_text_column(f"slices[{name!r}]", values)]
        if len(column) != num_texts:
            raise DataError(
                f"`slices` column {name!r} must have a value for each of {num_texts} texts; got {len(column)}."
            )
        long = next((value for value in column if len(value) > MOST_VALUE_CHARACTERS), None)
        if long is not None:
            raise DataError(
                f"`slices` column {name!r} must hold values of at most {MOST_VALUE_CHARACTERS} characters; got {shorten(long)}."
            )
        if name == TIME_COLUMN:
            raise DataError(f"`slices` must have no column {TIME_COLUMN!r}, which `times` fills; give it another name.")
        found[str(name)] = column
    return found


def time_buckets(times: Iterable[Any], bucket: str) -> list[str]:
    """Return the hour, day, week or month of each time.

    Args:
        times: datetimes, dates, texts such as `"2026-01-31T12:00:00"`, or seconds since 1970 (UTC).
        bucket: a key of `TIME_FORMATS`.

    Raises:
        DataError: when one is no time; the message counts from 1.

    Example:
        >>> time_buckets(["2026-01-31T12:30:00", 0], "day")
        ['2026-01-31', '1970-01-01']
    """
    return [_time(value, row).strftime(TIME_FORMATS[bucket]) for row, value in enumerate(times, 1)]


def _time(value: Any, row: int) -> datetime.datetime:
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime()
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[s]").item()
    if isinstance(value, datetime.datetime):
        return value
    if isinstance(value, datetime.date):
        return datetime.datetime(value.year, value.month, value.day)
    try:
        if isinstance(value, str):
            return datetime.datetime.fromisoformat(value)
        return datetime.datetime.fromtimestamp(float(value), datetime.UTC)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise DataError(
            f"`times` must hold times such as '2026-01-31T12:00:00', datetimes or seconds since 1970; row {row} is "
            f"{shorten(value)}."
        ) from error
