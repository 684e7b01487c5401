"""What `inspect_data` finds, against what is counted by hand."""

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest

import kerasbert
from kerasbert import ConfigError, DataError
from kerasbert.data import Tokenizer, inspect_data
from kerasbert.reading import text_facts

TEXTS = ["good card", "Good  card", "bad parcel", "bad parcel", "thanks", " ", "where is the lost parcel ?", "refund"]
LABELS = ["ham", "ham", "spam", "ham", "spam", "ham", "spam", "ham"]
ROWS = [
    {"text": text, "label": label, "id": number} for number, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))
]


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS) + '{"text": null, "label": "ham"}\n{"text": \n')
    return path


@pytest.mark.parametrize("chunk", [3, 1024])
def test_the_numbers_are_those_counted_by_hand(chunk, file, tiny_folder, monkeypatch):
    monkeypatch.setattr(text_facts.as_lists, "__defaults__", (chunk,))
    found = inspect_data(file, encoder=tiny_folder, max_length=4)
    lengths = Tokenizer.from_folder(tiny_folder).full_lengths(TEXTS)
    assert (found.columns, found.text_column, found.label_columns) == (["text", "label", "id"], "text", ["label"])
    assert (found.labels, found.task, found.positive_label) == ({"ham": 5, "spam": 3}, "binary", "spam")
    assert (found.num_texts, found.num_empty, found.num_repeated, found.num_unequal) == (8, 1, 2, 1)
    assert [one.rows for one in found.repeated] == [[1, 2], [3, 4]]
    assert [(one.text, one.rows, one.labels) for one in found.unequal] == [("bad parcel", [3, 4], [["spam"], ["ham"]])]
    assert found.unusable["count"] == 2 and "line 9" in found.unusable["first"][0]
    assert (found.lengths.num_cut, found.lengths.longest) == ((lengths > 4).sum(), lengths.max())
    assert found.lengths.cut_at == {length: (lengths > length).sum() for length in text_facts.USUAL_LENGTHS}
    assert found.lengths.median == np.quantile(lengths, 0.5, method="inverted_cdf")
    assert found.lengths.most == np.quantile(lengths, 0.95, method="inverted_cdf")
    assert sum(count for _, count in found.lengths.bins) == 8


def test_the_command_that_it_ends_with(file, tiny_folder):
    found = inspect_data(file, encoder=tiny_folder, max_length=4)
    said = f"kerasbert train {file} --task binary --output model --encoder {tiny_folder} --max-length 4 --on-error skip"
    assert found.command == said.split()
    assert found.training() == (
        "train reads 8 texts with 2 labels, positive label 'spam'; the 2 others stop it, or are left out"
    )
    assert json.loads(json.dumps(found.to_dict()))["labels"] == {"ham": 5, "spam": 3}


def test_what_was_not_given_is_named(tmp_path, tiny_folder):
    lines = [f"{text};{label}" for text, label in zip(TEXTS, LABELS, strict=True)]
    (tmp_path / "data.csv").write_bytes("\n".join(["sentence;class", *lines, "thé;ham", ""]).encode("cp1252"))
    found = inspect_data(tmp_path / "data.csv", encoder=tiny_folder)
    assert found.options == {"encoding": "cp1252", "delimiter": ";"}
    assert found.likely == ["encoding", "delimiter", "text_column", "label_column"]
    flags = "--encoding cp1252 --delimiter ; --text-column sentence --label-column class --encoder"
    assert found.command[7:] == [*flags.split(), str(tiny_folder)]
    text = str(found)
    assert "CSV, in cp1252, with semicolons between cells (which the file makes likely); 9 texts" in text
    assert "Columns: sentence (likely texts), class (likely labels)" in text
    given = inspect_data(
        tmp_path / "data.csv", encoder=tiny_folder, delimiter=";", text_column="sentence", label_column="class"
    )
    assert given.likely == ["encoding"] and given.command == found.command


def test_several_labels(tmp_path, tiny_folder):
    rows = [{"text": f"good {number}", "labels": ["a", "b"][: number % 3]} for number in range(6)]
    (tmp_path / "data.json").write_text(json.dumps(rows))
    found = inspect_data(tmp_path / "data.json", encoder=tiny_folder)
    assert (found.format, found.task, found.labels) == ("a JSON array", "multilabel", {"a": 4, "b": 2})
    (tmp_path / "data.csv").write_text("text,tags,p,q\ngood,x;y,1,0\nbad,x,1,1\n")
    split = inspect_data(tmp_path / "data.csv", encoder=tiny_folder, label_column="tags", label_delimiter=";")
    assert split.labels == {"x": 2, "y": 1} and split.command[-4:-2] == ["--label-delimiter", ";"]
    flags = inspect_data(tmp_path / "data.csv", encoder=tiny_folder, label_column=["p", "q"])
    assert (flags.labels, flags.task) == ({"p": 2, "q": 1}, "multilabel") and "p,q" in flags.command


def test_pairs_are_one_text(tmp_path, tiny_folder):
    (tmp_path / "data.csv").write_text("text,other,label\ngood,card,x\ngood,parcel,y\ngood,card,y\n")
    found = inspect_data(tmp_path / "data.csv", encoder=tiny_folder, text_pair_column="other")
    assert (found.num_repeated, found.num_unequal, found.lengths.longest) == (1, 1, 5)
    assert ["--text-pair-column", "other"] == found.command[7:9]


def test_texts_of_another_file(file, tmp_path, tiny_folder):
    (tmp_path / "test.csv").write_text("text;label\nBAD parcel;ham\nnew text;spam\nrefund;ham\n")
    found = inspect_data(file, encoder=tiny_folder, against=tmp_path / "test.csv")
    assert (found.overlap.num_texts, found.overlap.texts) == (3, ["bad parcel", "bad parcel", "refund"])
    assert "3 of 8 texts (38 %) are in" in str(found)


def test_odd_columns_are_no_matter(tmp_path, tiny_folder):
    (tmp_path / "a.csv").write_text("text,x,x,label\na,1,2,p\nb,1,2,q\n")
    assert inspect_data(tmp_path / "a.csv", encoder=tiny_folder).columns == ["text", "x", "x", "label"]
    late = [
        *[{"text": "a", "label": "pq"[number % 2]} for number in range(1200)],
        {"text": "b", "label": "p", "late": 1},
    ]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in late))
    found = inspect_data(tmp_path / "a.jsonl", encoder=tiny_folder)
    assert (found.columns, found.num_texts, found.num_unequal) == (["text", "label", "late"], 1201, 1)


NOTES = {
    "one label": ("text,label\na,x\nb,x\n", "train refuses these labels: .*must hold .* different labels.*got"),
    "far from balanced": ("text,label\n" + "a,x\n" * 50 + "b,y\n", "the labels are far from balanced: 'x' has 50"),
    "several in a cell": ("text,label\na,x;y\nb,x\nc,y\n", "'x;y' is read as one label.*label_delimiter=';'"),
}


@pytest.mark.parametrize(("content", "words"), NOTES.values(), ids=NOTES)
def test_what_is_odd_is_told(content, words, tmp_path, tiny_folder):
    (tmp_path / "data.csv").write_text(content)
    [note] = inspect_data(tmp_path / "data.csv", encoder=tiny_folder).notes
    assert re.search(words, note), note


def test_without_labels(tmp_path, tiny_folder):
    (tmp_path / "data.csv").write_text("text,p,q\n" + "".join(f"good {n},x{n % 2},y{n % 3}\n" for n in range(9)))
    found = inspect_data(tmp_path / "data.csv", encoder=tiny_folder)
    assert (found.label_columns, found.task, found.command, found.likely) == ([], None, [], [])
    assert found.training() == "train reads nothing: name the column of the labels with --label-column."


REFUSED = {
    "no column": ("a,b\n1,2\n", {"text_column": "txt"}, DataError, "has no column 'txt'"),
    "no label column": ("text,b\n1,2\n", {"label_column": "c"}, DataError, "has no column 'c'"),
    "length": ("text\na\n", {"max_length": 2}, ConfigError, "`max_length` must be an integer >= 3"),
    "encoder": ("text\na\n", {"encoder": "./no/such"}, ConfigError, "`encoder`: the folder '.*no/such' does not exist"),
    "delimiter": ("text\na\n", {"delimiter": "||"}, ConfigError, "`delimiter` must be one character"),
    "near miss": ("text\na\n", {"label_columns": "c"}, TypeError, "no argument 'label_columns'.* Did you mean 'label_column'"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "options", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_inspected(content, options, error, message, tmp_path, tiny_folder):
    (tmp_path / "data.csv").write_text(content)
    with pytest.raises(error, match=message):
        inspect_data(tmp_path / "data.csv", **{"encoder": tiny_folder, **options})


def test_token_ids_are_not_inspected(tmp_path):
    (tmp_path / "data.tfrecord").write_bytes(b"abc")
    with pytest.raises(DataError, match="data.tfrecord must end in one of .csv, .* to be inspected"):
        inspect_data(tmp_path / "data.tfrecord")


def test_nothing_of_keras_is_imported():
    """No module that `inspect_data` imports imports Keras or TensorFlow when it is imported itself."""
    root, seen, waiting = Path(kerasbert.__file__).parent, set(), ["reading/inspection.py"]
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for node in ast.parse((root / file).read_text(encoding="utf-8")).body:
            names = (
                [node.module] if isinstance(node, ast.ImportFrom) else [one.name for one in getattr(node, "names", [])]
            )
            assert not [name for name in names if (name or "").split(".")[0] in ("keras", "tensorflow")], file
            waiting += [f"{name[10:].replace('.', '/')}.py" for name in names if name.startswith("kerasbert.")]
    assert "tokenization/tokenizer.py" in seen and "reading/_parquet.py" in seen
