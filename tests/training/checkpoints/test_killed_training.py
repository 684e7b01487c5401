"""`kerasbert train` killed, stopped and starved in real processes; afterwards the same command ends as if nothing had been."""

import json
import random
import signal
import time

import numpy as np
import pytest
from training_server import WORDS, Training

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    file = tmp_path_factory.mktemp("data") / "train.jsonl"
    chance = random.Random(0)
    rows = [{"text": " ".join(chance.choices(WORDS, k=3 + row % 5)), "label": f"c{row % 3}"} for row in range(58)]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


@pytest.fixture
def training(server, data, tiny_folder, tmp_path):
    return Training(server, data, tiny_folder, tmp_path)


@pytest.fixture(scope="module")
def whole(server, data, tiny_folder, tmp_path_factory):
    """The training that nothing befell."""
    training = Training(server, data, tiny_folder, tmp_path_factory.mktemp("whole"))
    assert training.run() == 0, training.text()
    return training


def assert_same(training, whole):
    ours, expected = training.weights(), whole.weights()
    assert set(ours) == set(expected)
    assert all(np.array_equal(ours[name], expected[name]) for name in expected)
    assert training.batches() == whole.batches()
    assert not training.unfinished.exists()


def test_killed_at_random_moments(training, whole):
    chance = random.Random(time.time_ns())
    moments = sorted(chance.sample(range(1, 45), 4))
    pauses = [chance.random() * 0.05 for _ in moments]
    codes = [training.run_until(lines, signal.SIGKILL, pause) for lines, pause in zip(moments, pauses, strict=True)]
    assert codes[0] == -signal.SIGKILL, (moments, pauses, training.text())
    if not training.output.exists():
        assert training.run() == 0, (moments, pauses, training.text())
    assert_same(training, whole)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)], ids=["term", "int"])
def test_stopped_by_a_signal(number, code, training, whole):
    assert training.run_until(20, number) == code, training.text()
    assert f"Stopped by {number.name}. A checkpoint is in" in training.text()
    assert "Traceback" not in training.text()
    assert training.run() == 0, training.text()
    assert "Going on after batch" in training.text()
    assert_same(training, whole)


def test_a_damaged_checkpoint_gives_way_to_the_older_one(training, whole):
    training.run_until(20, signal.SIGKILL)
    newest = max(training.unfinished.glob("step-*"))
    file = newest / "state.safetensors"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    assert training.run() == 0, training.text()
    assert f"{newest.name}' is damaged" in training.text()
    assert_same(training, whole)


def test_a_full_disk_keeps_what_was_there(training, whole):
    training.run_until(20, signal.SIGTERM)
    before = {file: file.read_bytes() for file in training.unfinished.rglob("*") if file.is_file()}
    assert training.run(limit=20_000) == 1
    assert "could not be written" in training.text() and "is kept" in training.text()
    kept = [file for file in before if file.parent.name.startswith("step-")]
    assert kept and all(file.read_bytes() == before[file] for file in kept)
    assert training.run() == 0, training.text()
    assert_same(training, whole)


def test_other_settings_are_refused(training):
    training.run_until(8, signal.SIGTERM)
    assert training.run("--learning-rate", "2e-3") == 1
    assert "`learning_rate` was 0.001 and is 0.002" in training.text()


def test_a_finished_training_is_not_trained_again(whole):
    before = whole.weights()
    assert whole.run("--resume") == 0
    assert "is finished already" in whole.text()
    assert all(np.array_equal(before[name], array) for name, array in whole.weights().items())
