"""`MonitorState`: all that a monitor remembers, and its folder, which no crash leaves in halves."""

import contextlib
import dataclasses
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np

from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert._core.files import atomic_dir_write, check_output, verify_manifest, write_tensors
from kerasbert._core.json_files import check_form, is_count, is_share, read_json_object
from kerasbert._core.locks import try_lock
from kerasbert._core.staging import recover_folder
from kerasbert.monitoring.drift_check import DriftCheck
from kerasbert.monitoring.profile import Profile
from kerasbert.monitoring.profile_bytes import profile_from_bytes, profile_to_bytes
from kerasbert.monitoring.window_slices import Key, SliceCounts

FORMAT_VERSION = 1
KIND = "monitor"
STATE_FILE, WINDOW_FILE, ARRAYS_FILE = "monitor.json", "window.safetensors", "arrays.safetensors"
# Names of arrays; behind these stands the name of a head.
BATCHES, IDS, WINDOWS, PROBABILITIES, PREDICTED = "batches", "ids", "windows", "probabilities/", "predicted/"
LOCK_SUFFIX = ".lock"
PATIENCE_SECONDS, PAUSE_SECONDS = 60.0, 0.002
# Checks that are remembered, and their characters as JSON, of which a reader takes at most 16 million.
MOST_CHECKS, MOST_CHARACTERS = 1000, 8_000_000
FORM = {
    "format_version": int,
    "fingerprint": str,
    "settings": {"window": is_count, "false_alarm_rate": is_share, "guarantee": str},
    "num_checks": is_count,
    "num_windows": is_count,
    "checks": [dict],
    "columns": ([str], None),
    "slices": [{"column": str, "value": str, "num_rows": is_count}],
}


@final
@dataclasses.dataclass(eq=False)
class MonitorState:
    """What a monitor remembers.

    Args:
        fingerprint: of the classifier.
        settings: `window`, `false_alarm_rate` and `guarantee`.
        window: profile of the open window; None before its first text.
        slices: its slices.
        columns: by which columns its texts are sliced; None before the first text.
        checks: verdicts so far, the newest 1,000; on disk fewer where they are large.
        num_checks: how many there were.
        num_windows: how many windows were full.
        batches: hashed keys of the batches that are counted already, uint64.
        ids: hashed ids of k texts whose labels may come later, the newest ones, uint64 (k,).
        windows: number of the window that each of them is in, from 1, int64 (k,).
        probabilities: head name -> those of these texts, float32 (k, units).
    """

    fingerprint: str
    settings: Mapping[str, Any]
    window: Profile | None = None
    slices: dict[Key, SliceCounts] = dataclasses.field(default_factory=dict)
    columns: Sequence[str] | None = None
    checks: list[DriftCheck] = dataclasses.field(default_factory=list)
    num_checks: int = 0
    num_windows: int = 0
    batches: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.uint64))
    ids: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.uint64))
    windows: np.ndarray = dataclasses.field(default_factory=lambda: np.zeros(0, np.int64))
    probabilities: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)

    @property
    def number(self) -> int:
        """Number of the open window, from 1."""
        return self.num_windows + 1


def read_state(folder: Path) -> MonitorState | None:
    """Read the state in a folder; None where there is none yet.

    Raises:
        ArtifactError: when it was changed or cut, or is of a newer version.
    """
    recover_folder(folder)
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    try:
        verify_manifest(folder)
        stored = read_json_object(folder / STATE_FILE)
    except (ArtifactError, ConfigError) as error:
        raise ArtifactError(
            f"The monitor's state {str(folder)!r} is damaged: {error} Nothing is counted on. Restore the folder from a "
            f"backup, or delete it to begin anew."
        ) from error
    origin = f"The monitor's state {str(folder)!r}"
    if isinstance(stored.get("format_version"), int) and stored["format_version"] > FORMAT_VERSION:
        raise ArtifactError(
            f"{origin} has format_version {stored['format_version']}; this kerasbert reads up to {FORMAT_VERSION}. "
            f"Install the kerasbert that wrote it."
        )
    check_form(stored, FORM, origin)
    return _state(stored, folder)


def write_state(state: MonitorState, folder: Path) -> None:
    """Write a state: a reader sees the old one or the new one, also after `kill -9`."""
    with atomic_dir_write(folder, kind=KIND, overwrite=True) as beside:
        (beside / STATE_FILE).write_text(json.dumps(_stored(state)) + "\n", encoding="utf-8")
        if state.window is not None:
            (beside / WINDOW_FILE).write_bytes(profile_to_bytes(state.window))
        write_tensors(beside / ARRAYS_FILE, _arrays(state))


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep other processes from the state of a folder, after waiting for them.

    Raises:
        ArtifactError: when another process holds it for more than a minute.
    """
    file = folder.with_name(folder.name + LOCK_SUFFIX)
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while not try_lock(descriptor):
            if time.monotonic() > end:
                raise ArtifactError(
                    f"The monitor's state {str(folder)!r} has been locked by another process for {PATIENCE_SECONDS:g} "
                    f"seconds; see whether it hangs."
                )
            time.sleep(PAUSE_SECONDS)
        yield
    finally:
        os.close(descriptor)


def checked_folder(folder: str | os.PathLike[str]) -> Path:
    """Return the folder of a state as an absolute path, if one can be written there."""
    return check_output(folder, True, kind=KIND)


def _stored(state: MonitorState) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "fingerprint": state.fingerprint,
        "settings": dict(state.settings),
        "num_checks": state.num_checks,
        "num_windows": state.num_windows,
        "checks": _newest(state.checks),
        "columns": None if state.columns is None else list(state.columns),
        "slices": [
            {"column": column, "value": value, "num_rows": counts.num_rows}
            for (column, value), counts in state.slices.items()
        ],
    }


def _newest(checks: Sequence[DriftCheck]) -> list[dict[str, Any]]:
    """The newest checks as plain data, as many as a file holds; at least one."""
    kept: list[dict[str, Any]] = []
    room = MOST_CHARACTERS
    for check in reversed(checks):
        plain = check.to_dict()
        room -= len(json.dumps(plain))
        if room < 0 and kept:
            break
        kept.insert(0, plain)
    return kept


def _arrays(state: MonitorState) -> dict[str, np.ndarray]:
    heads = {head for counts in state.slices.values() for head in counts.predicted}
    predicted = {head: np.stack([counts.predicted[head] for counts in state.slices.values()]) for head in sorted(heads)}
    return {
        BATCHES: state.batches,
        IDS: state.ids,
        WINDOWS: state.windows,
        **{PROBABILITIES + head: own for head, own in state.probabilities.items()},
        **{PREDICTED + head: own for head, own in predicted.items()},
    }


def _state(stored: Mapping[str, Any], folder: Path) -> MonitorState:
    from safetensors.numpy import load_file

    window = None
    if (folder / WINDOW_FILE).is_file():
        window, _ = profile_from_bytes((folder / WINDOW_FILE).read_bytes(), repr(str(folder / WINDOW_FILE)))
    arrays = load_file(folder / ARRAYS_FILE)
    predicted = _by_head(arrays, PREDICTED)
    slices = {
        (one["column"], one["value"]): SliceCounts(one["num_rows"], {head: own[row] for head, own in predicted.items()})
        for row, one in enumerate(stored["slices"])
    }
    return MonitorState(
        stored["fingerprint"],
        stored["settings"],
        window,
        slices,
        stored["columns"],
        [DriftCheck.from_dict(one) for one in stored["checks"]],
        stored["num_checks"],
        stored["num_windows"],
        arrays[BATCHES],
        arrays[IDS],
        arrays[WINDOWS],
        _by_head(arrays, PROBABILITIES),
    )


def _by_head(arrays: Mapping[str, np.ndarray], start: str) -> dict[str, np.ndarray]:
    return {name.removeprefix(start): array for name, array in arrays.items() if name.startswith(start)}
