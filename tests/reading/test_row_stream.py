"""Rows that are passed over are those that would have been read."""

import gzip
import json

import pyarrow
import pytest
from pyarrow import parquet

from kerasbert import DataError
from kerasbert.reading.row_stream import RowStream, check_source
from kerasbert.reading.sources import find_sources

COUNT = 2600


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    rows = [{"text": f"text {number}", "id": number} for number in range(COUNT)]
    lines = [json.dumps(row) for row in rows]
    # A line that is no row, and one that cannot be used.
    lines[1500:1501] = ["", lines[1500], "   "]
    lines[1800] = "{broken"
    (folder / "a.jsonl").write_text("\n".join(lines))
    (folder / "a.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    cells = [f'"text\n{number}",{number}' if number % 7 == 0 else f"text {number},{number}" for number in range(COUNT)]
    (folder / "a.csv").write_text("text,id\n" + "\n".join(cells) + "\n")
    (folder / "a.json").write_text(json.dumps(rows))
    (folder / "a.txt").write_text("".join(f"text {number}\n" for number in range(COUNT)))
    table = pyarrow.table({"text": [row["text"] for row in rows], "id": [row["id"] for row in rows]})
    parquet.write_table(table, folder / "a.parquet", row_group_size=300)
    return folder


def opened(folder, name):
    [file] = find_sources(folder / name, plain=True)
    return RowStream(file, ["text"] if name.endswith("txt") else ["text", "id"], "text")


NAMES = ["a.jsonl", "a.jsonl.gz", "a.csv", "a.json", "a.txt", "a.parquet"]


@pytest.mark.parametrize("name", NAMES)
def test_what_follows_is_what_would_have_come(name, folder):
    every = [(number, str(cells)) for number, cells in opened(folder, name)]
    assert len(every) == COUNT
    stream = opened(folder, name)
    place = 0
    for skipped, taken in [(5, 2), (1300, 1), (0, 3), (1100, 4)]:
        assert stream.skip(skipped) == skipped
        place += skipped
        found = [next(stream) for _ in range(taken)]
        assert [(number, str(cells)) for number, cells in found] == every[place : place + taken]
        place += taken
        assert stream.done == place and 0 <= stream.share <= 1
    assert stream.skip(10 * COUNT) == COUNT - place
    assert next(stream, None) is None and stream.skip(1) == 0


def test_a_column_that_comes_late_is_refused_before(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "a"}\n' * 1000 + '{"text": "a", "id": 1}\n')
    [file] = find_sources(tmp_path / "a.jsonl")
    check_source(file, ["text"], "text")
    with pytest.raises(DataError, match="has no column 'id'; it has 'text'"):
        check_source(file, ["text", "id"], "text")
