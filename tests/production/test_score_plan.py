"""A plan comes back from its file, and tells how another run differs."""

import pytest

from kerasbert.production.score_plan import ScorePlan
from kerasbert.reading._files import StandardInput
from kerasbert.reading.read_options import ReadOptions
from kerasbert.reading.sources import find_sources


@pytest.fixture
def files(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(f"text\n{name}\n")
    return [tmp_path / "a.csv", tmp_path / "b.csv"]


def plan_of(files, **changed):
    options = changed.pop("options", ReadOptions())
    return ScorePlan(
        changed.pop("classifier", "f"), {"top": None, "keep": ["id"], **changed}, find_sources(files, options)
    )


def kept(plan, folder):
    (folder / "score.json").write_text(plan.text(), encoding="utf-8")
    return ScorePlan.read(folder / "score.json")


def test_the_same_run_is_the_same(files, tmp_path):
    assert kept(plan_of(files), tmp_path).differences(plan_of(files)) == []
    # Written again with the same content.
    files[0].write_text(files[0].read_text())
    assert kept(plan_of(files), tmp_path).differences(plan_of(files)) == []


def test_standard_input_comes_back(tmp_path):
    plan = ScorePlan("f", {}, [StandardInput(ending=".jsonl")])
    assert kept(plan, tmp_path).differences(plan) == [] and kept(plan, tmp_path).sources[0].suffix == ".jsonl"


DIFFERENT = {
    "classifier": ({"classifier": "g"}, "the classifier is another one"),
    "setting": ({"top": 3}, "`top` was None and is 3 now"),
    "new setting": ({"engine": "x"}, "`engine` was None and is 'x' now"),
    "reading": ({"options": ReadOptions(delimiter=";")}, "a.csv is read with semicolons between cells instead of as its name says"),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "words"), DIFFERENT.values(), ids=DIFFERENT)
def test_another_run_is_told(changed, words, files, tmp_path):
    assert words in " ".join(kept(plan_of(files), tmp_path).differences(plan_of(files, **changed)))


def test_other_files_are_told(files, tmp_path):
    plan = kept(plan_of(files), tmp_path)
    assert plan.differences(plan_of(files[::-1])) == ["the files come in another order"]
    assert plan.differences(plan_of(files[:1])) == [f"{files[1]} is not among them any more"]
    files[1].write_text("text\nc.csv\n")
    assert plan.differences(plan_of(files)) == [f"{files[1]} has another content"]
    files[1].write_text("text\nlonger\n")
    assert "bytes instead of" in plan.differences(plan_of(files))[0]
