"""What tests of predictions of files share: a predictor, a file of rows, and what a folder of predictions holds."""

import json

import pytest

import kerasbert as kb

WORDS = ["good card", "bad parcel", "thanks", "where is my refund ?", "late", "lost card please"]


@pytest.fixture(scope="session")
def predictor(saved_classifier):
    return kb.Predictor(saved_classifier("binary"))


@pytest.fixture
def small_windows(monkeypatch):
    """Windows of three rows."""
    monkeypatch.setattr("kerasbert.production.input_rows.WINDOW_ROWS", 3)


@pytest.fixture
def rows_file(tmp_path):
    """Gives a file of n rows, each of an id and a text."""

    def write(count, name="rows.jsonl"):
        rows = [{"id": number, "text": WORDS[number % len(WORDS)]} for number in range(count)]
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return tmp_path / name

    return write


@pytest.fixture(scope="session")
def content():
    """Gives the bytes of every file of a folder by name."""
    return lambda folder: {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.is_file()}


@pytest.fixture(scope="session")
def predictions():
    """Gives the rows of all shards of JSON lines in a folder."""

    def read(folder, name="predictions"):
        files = sorted(folder.glob(f"{name}-*.jsonl"))
        return [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]

    return read
