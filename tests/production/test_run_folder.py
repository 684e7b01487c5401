"""The folder of a run: whose it is, what is left of it, and what is never removed."""

import json
import os

import pytest

import kerasbert as kb
from kerasbert.production.run_folder import RunFolder, ShardRecord, check_run_folder
from kerasbert.production.score_plan import ScorePlan
from kerasbert.reading.sources import find_sources


@pytest.fixture
def plan(rows_file):
    return ScorePlan("a fingerprint", {"format": "jsonl", "keep": None}, find_sources(rows_file(3)))


@pytest.fixture
def folder(plan, tmp_path):
    return RunFolder(tmp_path / "out", plan)


def make(folder, number, rejected=0):
    """Make a shard of 3 rows."""
    with folder.claim(number) as is_free:
        assert is_free
        for name in ("predictions", *(["rejected"] if rejected else [])):
            with folder.writing(number, name) as stream:
                stream.write(f"{name} {number}\n".encode())
        folder.publish(number, 3, rejected, "")


def test_a_run_from_its_begin_to_its_end(folder, plan):
    assert folder.finished() is None and folder.record(0) is None
    make(folder, 0)
    make(folder, 1, rejected=1)
    assert folder.record(1).rejected == 1
    assert folder.finish(2)["rows"] == 6
    assert sorted(os.listdir(folder.path)) == [
        "manifest.json",
        "predictions-00000.jsonl",
        "predictions-00001.jsonl",
        "rejected-00001.jsonl",
        "score.json",
        "summary.json",
    ]
    assert RunFolder(folder.path, plan).finish(2)["rejected"] == 1


FOREIGN = {
    "file": (lambda path: path.write_text("x"), "is an existing file; choose another name"),
    "other files": (lambda path: (path.mkdir(), (path / "thesis.txt").write_text("x")), "was not written by `kerasbert score`"),
    "other plan": (lambda path: (path.mkdir(), (path / "score.json").write_text("{}")), "lacks 'program'"),
    "no plan": (lambda path: (path.mkdir(), (path / "score.json").write_text("[")), "holds no plan of `kerasbert score`"),
    "newer": (lambda path: (path.mkdir(), (path / "score.json").write_text(json.dumps({"program": "kerasbert", "format": 9, "classifier": "", "settings": {}, "sources": []}))), "is of another version"),
}  # fmt: skip


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(("make_it", "message"), FOREIGN.values(), ids=FOREIGN)
def test_what_is_not_ours_is_refused_and_stays(make_it, message, overwrite, plan, tmp_path):
    path = tmp_path / "out"
    make_it(path)
    before = sorted(path.rglob("*"))
    with pytest.raises(kb.ArtifactError, match=message):
        RunFolder(path, plan, overwrite=overwrite)
    assert path.exists() and sorted(path.rglob("*")) == before


def other(plan):
    return ScorePlan(plan.classifier, {**plan.settings, "keep": ["id"]}, plan.sources)


def test_another_run_is_refused_or_replaced(folder, plan):
    make(folder, 0)
    with pytest.raises(
        kb.ArtifactError, match=r"holds predictions of another run: `keep` was None and is \['id'\] now"
    ):
        RunFolder(folder.path, other(plan))
    replaced = RunFolder(folder.path, other(plan), overwrite=True)
    assert replaced.record(0) is None and not (folder.path / "predictions-00000.jsonl").exists()


def test_the_same_run_goes_on_also_where_it_may_overwrite(folder, plan):
    make(folder, 0)
    assert RunFolder(folder.path, plan, overwrite=True).record(0) is not None


def test_foreign_files_in_a_run_are_never_removed(folder, plan):
    (folder.path / "thesis.txt").write_text("x")
    with pytest.raises(kb.ArtifactError, match=r"holds thesis.txt, which `kerasbert score` did not write"):
        RunFolder(folder.path, other(plan), overwrite=True)
    assert (folder.path / "thesis.txt").is_file() and (folder.path / "score.json").is_file()


def test_a_run_that_is_being_written_is_not_replaced(folder, plan):
    with (
        folder.claim(0),
        pytest.raises(kb.ArtifactError, match="is written by another process"),
    ):
        RunFolder(folder.path, other(plan), overwrite=True)


def test_a_shard_is_claimed_once(folder, plan):
    with folder.claim(0) as mine, RunFolder(folder.path, plan).claim(0) as theirs:
        assert mine and not theirs
    with folder.claim(0) as mine:
        assert mine


def test_a_run_that_was_replaced_makes_no_more_shards(folder, plan):
    RunFolder(folder.path, other(plan), overwrite=True)
    with pytest.raises(kb.ArtifactError, match="was taken by another run"), folder.claim(1):
        pass


def test_stray_files_go_but_those_of_shards_that_are_made(folder, plan):
    for number in (3, 4):
        (folder.state / f"0000{number}-predictions.tmp").write_text("stray")
    with folder.claim(4):
        RunFolder(folder.path, plan)
        assert sorted(file.name for file in folder.state.glob("*.tmp")) == ["00004-predictions.tmp"]


RECORDS = {
    "cut": lambda text: text[: len(text) // 2],
    "empty": lambda text: "",
    "other file": lambda text: text.replace("predictions-00000.jsonl", "../../etc/passwd"),
    "no numbers": lambda text: text.replace('"rows": 3', '"rows": "3"'),
}


@pytest.mark.parametrize("change", RECORDS.values(), ids=RECORDS)
def test_a_record_that_cannot_be_read_is_none(change, folder):
    make(folder, 0)
    file = folder.state / "00000.json"
    file.write_text(change(file.read_text()))
    assert folder.record(0) is None


def test_links_in_place_of_shards_are_not_followed(folder, tmp_path):
    make(folder, 0)
    shard = folder.path / "predictions-00000.jsonl"
    shard.rename(tmp_path / "elsewhere")
    shard.symlink_to(tmp_path / "elsewhere")
    assert folder.record(0) is None
    assert ShardRecord.from_dict({"rows": 1}) is None


def test_a_place_for_a_new_run(tmp_path):
    check_run_folder(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    check_run_folder(tmp_path / "empty")
