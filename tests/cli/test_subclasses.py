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
    told = json.loads((output / "subclasses.json").read_text())
    names = {one["name"] for one in told["classes"][0]["subclasses"]}
    assert len(names) == 3 and all(name.startswith("x/<i>/") for name in names)
    assert all(
        (name in names) if label != "y" else name is None
        for label, name in zip(*[examples.labels[c] for c in ("label", "sublabel")], strict=True)
    )
    (found,) = told["classes"]
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
    options = ["--group", "x/<i>/2=late ones", "--merge", "y/1,2", "--group", "y/1=rest"]
    assert cli.main(["subclasses", "name", str(tmp_path / "found"), *options]) == 0
    assert "late ones" in capsys.readouterr().out
    found = tmp_path / "found" / "train.jsonl"
    assert cli.main(["train", str(found), "--task", "hierarchical", "--output", str(tmp_path / "tree"), *settings]) == 0
    names = kb.load(tmp_path / "tree").model_.heads["subclass"].label_names
    assert len(names) == 3 and {"late ones", "rest"} < set(names)


WRONG_NAMES = {
    "nothing": ([], "give --group NUMBER=NAME or --merge NUMBER,NUMBER", 2),
    "form": (["--group", "x=refund"], "--group must be NUMBER=NAME, such as 3=refund; got 'x=refund'", 2),
    "numbers": (["--merge", "2"], "--merge must be numbers of groups, such as 2,5; got '2'", 2),
    "class": (["--group", "1=refund"], "--group must name the class of its groups, one of x/<i>, y", 2),
    "unknown class": (["--group", "z/1=refund"], "`within` must be one of the classes", 1),
    "unknown group": (["--group", "y/9=refund"], "`number` must be a group of 'y', one of 1, 2; got 9", 1),
    "twice": (["--group", "y/1=a", "--group", "y/1=b"], "--group names group 1 of 'y' twice", 2),
    "two merges": (["--merge", "y/1,2", "--merge", "y/2,1"], "--merge has group 1 of 'y' twice", 2),
    "same names": (["--group", "y/1=a", "--group", "y/2=A"], "`name` must be that of no other subclass", 1),
    "overwrite": (["--group", "y/1=a", "--overwrite"], "--overwrite goes with --output", 2),
}


def test_wrong_names_change_nothing(data, tiny_folder, tmp_path, capsys):
    output = tmp_path / "found"
    assert discover(tiny_folder, data, output, "--number", "2", "--no-maps") == 0
    before = {file.name: file.read_bytes() for file in output.iterdir()}
    for options, message, code in WRONG_NAMES.values():
        assert cli.main(["subclasses", "name", str(output), *options]) == code
        assert message in " ".join(re.sub("[│╭╮╰╯─]", " ", capsys.readouterr().err).split())
    assert {file.name: file.read_bytes() for file in output.iterdir()} == before
    assert cli.main(["subclasses", "name", str(output), "--group", "y/1=a", "--output", str(tmp_path / "new")]) == 0
    assert {file.name: file.read_bytes() for file in output.iterdir()} == before
    assert "a" in kb.subclasses.load_discovery(tmp_path / "new").tree["y"]
    assert cli.main(["subclasses", "name", str(data.parent), "--group", "1=a"]) == 1


def test_refusals_leave_nothing_behind(data, tiny_folder, tmp_path, capsys):
    assert discover(tiny_folder, data, tmp_path / "out", "--column", "label") == 1
    assert "has a column 'label' already" in capsys.readouterr().err
    assert discover(tiny_folder, data, tmp_path / "out", "--within", "z") == 1
    assert discover(tiny_folder, data, tmp_path / "out", "--number", "30") == 1
    assert not list(tmp_path.iterdir())
