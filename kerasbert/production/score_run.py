"""`ScoreRun`: files in, shards of predictions out, by one process of perhaps several."""

import contextlib
import dataclasses
import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, final

from kerasbert._core.errors import ArtifactError, DataError
from kerasbert._core.names import OUT_OF_SCOPE_SCORE
from kerasbert.production.answering import WindowAnswers
from kerasbert.production.input_rows import InputRow, InputRows, Rejected, windows
from kerasbert.production.inputs import ScoreInputs
from kerasbert.production.prediction_rows import PredictionColumns, as_json, label_names
from kerasbert.production.run_folder import RunFinishedError, RunFolder
from kerasbert.production.shard_writers import WRITERS

# How long to wait before looking again what other processes have done.
PAUSE_SECONDS = 0.2
NUM_TOLD = 3
# Called with rows done since the last call, and the share of the files that is read.
Progress = Callable[[int, float], None]


@dataclasses.dataclass(frozen=True)
class ScoreSummary:
    """What a run has written.

    Args:
        folder: where.
        rows: rows of the data.
        rejected: those of them that were not predicted, which the files `rejected-*.jsonl` list.
        shards: number of shards.
        was_finished: whether all was there before.
        first_rejected: what was wrong with the first few rejected rows, in words.

    Example:
        >>> ScoreSummary(Path("out"), rows=10, rejected=1, shards=2).predicted
        9
    """

    folder: Path
    rows: int
    rejected: int
    shards: int
    was_finished: bool = False
    first_rejected: tuple[str, ...] = ()

    @property
    def predicted(self) -> int:
        """Rows with a prediction."""
        return self.rows - self.rejected

    def describe(self) -> str:
        """The numbers, and the first rejected rows, in words."""
        shards = "1 shard" if self.shards == 1 else f"{self.shards:,} shards"
        done = "was done before" if self.was_finished else "is done"
        told = f"{self.folder} {done}: {self.predicted:,} predictions in {shards}."
        if not self.rejected:
            return told
        rows = "1 row was" if self.rejected == 1 else f"{self.rejected:,} rows were"
        return f"{told} {rows} rejected, see rejected-*.jsonl there, such as: {'; '.join(self.first_rejected)}"


@final
class ScoreRun:
    """Makes the shards of a run that no other process has made or makes.

    Args:
        folder: the folder of the run.
        inputs: what is read.
        answers: the classifier.
        progress: see `Progress`.
    """

    def __init__(
        self, folder: RunFolder, inputs: ScoreInputs, answers: WindowAnswers, progress: Progress | None = None
    ) -> None:
        self.folder, self.inputs, self.answers = folder, inputs, answers
        self.progress = progress or (lambda rows, share: None)
        self.size = inputs.settings.rows_per_shard
        self.types = inputs.kept_types()
        self._places = {file.path: place for place, file in enumerate(inputs.files)}
        settings = inputs.settings
        self.columns = PredictionColumns(
            label_names(answers.classifier),
            kept=inputs.kept,
            parts={"labels": "labels"} | ({} if settings.coverage is None else {"set": "set"}),
            others=(OUT_OF_SCOPE_SCORE,) if settings.reject else (),
            has_text=settings.keeps_text(inputs.columns.text),
            top=settings.top,
        )

    def run(self) -> ScoreSummary:
        """Go on until every shard is done, by whomever; return the summary.

        Raises:
            ArtifactError: when the folder cannot be written, or was taken by another run.
            DataError: when a file cannot be read as a whole, or was changed.
        """
        found = self.folder.finished()
        was_finished = found is not None
        while found is None:
            with contextlib.suppress(RunFinishedError):
                count = self._pass()
                if self._all_done(count):
                    found = self.folder.finish(count)
            found = found or self.folder.finished()
        self.progress(0, 1.0)
        return self._summary(found, was_finished)

    def _pass(self) -> int:
        """Read the files once and make the shards that are free; return how many shards there are."""
        rows = InputRows(self.inputs.files, self.inputs.wanted, self.inputs.columns.text)
        for number in itertools.count():
            passed = self._done_before(number, rows) if self.folder.has_record(number) else None
            if passed is None:
                with self.folder.claim(number) as is_free:
                    passed = self._claimed(number, rows) if is_free else self._left_out(rows)
            self.progress(0, rows.share)
            if passed < self.size:
                return max(number + (passed > 0), 1)
        raise AssertionError

    def _done_before(self, number: int, rows: InputRows) -> int | None:
        """Pass over a shard that is whole; None where it is to be made."""
        record = self.folder.record(number)
        if record is None:
            return None
        if not self.inputs.is_standard_input:
            return rows.skip(self.size)
        digest = _Digest(rows.take(self.size))
        passed = sum(1 for _ in digest)
        if digest.value != record.digest:
            raise DataError(
                f"Standard input gives other rows than those that {str(self.folder.path)!r} was begun with; send the same, "
                f"or choose another folder."
            )
        return passed

    def _claimed(self, number: int, rows: InputRows) -> int:
        # Another process may have made it between the look and the lock.
        done = self._done_before(number, rows) if self.folder.has_record(number) else None
        return self._make(number, rows) if done is None else done

    def _left_out(self, rows: InputRows) -> int:
        """Pass over a shard that another process makes."""
        if self.inputs.is_standard_input:
            raise ArtifactError(
                f"{str(self.folder.path)!r} is written by another process; standard input can be read by one only."
            )
        return rows.skip(self.size)

    def _make(self, number: int, rows: InputRows) -> int:
        """Write a shard and return its number of rows; one of no rows is written where there is no other."""
        taken: Iterable[InputRow] = rows.take(self.size)
        first = next(iter(taken), None)
        if first is None and number:
            return 0
        first_file = rows.place if first is None else self._places[first.source]
        taken = itertools.chain([] if first is None else [first], taken)
        digest = _Digest(taken) if self.inputs.is_standard_input else None
        count, refused = 0, 0
        with contextlib.ExitStack() as stack:
            stream = stack.enter_context(self.folder.writing(number, "predictions"))
            letters: BinaryIO | None = None
            writer = WRITERS[self.inputs.settings.format](stream, self.columns, self.types)
            for window in windows(taken if digest is None else digest, self.inputs.columns):
                size = len(window)
                writer.write(self.answers.rows(window, self.inputs.kept))
                if window.rejected:
                    letters = letters or stack.enter_context(self.folder.writing(number, "rejected"))
                    letters.write(self._letters(window.rejected))
                count, refused = count + size, refused + len(window.rejected)
                self.progress(size, rows.share)
            writer.close()
        rows.check_unchanged(first_file)
        self.folder.publish(number, count, refused, "" if digest is None else digest.value)
        return count

    def _letters(self, found: Iterable[Rejected]) -> bytes:
        kept = self.inputs.kept
        ordered = sorted(found, key=lambda one: (self._places[one.row.source], one.row.number))
        lines = (as_json(one.to_dict(kept)) + "\n" for one in ordered)
        return "".join(lines).encode("utf-8", "backslashreplace")

    def _all_done(self, count: int) -> bool:
        """Wait for shards that other processes make; False as soon as one of them is free to be made here."""
        for number in range(count):
            while not self.folder.has_record(number):
                if self.folder.finished() is not None:
                    return True
                with self.folder.claim(number) as is_free:
                    if is_free and not self.folder.has_record(number):
                        return False
                time.sleep(PAUSE_SECONDS)
        return True

    def _summary(self, found: Mapping[str, Any], was_finished: bool) -> ScoreSummary:
        first: list[str] = []
        for shard in found["shards"]:
            names = [entry["path"] for entry in shard["files"] if entry["path"].startswith("rejected")]
            if names and len(first) < NUM_TOLD:
                first += _told(self.folder.path / names[0])
        return ScoreSummary(
            self.folder.path,
            found["rows"],
            found["rejected"],
            len(found["shards"]),
            was_finished,
            tuple(first[:NUM_TOLD]),
        )


class _Digest:
    """Rows as they pass, with a hash of all that have passed."""

    def __init__(self, rows: Iterable[InputRow]) -> None:
        self.rows = rows
        self._hash = hashlib.sha256()

    def __iter__(self) -> Iterator[InputRow]:
        for row in self.rows:
            self._hash.update(f"{row.number} {row.cells!r}\n".encode("utf-8", "backslashreplace"))
            yield row

    @property
    def value(self) -> str:
        return self._hash.hexdigest()


def _told(file: Path) -> list[str]:
    """The first few lines of a dead-letter file, in words."""
    with open(file, encoding="utf-8") as stream:
        letters = [json.loads(line) for line in itertools.islice(stream, NUM_TOLD)]
    return [
        f"{one['file']}, {unit} {one[unit]}: {one['reason']}"
        for one in letters
        for unit in ("line", "row")
        if unit in one
    ]
