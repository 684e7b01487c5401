import json
import subprocess
import sys
from pathlib import Path

import pytest
from toy_drift import texts_of

from kerasbert import ArtifactError
from kerasbert.monitoring import monitor_state
from kerasbert.monitoring.drift_monitor import DriftMonitor
from kerasbert.monitoring.monitor_state import locked, read_state, write_state


@pytest.fixture
def folder(monitored, tmp_path):
    """A state of two texts."""
    DriftMonitor(monitored, state=tmp_path / "state").update(texts_of(2), ids=["a", "b"])
    return tmp_path / "state"


@pytest.mark.parametrize("name", ["monitor.json", "window.safetensors", "arrays.safetensors", "manifest.json"])
@pytest.mark.parametrize("how", ["cut", "changed", "gone"])
def test_a_damaged_state_is_refused(monitored, folder, name, how):
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    if how == "gone":
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content[:-9] if how == "cut" else content)
    with pytest.raises(ArtifactError):
        DriftMonitor(monitored, state=folder)


def test_the_way_out_of_damage_is_told(monitored, folder):
    (folder / "monitor.json").write_text("{}")
    with pytest.raises(
        ArtifactError, match="is damaged: .* Nothing is counted on. Restore the folder .*, or delete it"
    ):
        DriftMonitor(monitored, state=folder)


def test_a_newer_state_is_refused(monitored, folder, monkeypatch):
    monkeypatch.setattr(monitor_state, "FORMAT_VERSION", 7)
    write_state(read_state(folder), folder)
    monkeypatch.setattr(monitor_state, "FORMAT_VERSION", 1)
    with pytest.raises(
        ArtifactError, match="has format_version 7; this kerasbert reads up to 1. Install the kerasbert that"
    ):
        read_state(folder)


def test_no_state_is_read_from_a_missing_or_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    assert read_state(tmp_path / "none") is None and read_state(tmp_path / "empty") is None


def test_another_folder_is_not_written_into(monitored, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(ArtifactError, match="choose another name"):
        DriftMonitor(monitored, state=tmp_path / "mine")


def test_a_state_that_stays_locked_is_told(folder, monkeypatch):
    monkeypatch.setattr(monitor_state, "PATIENCE_SECONDS", 0.05)
    with locked(folder), pytest.raises(ArtifactError, match="has been locked by another process for 0.05 seconds"):
        with locked(folder):
            pass


def test_a_state_holds_as_many_checks_as_can_be_read_again(monitored, folder, monkeypatch):
    monitor = DriftMonitor(monitored, state=folder)
    checks = [monitor.check() for _ in range(4)]
    size = max(len(json.dumps(check.to_dict())) for check in checks)
    for room, kept in ((3 * size, 3), (1, 1)):
        monkeypatch.setattr(monitor_state, "MOST_CHARACTERS", room)
        write_state(read_state(folder), folder)
        assert [check.number for check in read_state(folder).checks] == [1, 2, 3, 4][-kept:]


@pytest.mark.long
def test_two_processes_count_every_batch_once_however_often_they_are_killed(tmp_path):
    script = Path(__file__).parent / "killed_counters.py"
    done = subprocess.run(
        [sys.executable, script, tmp_path / "state", "100"], check=False, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode, done.stdout.split()[:2]) == (0, ["100", "kills"]), done.stdout + done.stderr
