"""One reading of labels: files and frames with labels of every form say the same names and arrays on every path.

Each form is generated together with what it means, from which scikit-learn makes the expected array. Paths: in memory, a
stream, the same packed, `encode_*` with known names, a stream with known names, and the labels of `evaluate`.
"""

import csv
import gzip
import json
import shutil
import warnings

import numpy as np
import pytest
from sklearn.preprocessing import MultiLabelBinarizer

from kerasbert import ConfigError, DataError, KerasbertWarning
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.cli.data import Reading
from kerasbert.data import prepare_tokens, read_examples
from kerasbert.labels.encode import encode_class_ids, encode_multi_hot
from kerasbert.tasks.single import SingleOutput
from kerasbert.tasks.table import TASKS

WORDS = ["ham", "spam", "Eggs", "zwölf", "late, lost", "n°1", "[draft", "a b"]
SEEDS = range(4)
NUM_ROWS = 9


def choice(random, values, count=NUM_ROWS):
    """Values of which each comes at least once."""
    return [*values, *random.choice(np.array(values, dtype=object), count - len(values))]


def some(random, names):
    """A set of names for each row, every name at least once, and a row with none."""
    rows = [[name for name in names if random.random() < 0.5] for _ in range(NUM_ROWS - len(names) - 1)]
    return [*([name] for name in names), [], *rows]


def single(cells, meaning=None):
    return [[part] for part in map(str, cells)] if meaning is None else [[part] for part in meaning]


def words(random):
    cells = choice(random, list(random.choice(WORDS, 3, replace=False)))
    return cells, single(cells)


def integers(random):
    cells = choice(random, [-1, 0, 10, 9])
    return cells, single(cells)


def floats(random):
    cells = choice(random, [0.0, 2.0, 1.0])
    return cells, single(cells, [str(int(cell)) for cell in cells])


def booleans(random):
    cells = choice(random, [True, False])
    return cells, single(cells, [str(int(cell)) for cell in cells])


def digits(random):
    cells = choice(random, ["1", "02", "10"])
    return cells, single(cells)


def two_spellings(random):
    cells = choice(random, ["1", "1.0", "0.0", "0", "5"])
    return cells, single(cells, [cell.removesuffix(".0") for cell in cells])


def numbers_and_a_name(random):
    cells = choice(random, ["1", "2", "3", "other"])
    return cells, single(cells)


def lists_of_one(random):
    cells = choice(random, ["x", "y"])
    return [[cell] for cell in cells], single(cells)


def printed_lists_of_one(random):
    cells = choice(random, ["x", "y"])
    return [str([cell]) for cell in cells], single(cells)


def lists_of_words(random):
    rows = some(random, ["x", "y", "zz"])
    return rows, rows


def lists_of_numbers(random):
    rows = some(random, [3, 0, 12])
    return rows, [list(map(str, row)) for row in rows]


def flags(random):
    rows = [[1, 0, 0], *random.integers(0, 2, (NUM_ROWS - 1, 3)).tolist()]
    return rows, [[str(place) for place, flag in enumerate(row) if flag] for row in rows]


def flags_of_two(random):
    rows = [[0, 1], [1, 1], *random.integers(0, 2, (NUM_ROWS - 2, 2)).tolist()]
    return rows, [[str(place) for place, flag in enumerate(row) if flag] for row in rows]


def printed_lists(random):
    rows = some(random, ["x", "y", "zz"])
    return [(json.dumps if number % 2 else str)(row) for number, row in enumerate(rows)], rows


def printed_flags(random):
    cells, meaning = flags(random)
    return [str(row) for row in cells], meaning


def delimited(random):
    rows = [row for row in some(random, ["x", "y", "z w"]) if row] + [["x"]]
    return ["; ".join(row) for row in rows], rows


FORMS = {
    "multiclass": [words, integers, floats, booleans, digits, two_spellings, numbers_and_a_name, lists_of_one]
    + [printed_lists_of_one],
    "multilabel": [lists_of_words, lists_of_numbers, flags, flags_of_two, printed_lists, printed_flags, delimited],
}
NAMES_OF_FLAGS = {flags: ["0", "1", "2"], printed_flags: ["0", "1", "2"], flags_of_two: ["0", "1"]}


def expected_of(form, task, meaning):
    """Names in order, and the array, by scikit-learn."""
    names = NAMES_OF_FLAGS.get(form) or list({name for row in meaning for name in row})
    numeric = all(name.lstrip("-").isdigit() for name in names)
    names = sorted(names, key=int if numeric else None)
    rows = MultiLabelBinarizer(classes=names).fit_transform(meaning)
    return tuple(names), rows if task == "multilabel" else rows.argmax(axis=1)


def rows_of(cells):
    return [{"text": f"text {number}", "label": cell} for number, cell in enumerate(cells)]


def write_separated(path, cells, delimiter):
    with open(path, "w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, ["text", "label"], delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows_of(cells))


def write_jsonl(path, cells):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows_of(cells)), encoding="utf-8")


def write_parquet(path, cells):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    parquet.write_table(pyarrow.Table.from_pylist(rows_of(cells)), path)


FILES = {
    ".csv": lambda path, cells: write_separated(path, cells, ","),
    ".tsv": lambda path, cells: write_separated(path, cells, "\t"),
    ".jsonl": write_jsonl,
    ".parquet": write_parquet,
}
FRAMES = {
    "rows": rows_of,
    "pandas": lambda cells: pytest.importorskip("pandas").DataFrame(rows_of(cells)),
    "polars": lambda cells: pytest.importorskip("polars").DataFrame(rows_of(cells)),
    "arrow": lambda cells: pytest.importorskip("pyarrow").Table.from_pylist(rows_of(cells)),
    "datasets": lambda cells: pytest.importorskip("datasets").Dataset.from_list(rows_of(cells)),
}
ENCODERS = {"multiclass": encode_class_ids, "multilabel": encode_multi_hot}
KINDS = [(form, task) for task, forms in FORMS.items() for form in forms]


def in_memory(source, task, delimiter):
    examples = read_examples(source, label_columns="label")
    return Reading(("label",), {SINGLE_HEAD: task}, label_delimiter=delimiter).cells(examples)


def streamed(source, folder, task, delimiter, encoder, names=None):
    options = {
        "task": task,
        "label_columns": "label",
        "label_delimiter": delimiter,
        "encoder": encoder,
        "label_names": names,
    }
    cache = prepare_tokens(source, folder, **options)
    (head,) = cache.heads.values()
    (array,) = cache.read(np.arange(cache.num_rows))[1].values()
    shutil.rmtree(folder)
    return head.names, array


def evaluated(names, task, cells):
    """The labels as `evaluate` reads them, of a classifier whose head has these names."""
    (array,) = SingleOutput(TASKS[task].of(names)).encode(cells).values()
    return array


def same(found, expected):
    return np.array_equal(np.asarray(found), np.asarray(expected))


@pytest.fixture(autouse=True)
def _told_elsewhere():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", KerasbertWarning)
        yield


@pytest.mark.parametrize(("form", "task"), KINDS, ids=[form.__name__ for form, _ in KINDS])
@pytest.mark.parametrize("suffix", FILES)
@pytest.mark.parametrize("seed", SEEDS)
def test_files(suffix, seed, form, task, tmp_path, toy_folder):
    cells, meaning = form(np.random.default_rng(seed))
    if suffix in (".csv", ".tsv") and form is booleans:
        cells, meaning = [str(cell) for cell in cells], single([str(cell) for cell in cells])
    names, array = expected_of(form, task, meaning)
    if suffix in (".csv", ".tsv") and form is floats:
        names = tuple(f"{name}.0" for name in names)  # a text file keeps the spelling
    delimiter = ";" if form is delimited else None
    path = tmp_path / f"rows{suffix}"
    FILES[suffix](path, cells)
    cells = in_memory(path, task, delimiter)
    read = TASKS[task].read(cells)
    assert read.names == names and same(read.array, array)
    assert same(ENCODERS[task](cells, names), array) and same(evaluated(names, task, cells), array)
    sources = [path]
    if suffix != ".parquet":
        sources.append(tmp_path / f"rows{suffix}.gz")
        sources[1].write_bytes(gzip.compress(path.read_bytes()))
    for source in sources:
        found = streamed(source, tmp_path / "tokens", task, delimiter, toy_folder)
        assert found[0] == names and same(found[1], array)
    known = streamed(path, tmp_path / "tokens", task, delimiter, toy_folder, names=list(reversed(names)))
    assert known[0] == names[::-1]
    assert same(known[1], array if task == "multilabel" and form in NAMES_OF_FLAGS else reversed_labels(array, task))


def reversed_labels(array, task):
    return array[:, ::-1] if task == "multilabel" else array.max() - array


@pytest.mark.parametrize(("form", "task"), KINDS, ids=[form.__name__ for form, _ in KINDS])
@pytest.mark.parametrize("frame", FRAMES)
def test_frames(frame, form, task):
    cells, meaning = form(np.random.default_rng(7))
    names, array = expected_of(form, task, meaning)
    read = TASKS[task].read(in_memory(FRAMES[frame](cells), task, ";" if form is delimited else None))
    assert read.names == names and same(read.array, array)


# Cells of which the fourth is wrong, for a task.
FAULTS = {
    "missing": ("multiclass", ["a", "b", "a", None], "the label is missing"),
    "blank": ("multiclass", ["a", "b", "a", " "], "the label is missing"),
    "half a character": ("multiclass", ["a", "b", "a", "\ud800x"], "half of a surrogate pair"),
    "half": ("multiclass", [1, 2, 1, 0.5], "a name or a whole number; got 0.5"),
    "several": ("multiclass", [["a"], ["b"], ["a"], ["a", "b"]], "must have one label here"),
    "object": ("multiclass", ["a", "b", "a", '{"choices": ["a"]}'], "list or an object written as text"),
    "stray flag": ("multilabel", [[1, 0, 0], [0, 1, 1], [0, 0, 0], [0, 2, 0]], "must be 0 or 1 in every row"),
    "short row": ("multilabel", [[1, 0, 0], [0, 1, 1], [0, 0, 0], [0, 1]], "must be a row of 3 values"),
    "printed stray flag": ("multilabel", ["[1, 0, 0]", "[0, 1, 1]", "[0, 0, 0]", "[0, 2, 0]"], "must be 0 or 1"),
    "printed array": ("multilabel", ["['a']", "['b']", "[]", "['a' 'b']"], "list or an object written as text"),
    "missing in a list": ("multilabel", [["a"], ["b"], [], ["a", None]], "the label is missing"),
    "object in a list": ("multilabel", [["a"], ["b"], [], [{"a": 1}]], "must be a name or an id"),
}


# What a format cannot hold: a text file has texts only, "0.5" among them, and pyarrow writes columns of one type.
NOT_IN_TEXT = {"half a character", "half", "missing in a list", "object in a list"}
NOT_IN_PARQUET = {"half a character", "half", "object in a list"}
NOT_HELD = {".csv": NOT_IN_TEXT, ".tsv": NOT_IN_TEXT, ".jsonl": set(), ".parquet": NOT_IN_PARQUET}
FAULTY_FILES = [(fault, suffix) for suffix in FILES for fault in FAULTS if fault not in NOT_HELD[suffix]]


@pytest.mark.parametrize(("fault", "suffix"), FAULTY_FILES, ids=[f"{fault} {suffix}" for fault, suffix in FAULTY_FILES])
def test_faults(fault, suffix, tmp_path, toy_folder):
    task, cells, message = FAULTS[fault]
    path = tmp_path / f"rows{suffix}"
    FILES[suffix](path, cells)
    number = 4 if suffix in (".jsonl", ".parquet") else 5
    with pytest.raises(DataError, match=f"^{path}, (line|row) {number}: .*{message}") as memory:
        TASKS[task].read(in_memory(path, task, None))
    with pytest.raises(DataError) as stream:
        streamed(path, tmp_path / "tokens", task, None, toy_folder)
    assert str(stream.value).startswith(str(memory.value))


WHOLE = {
    "one label": ("multiclass", ["a", "a", "a"]),
    "three for a binary task": ("binary", ["a", "b", "c"]),
    "several in a cell": ("multilabel", ["a; b", "a", "b"]),
    "names alike": ("multiclass", ["Spam", "spam", "ham"]),
    "measurements": ("multiclass", [str(value / 7) for value in range(1, 30)]),
}


@pytest.mark.parametrize("suffix", FILES)
@pytest.mark.parametrize("fault", WHOLE)
def test_faults_of_a_whole_column(fault, suffix, tmp_path, toy_folder):
    task, cells = WHOLE[fault]
    path = tmp_path / f"rows{suffix}"
    FILES[suffix](path, cells)
    with pytest.raises(ValueError) as memory:
        TASKS[task].read(in_memory(path, task, None))
    with pytest.raises(ValueError) as stream:
        streamed(path, tmp_path / "tokens", task, None, toy_folder)
    assert str(stream.value) == str(memory.value)


def test_there_are_enough():
    assert len(KINDS) * (len(FILES) * len(SEEDS) + len(FRAMES)) + len(FAULTY_FILES) >= 300


def test_sets_as_text_with_a_delimiter(tmp_path, toy_folder):
    path = tmp_path / "rows.jsonl"
    write_jsonl(path, ["{0, 1}", "0", "1"])
    read = TASKS["multilabel"].read(in_memory(path, "multilabel", ";"))
    names, array = streamed(path, tmp_path / "tokens", "multilabel", ";", toy_folder)
    assert read.names == names == ("0", "1") and same(read.array, array) and array.tolist() == [[1, 1], [1, 0], [0, 1]]


def test_a_delimiter_goes_with_one_column(tmp_path, toy_folder):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"text": "a", "x": 1, "y": 0}\n', encoding="utf-8")
    reading = Reading(("x", "y"), {SINGLE_HEAD: "multilabel"}, label_delimiter=";")
    with pytest.raises(ConfigError, match="`label_delimiter` goes with one column"):
        reading.cells(read_examples(path, label_columns=["x", "y"]))
    with pytest.raises(ConfigError, match="`label_delimiter` goes with one column"):
        prepare_tokens(
            path, tmp_path / "t", task="multilabel", label_columns=["x", "y"], label_delimiter=";", encoder=toy_folder
        )
