import json
import re

import pytest

import kerasbert as kb
from kerasbert import cli

TEXTS = ["good card", "bad parcel", "thanks !", "<b>lost</b> refund ?"] * 6


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "train.jsonl"
    rows = [
        {"text": f"{text} {'is ' * (i % 5)}", "label": "x/<i>" if i % 4 < 3 else "y", "sub": "pqrs"[i % 4]}
        for i, text in enumerate(TEXTS)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def discover(source, data, output, *options):
    return cli.main(["subclasses", "discover", str(source), str(data), "--output", str(output), *options])


def test_the_whole_folder(data, tiny_folder, tmp_path, capsys):
    output = tmp_path / "found"
    options = ["--within", "x/<i>", "--number", "3", "--sublabel-column", "sub"]
    assert discover(tiny_folder, data, output, *options) == 0
    assert "NMI" in capsys.readouterr().out
    examples = kb.data.read_examples(output / "train.jsonl", label_columns=["label", "sublabel", "sub"])
    names = {"x/<i>/1", "x/<i>/2", "x/<i>/3"}
    assert all(
        (name in names) if label != "y" else name is None
        for label, name in zip(*[examples.labels[c] for c in ("label", "sublabel")], strict=True)
    )
    (found,) = json.loads((output / "subclasses.json").read_text())["classes"]
    inside = [row for row, label in enumerate(examples.labels["label"]) if label != "y"]
    again = kb.subclasses.score_agreement(*[[examples.labels[c][row] for row in inside] for c in ("sub", "sublabel")])
    assert found["agreement"] == pytest.approx(again) and sum(one["size"] for one in found["subclasses"]) == 18
    picture = next(output.glob("map_*.png")).read_bytes()
    assert picture.startswith(b"\x89PNG") and len(picture) > 5000


def test_the_page_is_escaped_and_loads_nothing(data, tiny_folder, tmp_path):
    assert discover(tiny_folder, data, tmp_path / "found", "--number", "2") == 0
    page = (tmp_path / "found" / "subclasses.html").read_text(encoding="utf-8")
    assert "&lt;i&gt;" in page and "<i>" not in page and "<b>lost" not in page
    assert not re.search(r"https?:|<script|src=\"(?!data:)", page) and "width=device-width" in page


def test_from_a_saved_classifier_to_a_hierarchical_one(data, tiny_folder, tmp_path, capsys):
    settings = ["--encoder", str(tiny_folder), "--epochs", "1", "--quiet"]
    assert cli.main(["train", str(data), "--task", "multiclass", "--output", str(tmp_path / "flat"), *settings]) == 0
    assert discover(tmp_path / "flat", data, tmp_path / "found", "--number", "2", "--no-maps", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)["classes"]) == 2
    found = tmp_path / "found" / "train.jsonl"
    assert cli.main(["train", str(found), "--task", "hierarchical", "--output", str(tmp_path / "tree"), *settings]) == 0
    assert kb.load(tmp_path / "tree").model_.heads["subclass"].task.units == 4


def test_refusals_leave_nothing_behind(data, tiny_folder, tmp_path, capsys):
    assert discover(tiny_folder, data, tmp_path / "out", "--column", "label") == 1
    assert "has a column 'label' already" in capsys.readouterr().err
    assert discover(tiny_folder, data, tmp_path / "out", "--within", "z") == 1
    assert discover(tiny_folder, data, tmp_path / "out", "--number", "30") == 1
    assert not list(tmp_path.iterdir())
