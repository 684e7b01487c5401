"""Text files of another encoding: named, they are read like those of UTF-8; not named, the message tells how."""

import gzip
import io
import json

import numpy as np
import pytest

from kerasbert import ConfigError, DataError, cli
from kerasbert.data import prepare_tokens, read_examples
from kerasbert.reading._files import decode_lines
from kerasbert.reading.read_options import ReadOptions, check_encoding
from kerasbert.reading.sources import changes, source_of

ROWS = [("win £100 now", "spam"), ("good café", "ham"), ("win £5", "spam"), ("a thé", "ham")]
CSV = "text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)
JSONL = "".join(json.dumps({"text": text, "label": label}, ensure_ascii=False) + "\n" for text, label in ROWS)
FILES = {".csv": CSV, ".tsv": CSV.replace(",", "\t"), ".jsonl": JSONL}


@pytest.mark.parametrize("suffix", FILES)
@pytest.mark.parametrize("encoding", ["cp1252", "Latin-1", "utf-8-sig", "utf-8"])
def test_a_named_encoding_is_read(encoding, suffix, tmp_path):
    path = tmp_path / f"rows{suffix}"
    path.write_bytes(FILES[suffix].encode(encoding))
    packed = tmp_path / f"rows{suffix}.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    for file in (path, packed):
        examples = read_examples(file, label_columns="label", encoding=encoding)
        assert list(zip(examples.texts, examples.labels["label"], strict=True)) == ROWS


def test_a_stream_reads_it_too(tmp_path, toy_folder):
    (tmp_path / "a.csv").write_bytes(CSV.encode("cp1252"))
    (tmp_path / "b.csv").write_text(CSV, encoding="utf-8")
    read = []
    for name, encoding in (("a", "cp1252"), ("b", "utf-8")):
        cache = prepare_tokens(
            tmp_path / f"{name}.csv", tmp_path / name, task="binary", encoder=toy_folder, encoding=encoding
        )
        read.append(cache.read(np.arange(4))[0].padded(0, 16)["input_ids"])
    assert np.array_equal(*read)


@pytest.mark.parametrize("suffix", FILES)
def test_without_its_name_the_message_tells_the_option(suffix, tmp_path):
    (tmp_path / f"rows{suffix}").write_bytes(FILES[suffix].encode("cp1252"))
    with pytest.raises(DataError, match=r"line [12]: .*not UTF-8.*encoding='cp1252' \(--encoding cp1252\)"):
        read_examples(tmp_path / f"rows{suffix}", label_columns="label")


def test_a_wrong_name_is_told_or_refused(tmp_path):
    (tmp_path / "rows.csv").write_bytes("text,label\na\x81b,x\n".encode("latin-1"))
    with pytest.raises(DataError, match="line 2: is not cp1252 at its byte 1; name the encoding"):
        read_examples(tmp_path / "rows.csv", encoding="cp1252")
    (tmp_path / "rows.csv").write_bytes(CSV.encode("utf-8-sig"))
    with pytest.raises(DataError, match="byte-order mark of UTF-8; leave out the encoding 'cp1252'"):
        read_examples(tmp_path / "rows.csv", encoding="cp1252")


REFUSED = {
    "unknown": (
        "latin1252",
        ConfigError,
        "must be one that Python knows, such as 'latin-1' or 'cp1252'; got 'latin1252'",
    ),
    "two bytes": ("utf-16", ConfigError, "must keep ASCII as it is; got 'utf-16'. Save the file as UTF-8"),
    "no text": ("base64", ConfigError, "must be one that Python knows"),
    "none": (None, TypeError, "must be a name such as 'utf-8'; got None"),
}


@pytest.mark.parametrize(("encoding", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_encoding(encoding, error, message):
    with pytest.raises(error, match=f"`encoding` {message}"):
        check_encoding(encoding)


def test_an_encoding_goes_with_text_files(tmp_path):
    with pytest.raises(ConfigError, match="`encoding` goes with data files; got 'cp1252' with a list"):
        read_examples(["a"], encoding="cp1252")
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    with pytest.raises(
        ConfigError, match="`encoding` goes with .csv, .json, .jsonl, .ndjson, .tsv; got 'cp1252' with .*a.parquet"
    ):
        read_examples(tmp_path / "a.parquet", encoding="cp1252")


def test_another_encoding_is_a_change(tmp_path):
    (tmp_path / "a.csv").write_text(CSV)
    then, now = source_of(tmp_path / "a.csv"), source_of(tmp_path / "a.csv", ReadOptions(encoding="latin-1"))
    assert changes([then.hashed()], [now]) == [f"{tmp_path / 'a.csv'} is read in iso8859-1 instead of as its name says"]


def test_lines_of_a_text_file():
    assert list(decode_lines(io.BytesIO("café\r\nthé".encode("cp1252")), "texts.txt", "cp1252")) == ["café", "thé"]
    with pytest.raises(DataError, match=r"texts.txt is not UTF-8 at byte 3, line 1; .*\(--encoding cp1252\)"):
        list(decode_lines(io.BytesIO("café".encode("cp1252")), "texts.txt"))


def test_the_command_takes_it(tmp_path, tiny_folder, capsys):
    """And every other option of reading: cells between semicolons, columns by number, plain quotes."""
    rows = [*ROWS, ('"open and café', "ham")]
    (tmp_path / "a.csv").write_bytes("".join(f"{label};{text}\n" for text, label in rows).encode("cp1252"))
    (tmp_path / "a.txt").write_bytes("good café\n".encode("cp1252"))
    reading = ["--encoding", "cp1252", "--delimiter", ";", "--no-header", "--quoting", "none"]
    columns = ["--text-column", "2", "--label-column", "1"]
    options = ["--encoder", str(tiny_folder), "--epochs", "1"]
    data, model = str(tmp_path / "a.csv"), str(tmp_path / "model")
    assert cli.main(["train", data, "--task", "binary", "--output", model, *options, *columns, *reading]) == 0
    told = capsys.readouterr().err
    assert f"{data} is read in cp1252, with semicolons between cells, without a header" in told
    assert "Trains on 5 texts. Labels: ham 3, spam 2; positive label 'spam'." in told
    assert "No texts are held out" in told and "Kept the last epoch, 1 of 1" in told
    assert cli.main(["evaluate", model, data, *reading, "--format", "json"]) == 0
    capsys.readouterr()
    assert cli.main(["predict", model, "--file", data, *reading, "--format", "json"]) == 0
    assert '\\"open and café' in capsys.readouterr().out
    assert (
        cli.main(["predict", model, "--file", str(tmp_path / "a.txt"), "--encoding", "cp1252", "--format", "json"]) == 0
    )
    assert "good café" in capsys.readouterr().out
    for useless in (["--encoding", "cp1252"], ["--delimiter", ";"], ["--no-header"]):
        assert cli.main(["predict", model, "good", *useless]) == 2
        assert f"{useless[0]} goes with --file" in " ".join(capsys.readouterr().err.split())
