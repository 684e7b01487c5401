"""`DriftMonitor`: texts as they come, and a warning when they or their labels are not what they were."""

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np

from kerasbert._core.checks import check_choice, check_int, check_number, check_text_column, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.monitoring.answering import answer_each
from kerasbert.monitoring.comparison import FALSE_ALARM_RATE, FEWEST_TEXTS, compare_profiles
from kerasbert.monitoring.drift_check import DriftCheck
from kerasbert.monitoring.late_labels import PendingTexts, add_late_labels
from kerasbert.monitoring.monitor_state import (
    MOST_CHECKS,
    MonitorState,
    checked_folder,
    locked,
    read_state,
    write_state,
)
from kerasbert.monitoring.profile import Profile
from kerasbert.monitoring.profiler import LabelledTexts, Profiler
from kerasbert.monitoring.reference import Reference, check_fits, reference_of
from kerasbert.monitoring.vector_sample import row_keys
from kerasbert.monitoring.window_slices import (
    TIME_COLUMN,
    TIME_FORMATS,
    add_slices,
    checked_slices,
    count_slices,
    slice_facts,
    time_buckets,
)
from kerasbert.saving.trained_classifier import ClassifierLike

WINDOW = 1000
# Each check alarms falsely at the stated rate, or all checks together, however many there will be, at most at that rate.
GUARANTEES = ("each", "ever")
# Keys of batches, and texts whose labels may come, that are remembered at most.
MOST_BATCHES, MOST_PENDING = 10_000, 100_000


@final
class DriftMonitor:
    """Compares the texts that a classifier meets with those that it was judged on.

    Texts are counted into a window; when it is full, it is compared with the reference, and the next one begins. A check
    alarms falsely at the stated rate, whatever the size of its window, as long as texts are independent of each other and
    both windows and reference come from one source. With `guarantee="each"` this is said of every check: of 20 checks without
    a change one gives an alarm on average, at 0.05. With `guarantee="ever"` it is said of all checks together: the chance
    that there is ever a false alarm is at most 0.05, since check number t has the share 1 / (t (t + 1)) of it; later
    checks then miss more.

    Args:
        classifier: a trained one, or its folder.
        reference: what is compared with; None: the reference that the classifier's folder holds.
        window: texts of a window, >= 2.
        false_alarm_rate: in (0, 1).
        guarantee: `"each"` or `"ever"`.
        state: folder in which all that is counted is kept: a monitor that is made anew goes on where the last one
            stopped, also after a crash, and several processes may count into one window. None: memory only.
        time_bucket: what `times` are divided into: `"hour"`, `"day"`, `"week"` or `"month"`.

    Raises:
        ArtifactError: when the state was damaged.
        ConfigError: when an argument is out of its range, there is no reference, it is of another classifier, or the state is
            of another classifier or other settings.

    Example:
        >>> monitor = DriftMonitor("models/intents", window=500)  # doctest: +SKIP
        >>> for check in monitor.update(texts):  # doctest: +SKIP
        ...     print(check)
    """

    def __init__(
        self,
        classifier: ClassifierLike | str | os.PathLike[str],
        *,
        reference: Reference | None = None,
        window: int = WINDOW,
        false_alarm_rate: float = FALSE_ALARM_RATE,
        guarantee: str = "each",
        state: str | os.PathLike[str] | None = None,
        time_bucket: str = "day",
    ) -> None:
        settings = {
            "window": check_int("window", window, FEWEST_TEXTS),
            "false_alarm_rate": check_number(
                "false_alarm_rate", false_alarm_rate, 0, 1, open_minimum=True, open_maximum=True
            ),
            "guarantee": check_choice("guarantee", guarantee, GUARANTEES),
        }
        self.time_bucket = check_choice("time_bucket", time_bucket, TIME_FORMATS)
        self.state = None if state is None else checked_folder(state)
        if isinstance(classifier, (str, os.PathLike)):
            from kerasbert.saving.folder import load_trained

            classifier = load_trained(classifier)
        self.reference = _reference(classifier, reference)
        self.profiler = Profiler(classifier, sample_size=self.reference.profile.sample.size)
        self._memory = MonitorState(self.profiler.fingerprint, settings)
        with self._transaction():
            pass

    @property
    def checks(self) -> list[DriftCheck]:
        """The verdicts so far, the newest 1,000."""
        with self._transaction(writes=False) as state:
            return list(state.checks)

    @property
    def num_texts(self) -> int:
        """Texts in the open window."""
        with self._transaction(writes=False) as state:
            return 0 if state.window is None else state.window.num_rows

    def update(
        self,
        texts: Sequence[str],
        labels: Any = None,
        *,
        text_pairs: Sequence[str] | None = None,
        times: Sequence[Any] | None = None,
        slices: Mapping[str, Sequence[Any]] | None = None,
        ids: Sequence[Any] | None = None,
        batch: str | None = None,
    ) -> list[DriftCheck]:
        """Count texts; check every window that they fill.

        Args:
            texts: n texts.
            labels: as for `TextClassifier.fit`, None for a text whose labels are not known; None: none are known.
            text_pairs: n second texts, for a classifier trained on pairs.
            times: when each came, see `time_bucket`; one more column that divides the texts, `"time"`.
            slices: column name -> a value for each text, such as its source: the columns in which an alarm is looked for.
            ids: of the texts, by which `add_labels` finds them again.
            batch: a key of these texts: a batch whose key was counted is not counted again, so that a job that was killed may
                repeat its last one.

        Returns:
            The checks of the windows that were filled; often none.

        Raises:
            DataError: when a text, a label, a time or a slice cannot be used; nothing is counted then.
        """
        read = self.profiler.read(texts, labels, text_pairs)
        columns = self._columns(slices, times, len(read.texts))
        names = None if ids is None else _checked_ids(ids, len(read.texts))
        trained = self.profiler.trained
        answers = answer_each(trained, trained.tokenizer.encode(read.texts, read.pairs))
        with self._transaction() as state:
            if batch is not None:
                key = row_keys([str(batch)])
                if key[0] in state.batches:
                    return []
                state.batches = np.concatenate([state.batches, key])[-MOST_BATCHES:]
            return self._count(state, read, answers, columns, names)

    def check(self) -> DriftCheck:
        """Compare the open window with the reference before it is full; it stays open. It counts as a check.

        Raises:
            ConfigError: when it holds fewer than two texts.
        """
        with self._transaction() as state:
            if state.window is None or state.window.num_rows < FEWEST_TEXTS:
                held = 0 if state.window is None else state.window.num_rows
                raise ConfigError(
                    f"The window must hold at least {FEWEST_TEXTS} texts to be checked; it holds {held}. Call `update` with "
                    f"some first."
                )
            return self._check(state, state.window)

    def add_labels(self, ids: Sequence[Any], labels: Any) -> int:
        """Add labels that came later than their texts.

        They count for the accuracy of the open window, or of the check of the window that their text was in.

        Args:
            ids: of n texts, as `update` got them.
            labels: n labels, as for `TextClassifier.fit`.

        Returns:
            How many of the texts were found. The others are not among the texts of the last windows, or have their label
            already.

        Raises:
            DataError: when a label cannot be used.
        """
        names = _checked_ids(ids)
        encoded = self.profiler.trained.encode_labels(labels)
        for own in encoded.values():
            if len(own) != len(names):
                raise DataError(f"`labels` must have one row for each of {len(names)} ids; got {len(own)}.")
        with self._transaction() as state:
            return add_late_labels(state, self.profiler.trained, names, encoded)

    def _count(
        self,
        state: MonitorState,
        read: LabelledTexts,
        answers: tuple[Mapping[str, np.ndarray], np.ndarray],
        columns: Mapping[str, Sequence[str]],
        names: np.ndarray | None,
    ) -> list[DriftCheck]:
        """Count texts into the open window and those after it."""
        found: list[DriftCheck] = []
        probabilities, vectors = answers
        start, size = 0, int(state.settings["window"])
        while start < len(read.texts):
            held = 0 if state.window is None else state.window.num_rows
            rows = slice(start, start + size - held)
            own = {head: array[rows] for head, array in probabilities.items()}
            part = read.take(rows)
            profile = self.profiler.count(part, own, vectors[rows])
            self._add_slices(state, {name: column[rows] for name, column in columns.items()}, own)
            state.window = profile if state.window is None else state.window + profile
            if names is not None:
                PendingTexts(state).add(names[rows], own, part.labelled, min(2 * size, MOST_PENDING))
            start += len(part.texts)
            if state.window.num_rows == size:
                found.append(self._check(state, state.window))
                state.window, state.slices, state.columns = None, {}, None
                state.num_windows += 1
        return found

    def _check(self, state: MonitorState, window: Profile) -> DriftCheck:
        """Compare the open window with the reference, and remember the verdict."""
        state.num_checks += 1
        level = float(state.settings["false_alarm_rate"])
        if state.settings["guarantee"] == "ever":
            level /= state.num_checks * (state.num_checks + 1)
        check = compare_profiles(
            self.reference.profile,
            window,
            false_alarm_rate=level,
            tokenizer=self.profiler.trained.tokenizer,
            slices=slice_facts(state.slices, window),
            number=state.num_checks,
        )
        check = dataclasses.replace(check, window_number=state.number)
        state.checks = [*state.checks, check][-MOST_CHECKS:]
        return check

    def _add_slices(
        self, state: MonitorState, columns: Mapping[str, Sequence[str]], probabilities: Mapping[str, np.ndarray]
    ) -> None:
        if state.columns is not None and sorted(state.columns) != sorted(columns):
            raise DataError(
                f"`slices` and `times` must be the same columns for all texts of a window: {shorten(sorted(state.columns))} so "
                f"far; got {shorten(sorted(columns))}."
            )
        state.columns = sorted(columns)
        trained = self.profiler.trained
        predicted = trained.y_pred(probabilities)
        flags = {head: task.flags(predicted[head]) for head, task in trained.outputs.tasks.items()}
        state.slices = add_slices(state.slices, count_slices(columns, flags))

    def _columns(
        self, slices: Mapping[str, Sequence[Any]] | None, times: Sequence[Any] | None, number: int
    ) -> dict[str, list[str]]:
        columns = checked_slices(slices, number)
        if times is not None:
            buckets = time_buckets(times, self.time_bucket)
            if len(buckets) != number:
                raise DataError(f"`times` must have one for each of {number} texts; got {len(buckets)}.")
            columns[TIME_COLUMN] = buckets
        return columns

    @contextlib.contextmanager
    def _transaction(self, *, writes: bool = True) -> Iterator[MonitorState]:
        """Give the state to read or change; what is changed is kept when no error is raised."""
        if self.state is None:
            # Nothing that a state holds is changed in place, so that an error leaves the old one as it was.
            changed = dataclasses.replace(self._memory)
            yield changed
            self._memory = changed
            return
        with locked(self.state):
            state = self._read(self.state)
            yield state
            if writes:
                write_state(state, self.state)

    def _read(self, folder: Path) -> MonitorState:
        state = read_state(folder)
        if state is None:
            return dataclasses.replace(self._memory)
        if state.fingerprint != self._memory.fingerprint:
            raise ConfigError(
                f"The monitor's state {str(folder)!r} is of another classifier: weights, tokenizer, labels or thresholds "
                f"differ. Give this one a folder of its own."
            )
        for name, value in self._memory.settings.items():
            if state.settings[name] != value:
                raise ConfigError(
                    f"`{name}` must be {state.settings[name]!r}, with which the state {str(folder)!r} was begun; got "
                    f"{value!r}. Give the monitor another folder."
                )
        return state


def _reference(classifier: ClassifierLike, reference: Reference | None) -> Reference:
    if reference is None:
        return reference_of(classifier)
    if not isinstance(reference, Reference):
        raise TypeError(
            f"`reference` must be a Reference, as `make_reference` makes it; got {shorten(reference)} of type "
            f"{type(reference).__name__}."
        )
    from kerasbert.saving.trained_classifier import trained_of

    check_fits(reference, trained_of(classifier))
    return reference


def _checked_ids(ids: Sequence[Any], number: int | None = None) -> np.ndarray:
    """Return the hashes of ids, one a text, uint64 (n,)."""
    names = [str(one) for one in check_text_column("ids", ids)]
    wanted = len(names) if number is None else number
    if len(names) != wanted or len(set(names)) != wanted:
        raise DataError(
            f"`ids` must be {wanted} different ones, one a text; got {len(names)}, {len(set(names))} different."
        )
    return row_keys(names)
