"""`RunFolder`: the folder of a run of `kerasbert score`, which several processes fill, and which a killed one leaves as it is.

OUTPUT/
    score.json                what is read and written (`ScorePlan`), first of all
    predictions-00000.jsonl   a shard, renamed into place when whole
    rejected-00000.jsonl      its dead letters, where there are some
    state/00000.json          the shard is done: rows, sizes and hashes (`ShardRecord`)
    state/00000.lock          locked by the process that makes the shard
    state/00000*.tmp          what is being written
    summary.json              at the end: all records; `state` is removed
    manifest.json             last: every file with its hash
"""

import contextlib
import dataclasses
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, final

from kerasbert._core.errors import ArtifactError, KerasBertError
from kerasbert._core.files import TAKEN, disk_errors, flush, sha256_of, verify_manifest
from kerasbert._core.json_files import check_form, is_count, read_json_object
from kerasbert._core.locks import file_locked, try_lock
from kerasbert._core.manifest import Entry, manifest_text
from kerasbert._core.names import MANIFEST_FILE
from kerasbert._core.paths import check_inside, local_output
from kerasbert._core.staging import StagingFolder
from kerasbert.production.score_plan import ScorePlan
from kerasbert.reading.sources import listing

PLAN_FILE, SUMMARY_FILE, STATE = "score.json", "summary.json", "state"
KIND = "predictions"
GO_ON = "run the same command again, and it goes on"
OWN_FILE = re.compile(r"(predictions-\d{5,}\.(jsonl|csv|parquet)|rejected-\d{5,}\.jsonl)")
OWN_STATE = re.compile(r"\d{5,}(\.json|\.lock|(-\w+)?\.tmp)|\w+\.tmp|finish\.lock")
RECORD_FORM = {
    "rows": is_count,
    "rejected": is_count,
    "digest": str,
    "files": [{"path": str, "size": is_count, "sha256": str}],
}


@dataclasses.dataclass(frozen=True)
class ShardRecord:
    """What a finished shard holds.

    Args:
        rows: rows of the data that it answers, rejected ones included.
        rejected: those of them that could not be predicted.
        digest: of the rows as they were read, where they came from standard input; else empty.
        files: the shard, and its dead letters where there are some.
    """

    rows: int
    rejected: int
    digest: str
    files: tuple[Entry, ...]

    @classmethod
    def from_dict(cls, facts: Any) -> "ShardRecord | None":
        """The record that plain data describes; None where it does not."""
        try:
            check_form(facts, RECORD_FORM, "the record")
        except ArtifactError:
            return None
        files = tuple(Entry(one["path"], one["size"], one["sha256"]) for one in facts["files"])
        is_own = all(OWN_FILE.fullmatch(entry.path) for entry in files)
        return cls(facts["rows"], facts["rejected"], facts["digest"], files) if is_own else None

    def to_dict(self) -> dict[str, Any]:
        """The record as plain data."""
        return {**vars(self), "files": [entry._asdict() for entry in self.files]}


@final
class RunFolder:
    """The folder of one run, made or gone on with.

    Args:
        path: the folder.
        plan: of the run.
        overwrite: whether the predictions of another run are removed.

    Raises:
        ArtifactError: when the folder is of another run, was not written by kerasbert, or cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], plan: ScorePlan, *, overwrite: bool = False) -> None:
        self.path = local_output(path)
        self.state = self.path / STATE
        self.plan = plan
        self.suffix = str(plan.settings["format"])
        check_run_folder(self.path)
        with disk_errors(self.path, None, after="nothing was done yet"):
            if self._is_begun():
                self._go_on(overwrite)
            if not self._is_begun():
                self._begin()
            self._plan_bytes = (self.path / PLAN_FILE).read_bytes()
        with self._disk_errors():
            self._reopen()

    def record(self, number: int) -> ShardRecord | None:
        """The record of a shard whose files are whole; None where it is to be made."""
        record = self._read_record(number)
        if record is None or not all(self._is_whole(entry) for entry in record.files):
            return None
        return record

    def has_record(self, number: int) -> bool:
        """Whether a shard is done, its files not looked at."""
        return (self.state / f"{number:05d}.json").is_file()

    @contextlib.contextmanager
    def claim(self, number: int) -> Iterator[bool]:
        """Context: this process makes a shard, and no other one; yields False where another one does.

        Raises:
            ArtifactError: when the folder was taken by another run.
        """
        file = self.state / f"{number:05d}.lock"
        with self._disk_errors():
            descriptor = self._open_lock(file)
        try:
            is_free = try_lock(descriptor)
            if is_free and not self._is_of_this_run():
                raise ArtifactError(f"{str(self.path)!r} was taken by another run; choose another folder.")
            yield is_free
            if is_free:
                _unlink(file)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def writing(self, number: int, name: str) -> Iterator[Any]:
        """Context: a file that is written for a shard which is claimed; it is whole, but not in its place, at the end."""
        file = self.staged(number, name)
        try:
            with self._disk_errors(), open(file, "wb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
        except BaseException:
            _unlink(file)
            raise

    def publish(self, number: int, rows: int, rejected: int, digest: str) -> None:
        """Put the files of a shard into their places, and note that it is done."""
        names = {"predictions": self.suffix} | ({"rejected": "jsonl"} if rejected else {})
        entries = []
        with self._disk_errors():
            for name, suffix in names.items():
                staged, target = self.staged(number, name), f"{name}-{number:05d}.{suffix}"
                entries.append(Entry(target, staged.stat().st_size, sha256_of(staged)))
                os.replace(staged, self.path / target)
            if not rejected:
                _unlink(self.path / f"rejected-{number:05d}.jsonl")
            flush(self.path)
            record = ShardRecord(rows, rejected, digest, tuple(entries))
            self._put(self.state / f"{number:05d}.json", json.dumps(record.to_dict()) + "\n")

    def staged(self, number: int, name: str) -> Path:
        """Where a file of a shard is written first."""
        return self.state / f"{number:05d}-{name}.tmp"

    def finish(self, num_shards: int) -> Mapping[str, Any]:
        """List what was made, when every shard is done; return the summary. Another process may have done it."""
        found = self.finished()
        if found is not None:
            return found
        try:
            with disk_errors(self.path, self.state, after=GO_ON), file_locked(self.state / "finish.lock"):
                if self.finished() is None:
                    self._write_ends(num_shards)
        except ArtifactError:
            # Another process has removed `state` meanwhile, when all was done.
            if self.finished() is None:
                raise
        self._remove_state()
        return read_json_object(self.path / SUMMARY_FILE)

    def finished(self) -> Mapping[str, Any] | None:
        """The summary of a run that is at its end; None before."""
        if not (self.path / MANIFEST_FILE).is_file():
            return None
        try:
            return read_json_object(self.path / SUMMARY_FILE)
        except KerasBertError:
            return None

    def _begin(self) -> None:
        """Make the folder with its plan, at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with StagingFolder(self.path) as staging:
            (staging.new / STATE).mkdir(parents=True)
            (staging.new / PLAN_FILE).write_text(self.plan.text(), encoding="utf-8")
            flush(staging.new / PLAN_FILE)
            try:
                os.rename(staging.new, self.path)
            except OSError as error:
                # Another process was faster, whose plan is looked at.
                if error.errno not in TAKEN:
                    raise
        self._check_same()

    def _go_on(self, overwrite: bool) -> None:
        """Look whether the folder is of this run; remove that of another one where that is wanted."""
        if not overwrite:
            self._check_same()
            return
        if ScorePlan.read(self.path / PLAN_FILE).differences(self.plan):
            remove_run(self.path)

    def _check_same(self) -> None:
        differ = ScorePlan.read(self.path / PLAN_FILE).differences(self.plan)
        if differ:
            raise ArtifactError(
                f"{str(self.path)!r} holds predictions of another run: {listing(differ)}. Choose another folder, or pass "
                f"--overwrite (overwrite=True in Python) to replace them."
            )

    def _reopen(self) -> None:
        """Look at what an earlier process left: a finished run is taken, damage of one is made again, stray files go."""
        if (self.path / MANIFEST_FILE).is_file():
            try:
                verify_manifest(self.path, alone=False)
                self._remove_state()
                return
            except ArtifactError:
                self._take_apart()
        self.state.mkdir(exist_ok=True)
        for file in self.state.glob("*.tmp"):
            self._remove_stray(file)

    def _take_apart(self) -> None:
        """Turn a finished run of which a file is damaged into an unfinished one."""
        self.state.mkdir(exist_ok=True)
        found = self.finished() or {}
        for number, facts in enumerate(found.get("shards", [])):
            if not self.has_record(number) and ShardRecord.from_dict(facts) is not None:
                self._put(self.state / f"{number:05d}.json", json.dumps(facts) + "\n")
        _unlink(self.path / MANIFEST_FILE)
        _unlink(self.path / SUMMARY_FILE)

    def _remove_stray(self, file: Path) -> None:
        """Remove a file that a killed process left; one of a shard that is being made stays."""
        digits = re.match(r"\d+", file.name)
        if digits is None:
            return
        with contextlib.suppress(ArtifactError), self.claim(int(digits[0])) as is_free:
            if is_free:
                _unlink(file)

    def _read_record(self, number: int) -> ShardRecord | None:
        try:
            return ShardRecord.from_dict(read_json_object(self.state / f"{number:05d}.json"))
        except KerasBertError:
            return None

    def _is_whole(self, entry: Entry) -> bool:
        file = self.path / entry.path
        if file.is_symlink() or not file.is_file() or file.stat().st_size != entry.size:
            return False
        return sha256_of(file) == entry.sha256

    def _write_ends(self, num_shards: int) -> None:
        records = [self._read_record(number) for number in range(num_shards)]
        whole = [record for record in records if record is not None]
        if len(whole) < num_shards:
            raise ArtifactError(f"{str(self.state)!r} was changed while it was written; {GO_ON}.")
        summary = {
            "rows": sum(record.rows for record in whole),
            "rejected": sum(record.rejected for record in whole),
            "shards": [record.to_dict() for record in whole],
        }
        self._put(self.path / SUMMARY_FILE, json.dumps(summary, indent=1) + "\n")
        entries = [entry for record in whole for entry in record.files]
        for name in (PLAN_FILE, SUMMARY_FILE):
            entries.append(Entry(name, (self.path / name).stat().st_size, sha256_of(self.path / name)))
        self._put(self.path / MANIFEST_FILE, manifest_text(KIND, sorted(entries)))

    def _remove_state(self) -> None:
        with contextlib.suppress(OSError):
            for name in os.listdir(self.state):
                if OWN_STATE.fullmatch(name):
                    _unlink(self.state / name)
            os.rmdir(self.state)

    def _put(self, file: Path, content: str) -> None:
        """Write a small file beside, and rename it into place."""
        beside = self.state / f"{file.name.partition('.')[0]}.tmp"
        with open(beside, "w", encoding="utf-8") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, file)
        flush(file.parent)

    def _open_lock(self, file: Path) -> int:
        try:
            return os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        except FileNotFoundError as error:
            if self.finished() is not None:
                raise RunFinishedError from error
            raise ArtifactError(f"{str(self.path)!r} was removed while it was written.") from error

    def _is_of_this_run(self) -> bool:
        try:
            return (self.path / PLAN_FILE).read_bytes() == self._plan_bytes
        except OSError:
            return False

    def _is_begun(self) -> bool:
        return (self.path / PLAN_FILE).is_file()

    def _disk_errors(self) -> contextlib.AbstractContextManager[None]:
        return disk_errors(self.path, self.state, after=GO_ON)


def check_run_folder(path: Path) -> None:
    """Refuse, before any work is done, a place where no run can be begun or gone on with.

    Raises:
        ArtifactError: when it is a file, or a folder that `kerasbert score` did not write.
    """
    if os.path.lexists(path) and not path.is_dir():
        raise ArtifactError(f"Output folder {str(path)!r} is an existing file; choose another name.")
    if not path.is_dir() or not any(path.iterdir()):
        return
    if not (path / PLAN_FILE).is_file():
        raise ArtifactError(
            f"Output folder {str(path)!r} exists and was not written by `kerasbert score`; choose another name."
        )
    check_inside(path, path / PLAN_FILE, error=ArtifactError)
    ScorePlan.read(path / PLAN_FILE)


def remove_run(path: Path) -> None:
    """Remove the files of a run, and nothing else.

    Raises:
        ArtifactError: when the folder holds other files, or a process writes it.
    """
    listed = sorted(os.listdir(path))
    own = {PLAN_FILE, SUMMARY_FILE, MANIFEST_FILE, STATE}
    foreign = [name for name in listed if name not in own and not OWN_FILE.fullmatch(name)]
    state = sorted(os.listdir(path / STATE)) if (path / STATE).is_dir() else []
    foreign += [f"{STATE}/{name}" for name in state if not OWN_STATE.fullmatch(name)]
    if foreign:
        raise ArtifactError(
            f"{str(path)!r} holds {listing(foreign)}, which `kerasbert score` did not write; move it elsewhere first."
        )
    for name in state:
        if name.endswith(".lock") and _is_locked(path / STATE / name):
            raise ArtifactError(f"{str(path)!r} is written by another process; stop that, or choose another folder.")
    # The plan goes last: what is killed in between is still known as a run.
    for name in [*(f"{STATE}/{name}" for name in state), *(name for name in listed if name not in (PLAN_FILE, STATE))]:
        os.unlink(path / name)
    if (path / STATE).is_dir():
        os.rmdir(path / STATE)
    os.unlink(path / PLAN_FILE)


def _is_locked(file: Path) -> bool:
    descriptor = os.open(file, os.O_RDWR)
    try:
        return not try_lock(descriptor)
    finally:
        os.close(descriptor)


def _unlink(file: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(file)


class RunFinishedError(Exception):
    """Another process has finished the run meanwhile."""
