import json
import re

import numpy as np
import pytest

import kerasbert as kb
from kerasbert.reading.read_options import ReadOptions
from kerasbert.subclasses import load_discovery, write_discovery
from kerasbert.subclasses.texts_page import texts_page

TEXTS = ["refund card <b>"] * 20 + ["late é parcel"] * 20 + ["copy"] * 3


@pytest.fixture(scope="module")
def found():
    random = np.random.default_rng(0)
    features = np.eye(4)[np.repeat([0, 1, 2], [20, 20, 3])] + 0.1 * random.normal(size=(43, 4))
    return kb.discover_subclasses(TEXTS, ["a/<i>"] * 40 + ["b"] * 3, features=features, max_number=4)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    file = tmp_path_factory.mktemp("data") / "texts.jsonl"
    file.write_text("".join(json.dumps({"text": text, "id": row}) + "\n" for row, text in enumerate(TEXTS)), "utf-8")
    return file


@pytest.fixture(scope="module")
def folder(found, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("found") / "found"
    write_discovery(found, folder, data=data, maps=False)
    return folder


def rows_of(file):
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_what_is_loaded_is_what_was_written(found, folder):
    loaded = load_discovery(folder)
    assert loaded.to_dict() == found.to_dict() and loaded.sublabels == found.sublabels
    for one, other in zip(loaded.classes.values(), found.classes.values(), strict=True):
        assert one.texts == other.texts and np.array_equal(one.points, other.points)
        assert np.array_equal(one.rows, other.rows) and np.array_equal(one.groups, other.groups)


def test_the_data_tells_distance_and_border(found, folder):
    rows, one = rows_of(folder / "texts.jsonl"), found.classes["a/<i>"]
    places = one.closeness
    assert [row["sublabel_distance"] for row in rows[:40]] == np.round(places.distance, 4).tolist()
    assert [row["sublabel_borderline"] for row in rows[:40]] == np.round(places.borderline, 4).tolist()
    assert all({row["sublabel"], row["sublabel_other"]} == set(found.tree["a/<i>"]) for row in rows[:40])
    assert rows[42]["sublabel"] == "b/1" and rows[42]["sublabel_other"] is rows[42]["sublabel_borderline"] is None


def test_it_is_written_again_in_its_place(found, folder, tmp_path):
    write_discovery(load_discovery(folder), tmp_path / "found", data=folder / "texts.jsonl", maps=False, replace=True)
    renamed = load_discovery(tmp_path / "found").rename({2: "late"}, within="a/<i>")
    file = tmp_path / "found" / "texts.jsonl"
    write_discovery(renamed, tmp_path / "found", data=file, maps=False, replace=True, overwrite=True)
    again = load_discovery(tmp_path / "found")
    assert again.to_dict() == renamed.to_dict() and again.edits[0]["to"] == "late"
    assert [row["sublabel"] for row in rows_of(file)] == renamed.sublabels
    page = (tmp_path / "found" / "subclasses.html").read_text("utf-8")
    assert "Renamed and merged" in page and "became late" in page and 'href="texts.html"' in page
    assert list(rows_of(file)[0]) == list(rows_of(folder / "texts.jsonl")[0])


def test_the_page_of_texts_is_escaped_and_loads_nothing(found, folder):
    page = (folder / "texts.html").read_text("utf-8")
    assert page == texts_page(found, "subclasses.html") and page.count("<details>") == 3
    assert "<b>1 &middot; a/&lt;i&gt;" in page and "refund card &lt;b&gt;" in page and "<i>" not in page
    assert page.count("<li") == 43 and not re.search(r"https?:|<script|src=", page)
    assert page.count(" of that to a/&lt;i&gt;/") == 40


def test_a_long_group_is_cut_and_says_so(found, monkeypatch):
    monkeypatch.setattr("kerasbert.subclasses.texts_page.LARGEST_GROUP", 15)
    page = texts_page(found)
    assert page.count("5 more are in the data.") == 2 and page.count("<li") == 15 + 15 + 3


def test_folders_that_hold_none(folder, tmp_path):
    with pytest.raises(
        kb.ArtifactError, match="holds no subclasses.json; it is no folder of `kerasbert subclasses discov"
    ):
        load_discovery(tmp_path)
    old = tmp_path / "old"
    old.mkdir()
    (old / "subclasses.json").write_bytes((folder / "subclasses.json").read_bytes())
    with pytest.raises(
        kb.ArtifactError, match="written by an older version. Run `kerasbert subclasses discover` again"
    ):
        load_discovery(old)
    (old / "subclasses.safetensors").write_bytes(b"cut")
    with pytest.raises(kb.ArtifactError, match="subclasses.safetensors' cannot be read"):
        load_discovery(old)
    (old / "subclasses.json").write_text("{}")
    with pytest.raises(kb.ArtifactError, match="lacks 'data'"):
        load_discovery(old)


FORGED = {
    "outside": (lambda told: told.update(data="../x.jsonl"), "must be a bare file name; it leads out of the folder"),
    "size": (lambda told: told["classes"][0]["subclasses"][0].update(size=7), "its arrays do not belong to its"),
    "rows": (lambda told: told.update(num_texts=5), "its arrays do not belong to its"),
    "class": (lambda told: told["classes"].append(told["classes"][0]), "its arrays do not belong to its"),
    "edit": (lambda told: told.update(edits=[{"class": "a", "to": "b"}]), "edits/0' is malformed"),
    "name": (lambda told: told["classes"][0]["subclasses"][0].update(name=3), "subclasses/0/name' is malformed, 3"),
}


@pytest.mark.parametrize("forge, message", FORGED.values(), ids=FORGED)
def test_forged_folders_are_refused(forge, message, folder, tmp_path):
    for name in ("subclasses.safetensors", "texts.jsonl"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    told = json.loads((folder / "subclasses.json").read_text("utf-8"))
    forge(told)
    (tmp_path / "subclasses.json").write_text(json.dumps(told))
    with pytest.raises(kb.KerasBertError, match=message):
        load_discovery(tmp_path)


def test_files_with_other_marks_are_read_and_written_alike(found, tmp_path):
    data, options = tmp_path / "texts.csv", ReadOptions(delimiter=";", header=False, encoding="latin-1")
    data.write_bytes("".join(f"{row};{text}\n" for row, text in enumerate(TEXTS)).encode("latin-1"))
    write_discovery(found, tmp_path / "found", data=data, options=options, maps=False)
    file, renamed = tmp_path / "found" / "texts.csv", load_discovery(tmp_path / "found").rename({1: "x"}, within="b")
    write_discovery(renamed, tmp_path / "again", data=file, options=options, replace=True, maps=False)
    first, again = (one.read_text("latin-1").splitlines() for one in (file, tmp_path / "again" / "texts.csv"))
    assert first[25].startswith("25;late é parcel;a/<i>/") and all(line.count(";") == 5 for line in again)
    assert again[:40] == first[:40] and [line.split(";")[2] for line in again[40:]] == ["x"] * 3
