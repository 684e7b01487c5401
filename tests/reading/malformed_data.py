"""A seeded generator of malformed data files, each with the error and the words that it must get.

A case gets a source of random numbers, writes a file of good rows with the bad one somewhere among them, and tells what
the message must say, the line included. Nothing of it is stored.
"""

import gzip
import json
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from kerasbert import DataError

SEEDS = (0, 1, 2)
WORDS = ["good", "bad", "late", "parcel", "naïve", "你好", "🙂"]


class Case(NamedTuple):
    """One kind of malformed file.

    Args:
        name: of the case.
        suffix: of the file.
        write: takes random numbers and a path, writes the file and gives the regular expression for the message.
        error: class of the error.
    """

    name: str
    suffix: str
    write: Callable[[random.Random, Path], str]
    error: type[Exception] = DataError


def sentence(rng):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(1, 6)))


def delimited(rng, bad, suffix=","):
    """Lines of a good table with one bad line, and the number of that line."""
    lines = [f"text{suffix}label"] + [f"{sentence(rng)}{suffix}{rng.choice('xy')}" for _ in range(rng.randint(3, 30))]
    place = rng.randint(1, len(lines))
    return [*lines[:place], bad, *lines[place:]], place + 1


def csv_line(bad, message, ending="\n"):
    """A CSV file with one bad line; `{line}` in the message becomes its number."""

    def write(rng, path):
        lines, number = delimited(rng, bad)
        path.write_bytes(ending.join([*lines, ""]).encode())
        return message.replace("{line}", str(number))

    return write


def tsv_line(bad, message):
    def write(rng, path):
        lines, number = delimited(rng, bad, "\t")
        path.write_bytes("\n".join([*lines, ""]).encode())
        return message.replace("{line}", str(number))

    return write


def after_a_cell_of_lines(rng, path):
    """A quoted cell spans lines; the bad row after it must still be told by its line in the file."""
    extra = rng.randint(1, 9)
    inner = "\n".join(sentence(rng) for _ in range(extra + 1))
    path.write_text(f'text,label\n"{inner}",x\nonly one cell\n', "utf-8")
    return f"line {extra + 3}: has 1 cells where the header has 2"


def json_line(bad, message):
    def write(rng, path):
        lines = [json.dumps({"text": sentence(rng), "label": rng.choice("xy")}) for _ in range(rng.randint(2, 30))]
        place = rng.randint(0, len(lines))
        content = [line.encode() for line in lines]
        bad_bytes = bad if isinstance(bad, bytes) else bad.encode()
        path.write_bytes(b"\n".join([*content[:place], bad_bytes, *content[place:], b""]))
        return message.replace("{line}", str(place + 1))

    return write


def last_line_is_cut(rng, path):
    lines = [json.dumps({"text": sentence(rng)}) for _ in range(rng.randint(2, 30))]
    path.write_text("\n".join(lines)[: -rng.randint(1, 8)], "utf-8")
    return rf"line {len(lines)}: not valid JSON \(.*\); write one whole object a line"


def written(content, message):
    return lambda rng, path: (path.write_bytes(content), message)[1]


def encoded(name, message):
    """A good file in another encoding."""

    def write(rng, path):
        text = "text,label\n" + "".join(f"{sentence(rng)} é,x\n" for _ in range(5))
        path.write_bytes(text.replace("你好", "").replace("🙂", "").encode(name))
        return message

    return write


def made(make, message):
    return lambda rng, path: (make(path), message)[1]


def sparse(path):
    with open(path, "wb") as stream:
        stream.truncate(17 * 1024**3)


def parquet(make, message):
    """A Parquet file of the table that a function of the random numbers and pyarrow gives, its bytes changed if asked."""

    def write(rng, path):
        import pyarrow
        import pyarrow.parquet

        table, change = make(rng, pyarrow)
        pyarrow.parquet.write_table(pyarrow.table(table), path)
        if change:
            path.write_bytes(change(path.read_bytes()))
        return message

    return write


def texts(rng, pyarrow):
    return {"text": [sentence(rng) for _ in range(rng.randint(2, 30))]}


def wrong_bytes(rng, pyarrow):
    binary = pyarrow.array([b"good", b"b\xffd"], pyarrow.binary())
    return {"text": pyarrow.Array.from_buffers(pyarrow.string(), 2, binary.buffers())}, None


TWICE = "{" + ", ".join(f'"k{number}": 0' for number in range(50_000)) + ', "k49999": 1}'

CSV = [
    Case("narrow row", ".csv", csv_line("only one cell", "line {line}: has 1 cells where the header has 2")),
    Case("wide row", ".csv", csv_line("a,b,c", "line {line}: has 3 cells where the header has 2")),
    Case("open quote", ".csv", csv_line('"never closed,x', "line {line}: a quote is opened and never closed; write a quote")),
    Case("text after a quote", ".csv", csv_line('"a"b,x', "line {line}: .*expected after")),
    Case("NUL byte", ".csv", csv_line("a\0b,x", "line {line}: holds a NUL byte; is it a text file")),
    Case("narrow row, Windows line ends", ".csv", csv_line("one", "line {line}: has 1 cells", "\r\n")),
    Case("old Mac line ends", ".csv", csv_line("one", "line 1: holds a carriage return alone .* ends no line", "\r")),
    Case("missing label", ".csv", csv_line("a,", "line {line}: the label is missing; fill it or leave the row out")),
    Case("row after a cell of several lines", ".csv", after_a_cell_of_lines),
    Case("no header", ".csv", written(b"good parcel,x\nbad,y\n", "has no column 'text'; it has 'good parcel', 'x'")),
    Case("header of another case", ".csv", written(b"Text,label\na,x\n", "it has 'Text', 'label'. Did you mean 'Text'")),
    Case("two columns of one name", ".csv", written(b"text,label,text\na,x,b\n", "has 2 columns named 'text'; rename all but")),
    Case("only line ends", ".csv", written(b"\n\n\n", "has no column 'text'; it has none")),
    Case("semicolons", ".csv", written(b"text;label\na;x\n", "has no column 'text'; it has 'text;label'")),
    Case("UTF-16", ".csv", encoded("utf-16", "is UTF-16, not UTF-8; save it as UTF-8")),
    Case("UTF-16 without mark", ".csv", encoded("utf-16-le", "line 1: holds a NUL byte; is it a text file, and UTF-8")),
    Case("Latin-1", ".csv", encoded("latin-1", "line .: 'text' is not UTF-8 at byte 0xe[9f]; save the file as UTF-8 .*Latin-1")),
    Case("Windows code page", ".csv", encoded("cp1252", "line .: 'text' is not UTF-8 at byte 0xe[9f]; save the file as UTF-8 .*Windows-1252")),
    Case("commas in a file of tabs", ".tsv", written(b"text,label\na,x\n", "has no column 'text'; it has 'text,label'")),
    Case("narrow row of tabs", ".tsv", tsv_line("only one cell", "line {line}: has 1 cells where the header has 2")),
]  # fmt: skip

JSONL = [
    Case("no JSON", ".jsonl", json_line("not json", r"line {line}: not valid JSON \(Expecting value at column 1\)")),
    Case("last line is cut", ".jsonl", last_line_is_cut),
    Case("two objects in a line", ".jsonl", json_line('{"text": "a"} {"text": "b"}', "line {line}: not valid JSON .Extra data")),
    Case("single quotes", ".jsonl", json_line("{'text': 'a'}", "line {line}: not valid JSON .*write one whole object a line")),
    Case("key twice", ".jsonl", json_line('{"text": "a", "text": "b"}', "line {line}: the key 'text' appears twice")),
    Case("key twice among 50,000", ".jsonl", json_line(TWICE, "line {line}: the key 'k49999' appears twice")),
    Case("key twice inside", ".jsonl", json_line('{"text": "a", "m": {"k": 1, "k": 2}}', "line {line}: the key 'k' appears twice")),
    Case("NaN", ".jsonl", json_line('{"text": "a", "label": NaN}', "line {line}: NaN is not a JSON number")),
    Case("infinity", ".jsonl", json_line('{"text": "a", "n": -Infinity}', "line {line}: -Infinity is not a JSON number")),
    Case("5,000 digits", ".jsonl", json_line('{"text": "a", "n": ' + "7" * 5000 + "}", "line {line}: a number has too many digits")),
    Case("nested 200,000 deep", ".jsonl", json_line('{"text": ' + "[" * 200_000, "line {line}: nested too deep")),
    Case("a text in a line", ".jsonl", json_line('"a"', "line {line}: must be a JSON object; got 'a'")),
    Case("null in a line", ".jsonl", json_line("null", "line {line}: must be a JSON object; got None")),
    Case("text is missing", ".jsonl", json_line('{"label": "x"}', "line {line}: 'text' is missing; fill it, or pass missing='empty'")),
    Case("text is null", ".jsonl", json_line('{"text": null, "label": "x"}', "line {line}: 'text' is missing")),
    Case("text is a number", ".jsonl", json_line('{"text": 3}', "line {line}: 'text' must be a text; got 3 of type int"), TypeError),
    Case("text is a list", ".jsonl", json_line('{"text": ["a"]}', "line {line}: 'text' must be a text; got .* of type list"), TypeError),
    Case("text is true", ".jsonl", json_line('{"text": true}', "line {line}: 'text' must be a text; got True of type bool"), TypeError),
    Case("half a surrogate pair", ".jsonl", json_line('{"text": "a\\ud800"}', "line {line}: 'text' holds half of a surrogate pair at character 1")),
    Case("byte that is no UTF-8", ".jsonl", json_line(b'{"text": "\xff"}', "line {line}: is not UTF-8 at its byte 10; save the file as UTF-8")),
    Case("overlong byte pair", ".jsonl", written(b'{"text": "\xc0\x80"}\n', "is not UTF-8 at its byte 10")),
    Case("surrogates in bytes", ".jsonl", written(b'{"text": "\xed\xa0\x80"}\n', "is not UTF-8 at its byte 10")),
    Case("array", ".jsonl", written(b' \n[{"text": "a"}]', r"starts with '\[', a JSON array; name it .json, or write one object a line")),
    Case("pretty-printed", ".jsonl", written(b'{\n "text": "a"\n}\n', "line 1: not valid JSON .*write one whole object a line")),
    Case("no line has the key", ".ndjson", written(b'{"txt": "a"}\n', "has no column 'text'; it has 'txt'. Did you mean 'txt'")),
    Case("label is missing", ".jsonl", json_line('{"text": "a", "label": null}', "line {line}: the label is missing")),
    Case("label of 1.5", ".jsonl", json_line('{"text": "a", "label": 1.5}', "line {line}: the label must be a name or a whole number; got 1.5")),
    Case("label is an object", ".jsonl", json_line('{"text": "a", "label": {"x": 1}}', "line {line}: the labels must be a list; got .* of type dict")),
]  # fmt: skip

PARQUET = [
    Case("cut", ".parquet", parquet(lambda r, p: (texts(r, p), lambda b: b[: -r.randint(1, 30)]), "is not a readable Parquet")),
    Case("other magic", ".parquet", parquet(lambda r, p: (texts(r, p), lambda b: b"RAP1" + b[4:-4] + b"RAP1"), "is not a readable Par")),
    Case("CSV under this name", ".parquet", written(b"text,label\na,x\n", "is not a readable Parquet file .*copy it again")),
    Case("bytes", ".parquet", parquet(lambda r, p: ({"text": [b"a"]}, None), "'text' must be a column of texts; it is stored as binary")),
    Case("lists", ".parquet", parquet(lambda r, p: ({"text": [["a"]]}, None), "'text' must be .* stored as list<.*Cast it to string")),
    Case("objects", ".parquet", parquet(lambda r, p: ({"text": [{"a": 1}]}, None), "'text' must be .* stored as struct<")),
    Case("numbers", ".parquet", parquet(lambda r, p: ({"text": [1]}, None), "row 1: 'text' must be a text; got 1 of type int"), TypeError),
    Case("text that is missing", ".parquet", parquet(lambda r, p: ({"text": ["a", None]}, None), "row 2: 'text' is missing")),
    Case("another column", ".parquet", parquet(lambda r, p: ({"txt": ["a"]}, None), "has no column 'text'; it has 'txt'")),
    Case("text that is no UTF-8", ".parquet", parquet(wrong_bytes, "row 2: 'text' is not UTF-8 at byte 1; write the file again")),
]  # fmt: skip

FILES = [
    Case("nothing", ".csv", lambda rng, path: "does not exist"),
    Case("pattern", "*.csv", lambda rng, path: "does not exist. Patterns are not expanded; give one file"),
    Case("folder", ".csv", made(os.mkdir, "is a folder; give a data file")),
    Case("empty", ".csv", made(Path.touch, r"is empty \(0 bytes\)")),
    Case("pipe", ".csv", made(os.mkfifo, "is not a regular file; give a data file")),
    Case("link to a device", ".csv", made(lambda p: p.symlink_to("/dev/zero"), "is not a regular file; give a data file")),
    Case("link to nothing", ".csv", made(lambda p: p.symlink_to("nowhere"), "does not exist")),
    Case("link in a circle", ".csv", made(lambda p: p.symlink_to(p), "cannot be read: Too many levels of symbolic links")),
    Case("below a file", "/x.csv", lambda rng, path: (path.parent.write_text("x"), "cannot be read: Not a directory")[1]),
    Case("17 GB", ".csv", made(sparse, "has 18253611008 bytes; at most 17179869184 are read. Split the file")),
    Case("packed", ".csv.gz", made(lambda p: p.write_bytes(gzip.compress(bytes(10**6))), "line 1: holds a NUL byte")),
    Case("packed line of 17 MB", ".csv.gz", made(lambda p: p.write_bytes(gzip.compress(b"a" * (17 * 2**20))), "line 1: is longer than")),
    Case("not packed", ".csv.gz", written(b"text,label\na,x\n", "is cut or no gzip file .*; the rest of the file cannot be read")),
    Case("JSON array, cut", ".json", written(b'[{"text": "a"}, {"text": ', "row 2: not valid JSON .*, or cut; the rest of the file")),
    Case("JSON array, no comma", ".json", written(b'[{"text": "a"} {"text": "b"}]', "row 2: not valid JSON: ']' must come here; got '{'")),
    Case("JSON array, not closed", ".json", written(b'[{"text": "a"}', "row 2: not valid JSON: ']' must come here; got its end")),
    Case("JSON array, more behind", ".json", written(b'[{"text": "a"}] []', "row 2: the file goes on behind its array")),
    Case("JSON array, comma at its end", ".json", written(b'[{"text": "a"},]', "row 2: not valid JSON")),
    Case("JSON array of texts", ".json", written(b'["a"]', "row 1: must be a JSON object; got 'a'")),
    Case("JSON array, key twice", ".json", written(b'[{"text": "a", "text": "b"}]', "row 1: the key 'text' appears twice")),
    Case("JSON array, NaN", ".json", written(b'[{"text": "a"}, {"text": NaN}]', "row 2: NaN is not a JSON number")),
    Case("JSON array, deep", ".json", written(b"[" * 100_000, "row 1: nested too deep; the rest")),
    Case("JSON array, long number", ".json", written(b'[{"text": ' + b"1" * 5000 + b"}]", "row 1: not valid JSON .a number has too many digits")),
    Case("JSON array, Latin-1", ".json", written('[{"text": "\xfc"}]'.encode("latin-1"), "row 1: is not utf-8 .*encoding='cp1252'")),
    Case("JSON array, UTF-16", ".json", written('[{"text": "a"}]'.encode("utf-16"), "is UTF-16, not UTF-8")),
    Case("JSON array, packed and cut", ".json.gz", written(gzip.compress(b'[{"text": "a"}]' + b" " * 9999)[:-9], "row 1: .*is cut or no gzip file")),
    Case("JSON array without the key", ".json", written(b'[{"txt": "a"}]', "has no column 'text'; it has 'txt'")),
    Case("object over several lines", ".json", written(b'{\n"text": "a"}', "line 1: not valid JSON .*write one whole object a line")),
    Case("workbook, cut", ".xlsx", written(b"PK\x03\x04", "is not a readable .xlsx file .*; is it protected by a password")),
    Case("older workbook", ".xls", written(b"\xd0\xcf", "must end in one of .csv, .* got 'data.xls'. Save it as .xlsx, or as CSV UTF-8")),
    Case("text file", ".txt", written(b"a|x\n", "must end in one of .*; got 'data.txt'. Where its lines hold cells, name it .tsv")),
    Case("records", ".tfrecord", written(b"text,label\n", "holds no record; is it a TFRecord file")),
    Case("no ending", "", written(b"a\n", "must end in one of .csv, .* got 'data'")),
]  # fmt: skip

CASES = {case.name: case for group in (CSV, JSONL, PARQUET, FILES) for case in group}
COUNTS = {"csv": 20, "jsonl": 28, "parquet": 10, "files": 33}
