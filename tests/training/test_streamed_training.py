"""Streams under the promises that hold for data in memory: killed and resumed, several workers, a frozen encoder."""

import gzip
import json
import random
import signal
import time

import numpy as np
import pytest
from safetensors.numpy import load_file
from training_server import WORDS, Training, clusters


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """A pattern of two files of two formats, 61 rows in all, and one file of validation data."""
    folder = tmp_path_factory.mktemp("parts")
    chance = random.Random(0)
    rows = [{"text": " ".join(chance.choices(WORDS, k=3 + row % 9)), "label": f"c{row % 3}"} for row in range(61)]
    lines = [json.dumps(row) + "\n" for row in rows]
    (folder / "train-0.jsonl").write_text("".join(lines[:40]))
    (folder / "train-1.jsonl.gz").write_bytes(gzip.compress("".join(lines[40:]).encode()))
    (folder / "held-out.jsonl").write_text("".join(lines))
    return folder


class StreamedTraining(Training):
    """The command on a pattern."""

    def __init__(self, server, parts, encoder, folder):
        super().__init__(server, parts / "train-*", encoder, folder, "--token-budget", "48")
        place = self.arguments.index("--validation") + 1
        self.arguments[place] = parts / "held-out.jsonl"
        place = self.arguments.index("--batch-size")  # The budget says how large a batch is.
        del self.arguments[place : place + 2]


@pytest.fixture(scope="module")
def whole(servers, parts, tiny_folder, tmp_path_factory):
    training = StreamedTraining(servers[0], parts, tiny_folder, tmp_path_factory.mktemp("whole"))
    assert training.run() == 0, training.text()
    return training


@pytest.mark.long
def test_a_killed_stream_goes_on_in_the_middle_of_an_epoch(servers, parts, tiny_folder, tmp_path, whole):
    training = StreamedTraining(servers[0], parts, tiny_folder, tmp_path)
    steps = len(whole.batches().splitlines()) // 3
    chance = random.Random(time.time_ns())
    moments = sorted(chance.sample(range(1, 3 * steps - 5), 2))
    codes = [training.run_until(lines, signal.SIGKILL, chance.random() * 0.05) for lines in moments]
    assert codes[0] == -signal.SIGKILL, (moments, training.text())
    if not training.output.exists():
        assert training.run() == 0, (moments, training.text())
        assert "Nothing changed: the tokens in" in training.text()
    assert training.batches() == whole.batches()
    ours, expected = training.weights(), whole.weights()
    assert all(np.array_equal(ours[name], expected[name]) for name in expected)


@pytest.mark.long
def test_two_workers_prepare_one_folder_and_equal_one_process(servers, parts, tiny_folder, tmp_path):
    def command(folder):
        return [
            *("train", parts / "train-*", "--task", "multiclass", "--output", folder / "model"),
            *("--encoder", tiny_folder, "--quiet", "--epochs", "2", "--token-budget", "48", "--dropout", "0"),
            *("--learning-rate", "1e-3"),
        ]

    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    servers[0].start(command(tmp_path / "one"), tmp_path / "one" / "said0.txt")
    alone = servers[0].end()
    for server, environment, number in zip(servers, clusters(), range(2), strict=True):
        server.start(command(tmp_path / "two"), tmp_path / "two" / f"said{number}.txt", environment=environment)
    texts = "\n".join(file.read_text()[-1500:] for file in sorted(tmp_path.rglob("said*.txt")))
    assert [alone, *(server.end() for server in servers)] == [0, 0, 0], texts
    ours, expected = (load_file(tmp_path / folder / "model" / "model.safetensors") for folder in ("two", "one"))
    assert max(np.abs(ours[name] - expected[name]).max() for name in expected) < 1e-5
    assert not list((tmp_path / "two").glob(".tmp-*"))
