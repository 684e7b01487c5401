"""Rows that a command leaves out: those whose labels a stream of the same file would leave out."""

import dataclasses

import pytest

import kerasbert as kb
from kerasbert._core.options import options_of
from kerasbert.batches.prepare import prepare_tokens
from kerasbert.cli.data import Reading
from kerasbert.cli.options import DataOptions
from kerasbert.saving.trained_classifier import trained_of
from kerasbert.tasks.settings import TaskSettings

DEFAULTS = {name: option.default for name, option in options_of(DataOptions, TaskSettings).items()}
CASES = {
    "binary": ("text,label\na,x\nb,\nc,y\nd,x\ne\n", ["label"], {}),
    "names": ("text,label\na,x\nb,z\nc,y\nd,x\n", ["label"], {"label_names": ["x", "y"]}),
    "multiclass": ("text,label\na,x\nb,y\n,y\nc,z\nd, \n", ["label"], {}),
    "multilabel": ("text,tags\na,x;y\nb,\nc,y\nd,z\ne\n", ["tags"], {"label_delimiter": ";"}),
    "columns": ("text,p,q\na,1,0\nb,2,0\nc,0,\nd,1,1\n", ["p", "q"], {}),
    "hierarchical": ("text,label,sublabel\na,x,x1\nb,,\nc,y,x1\nd,y,\ne,,x1\n", ["label", "sublabel"], {}),
    "heads": ("text,p,q\na,x,1\nb,,1\nc,y,0\nd,x,\n", ["p", "q"], {"heads": {"p": ("p", "binary"), "q": ("q", "binary")}}),
}  # fmt: skip


@pytest.mark.parametrize(("name", "case"), CASES.items(), ids=CASES)
def test_memory_leaves_out_what_a_stream_leaves_out(name, case, tiny_folder, tmp_path, capsys):
    content, columns, options = case
    (tmp_path / "a.csv").write_text(content)
    task = {"names": "binary", "columns": "multilabel", "heads": "multitask"}.get(name, name)
    asked = {**DEFAULTS, "label_column": ",".join(columns), **options}
    examples = Reading.of_options(task, asked, options.get("heads")).reader(on_error="skip").read(tmp_path / "a.csv")
    own = {} if "heads" in options else {"task": task, "label_columns": columns}
    cache = prepare_tokens(tmp_path / "a.csv", tmp_path / "t", encoder=tiny_folder, on_error="skip", **own, **options)
    assert (len(examples), cache.skipped["count"]) == (cache.num_rows, content.count("\n") - 1 - len(examples))
    left_out = {line.split(", line ")[1].split(":")[0] for line in cache.skipped["first"]}
    assert left_out == {str(number) for number in range(2, content.count("\n") + 1)} - set(map(str, examples.rows))
    assert f"{cache.skipped['count']} row" in capsys.readouterr().err


def test_several_classes_need_one(tmp_path):
    asked = {**DEFAULTS, "label_delimiter": ";", "level_task": "multilabel"}
    read_labels = Reading.of_options("hierarchical", asked).label_reader()
    read_labels({"label": "x;y", "sublabel": None}, "row 1", "")
    with pytest.raises(kb.DataError, match="row 2: the label is missing"):
        read_labels({"label": None, "sublabel": "x1"}, "row 2", "")


# Where the labels of a saved classifier are, cells with one that it does not know, and cells that it knows.
KNOWN = {
    "binary": ({"output": "label"}, {"label": "c"}, {"label": "no"}),
    "multilabel": ({"output": "label"}, {"label": ["a", "w"]}, {"label": []}),
    "hierarchical": ({"class": "label", "subclass": "sub"}, {"label": "x", "sub": "y1"}, {"label": "y", "sub": None}),
    "multitask": (
        {"topic": "label", "flags": "tags", "spam": "spam"},
        {"label": "x", "tags": ["w"], "spam": "no"},
        {"label": "y", "tags": ["a"], "spam": "yes"},
    ),
}


@pytest.mark.parametrize(("task", "case"), KNOWN.items(), ids=KNOWN)
def test_a_trained_classifier_knows_its_labels(task, case, saved_classifier):
    heads, wrong, right = case
    reading = {"columns": list(heads.values()), "heads": heads if len(heads) > 1 else None}
    trained = dataclasses.replace(trained_of(kb.load(saved_classifier(task))), metrics={"reading": reading})
    read_labels = Reading.of_classifier(trained).label_reader()
    with pytest.raises(kb.DataError, match="row 3: .*(unknown|is a subclass of)"):
        read_labels(wrong, "row 3", "")
    read_labels(right, "row 4", "")


@pytest.mark.parametrize("task", ["multilabel", "hierarchical"])
def test_a_folder_tells_what_its_classifier_does(task, saved_classifier):
    folder = saved_classifier(task)
    assert Reading.of_folder(folder, text_column="body") == Reading.of_classifier(
        trained_of(kb.load(folder)), text_column="body"
    )


def test_a_folder_that_tells_nothing(tmp_path):
    assert Reading.of_folder(tmp_path) is None
