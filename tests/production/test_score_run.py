"""Files come out as shards, in order, once, with the same bytes whatever stopped in between."""

import errno
import gzip
import io
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import kerasbert as kb
from kerasbert._core.files import verify_manifest
from kerasbert.production import answering, run_folder
from kerasbert.production.answering import WindowAnswers

WAY = {"keep": ["id", "text"], "rows_per_shard": 5}
COMMAND = [sys.executable, "-c", "import kerasbert_command; kerasbert_command.run()", "score"]


@pytest.fixture
def whole(predictor, rows_file, tmp_path, small_windows):
    """The file of 23 rows, and its predictions from a run that nothing disturbed."""
    file = rows_file(23)
    predictor.score_files(file, tmp_path / "whole", **WAY)
    return file, tmp_path / "whole"


def test_shards_answer_the_rows_in_order_as_the_classifier_does(predictor, whole, predictions, content):
    _, folder = whole
    rows = predictions(folder)
    labels, shares = predictor.trained.predict_with_proba([row["text"] for row in rows])
    assert [row["columns"]["id"] for row in rows] == list(range(23))
    assert [row["labels"] for row in rows] == [[str(label)] for label in labels]
    np.testing.assert_allclose([list(row["scores"].values()) for row in rows], shares, atol=2e-6)
    shards = [f"predictions-{number:05d}.jsonl" for number in range(5)]
    assert list(content(folder)) == ["manifest.json", *shards, "score.json", "summary.json"]
    verify_manifest(folder)


def test_the_summary_counts(predictor, whole):
    file, folder = whole
    again = predictor.score_files(file, folder, **WAY)
    assert (again.rows, again.predicted, again.rejected, again.shards, again.was_finished) == (23, 23, 0, 5, True)
    assert again.describe() == f"{folder} was done before: 23 predictions in 5 shards."


STOPS = {
    "killed in a window": ("kerasbert.production.answering.answered_rows", 3),
    "killed before the end of a file": ("os.fsync", 5),
    "killed before it is in place": ("os.replace", 4),
    "killed between shard and record": ("os.replace", 5),
    "killed before the manifest": ("kerasbert.production.run_folder.manifest_text", 0),
    "killed at the first write": ("kerasbert.production.run_folder.StagingFolder", 0),
}


@pytest.mark.parametrize(("name", "calls"), STOPS.values(), ids=STOPS)
def test_a_stopped_run_goes_on_with_the_same_bytes(name, calls, predictor, whole, tmp_path, monkeypatch, content):
    file, undisturbed = whole
    with monkeypatch.context() as patch:
        patch.setattr("kerasbert.production.run_folder._unlink", lambda file: None)
        stops_at(patch, name, calls)
        with pytest.raises(KeyboardInterrupt):
            predictor.score_files(file, tmp_path / "out", **WAY)
    assert not (tmp_path / "out" / "manifest.json").exists()
    predictor.score_files(file, tmp_path / "out", **WAY)
    assert content(tmp_path / "out") == content(undisturbed) and not (tmp_path / "out" / "state").exists()


def stops_at(patch, name, calls):
    """Let a function be killed behind some calls, those of the warm-up aside: the predictor has answered before."""
    module, _, attribute = name.rpartition(".")
    owner = sys.modules[module]
    real, left = getattr(owner, attribute), [calls]

    def stopping(*args, **options):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(*args, **options)

    patch.setattr(owner, attribute, stopping)


DAMAGES = {
    "cut": lambda folder: os.truncate(folder / "predictions-00001.jsonl", 50),
    "changed": lambda folder: (folder / "predictions-00002.jsonl").write_bytes(b"x" * 500),
    "missing": lambda folder: (folder / "predictions-00000.jsonl").unlink(),
    "summary": lambda folder: os.truncate(folder / "summary.json", 20),
    "manifest": lambda folder: os.truncate(folder / "manifest.json", 20),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_shard_of_a_finished_run_is_made_again(damage, predictor, whole, content):
    file, folder = whole
    before = content(folder)
    damage(folder)
    assert not predictor.score_files(file, folder, **WAY).was_finished
    assert content(folder) == before


def test_only_the_cut_shard_of_an_unfinished_run_is_made_again(predictor, whole, tmp_path, monkeypatch, content):
    file, undisturbed = whole
    with monkeypatch.context() as patch:
        stops_at(patch, "kerasbert.production.answering.answered_rows", 5)
        with pytest.raises(KeyboardInterrupt):
            predictor.score_files(file, tmp_path / "out", **WAY)
    os.truncate(tmp_path / "out" / "predictions-00000.jsonl", 50)
    (tmp_path / "out" / "state" / "00003-predictions.tmp").write_bytes(b"stray")
    counted = []
    real = WindowAnswers.rows
    monkeypatch.setattr(WindowAnswers, "rows", lambda *args: counted.append(len(args[1])) or real(*args))
    predictor.score_files(file, tmp_path / "out", **WAY)
    # The second shard was whole: 23 rows but its 5.
    assert sum(counted) == 18 and content(tmp_path / "out") == content(undisturbed)


BAD = """{"id": 1, "text": "good"}
{"id": 2, "text": null}
{"id": 3, "text": 7}
{"id": 4, "text": "\\ud83d"}
{broken
{"id": 6, "text": "late", "text": "lost"}
[1]
{"id": 8, "text": "bad"}
"""


def test_bad_rows_become_dead_letters(predictor, tmp_path, predictions):
    (tmp_path / "rows.jsonl").write_text(BAD)
    summary = predictor.score_files(tmp_path / "rows.jsonl", tmp_path / "out", keep=["id"], rows_per_shard=4)
    assert [row["columns"]["id"] for row in predictions(tmp_path / "out")] == [1, 8]
    letters = predictions(tmp_path / "out", "rejected")
    assert [(one["line"], one.get("columns")) for one in letters] == [
        (2, {"id": 2}),
        (3, {"id": 3}),
        (4, {"id": 4}),
        (5, None),
        (6, None),
        (7, None),
    ]
    reasons = ["is missing", "must be a text; got 7", "half of a surrogate pair", "not valid JSON", "appears twice", "must be a JSON object"]  # fmt: skip
    assert all(words in one["reason"] for words, one in zip(reasons, letters, strict=True))
    assert {one["file"] for one in letters} == {str(tmp_path / "rows.jsonl")}
    assert (summary.rows, summary.predicted, summary.rejected) == (8, 2, 6)
    assert "6 rows were rejected, see rejected-*.jsonl there, such as: " in summary.describe()
    assert f"{tmp_path / 'rows.jsonl'}, line 2: 'text' is missing" in summary.describe()


def test_a_row_that_the_classifier_refuses_is_a_dead_letter(predictor, rows_file, tmp_path, monkeypatch, predictions):
    real = type(predictor.trained).probabilities

    def refusing(self, texts, pairs=None):
        if "late" in texts:
            raise kb.DataError(f"index {list(texts).index('late')}: cannot be used.")
        return real(self, texts, pairs)

    monkeypatch.setattr(type(predictor.trained), "probabilities", refusing)
    summary = predictor.score_files(rows_file(12), tmp_path / "out", keep=["id"])
    assert [row["columns"]["id"] for row in predictions(tmp_path / "out")] == [0, 1, 2, 3, 5, 6, 7, 8, 9, 11]
    assert [one["line"] for one in predictions(tmp_path / "out", "rejected")] == [5, 11] and summary.rejected == 2


def test_a_row_of_a_megabyte(predictor, tmp_path, predictions):
    (tmp_path / "rows.jsonl").write_text(json.dumps({"text": "card " * 210_000}) + '\n{"text": "good"}\n')
    predictor.score_files(tmp_path / "rows.jsonl", tmp_path / "out")
    assert [len(row["text"]) for row in predictions(tmp_path / "out")] == [1_050_000, 4]


def test_a_cut_gzip_file_keeps_what_could_be_read(predictor, rows_file, tmp_path, predictions):
    packed = gzip.compress(rows_file(5000).read_bytes())
    (tmp_path / "rows.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    summary = predictor.score_files(tmp_path / "rows.jsonl.gz", tmp_path / "out")
    assert summary.rejected == 1 and summary.predicted > 100
    assert "the rest of the file cannot be read" in predictions(tmp_path / "out", "rejected")[0]["reason"]


def test_a_file_without_rows_gives_an_empty_shard(predictor, tmp_path):
    (tmp_path / "rows.csv").write_text("text,id\n")
    summary = predictor.score_files(tmp_path / "rows.csv", tmp_path / "out", format="csv")
    assert (tmp_path / "out" / "predictions-00000.csv").read_text().startswith("text,labels,")
    assert (summary.rows, summary.shards) == (0, 1)


def test_an_input_that_changed_since_is_refused(predictor, whole, tmp_path, monkeypatch):
    file, _ = whole
    with monkeypatch.context() as patch:
        stops_at(patch, "kerasbert.production.answering.answered_rows", 5)
        with pytest.raises(KeyboardInterrupt):
            predictor.score_files(file, tmp_path / "out", **WAY)
    file.write_text(file.read_text().replace("late", "lost"))
    with pytest.raises(kb.ArtifactError, match=r"holds predictions of another run: .*rows.jsonl has another content"):
        predictor.score_files(file, tmp_path / "out", **WAY)


def test_an_input_that_changes_while_it_is_read_is_refused(predictor, rows_file, tmp_path, monkeypatch):
    file = rows_file(4)
    real = answering.answered_rows

    def changing(*args, **options):
        if len(args[1]) == 4:
            file.write_text(file.read_text() + '{"text": "more", "id": 9}\n')
        return real(*args, **options)

    monkeypatch.setattr(answering, "answered_rows", changing)
    with pytest.raises(kb.DataError, match=r"rows.jsonl was changed while it was read"):
        predictor.score_files(file, tmp_path / "out")
    assert not list((tmp_path / "out").glob("predictions-*"))


@pytest.mark.parametrize("size", [0, 2000], ids=["no room", "a little room"])
def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(size, predictor, whole, tmp_path, content):
    file, undisturbed = whole
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        with pytest.raises(kb.ArtifactError, match=r"could not be written: File too large. Make room, or .*"):
            predictor.score_files(file, tmp_path / "out", **(WAY | {"rows_per_shard": 23}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    predictor.score_files(file, tmp_path / "out", **(WAY | {"rows_per_shard": 23}))
    assert (tmp_path / "out" / "manifest.json").is_file()


def test_no_space_says_that_the_same_command_goes_on(predictor, rows_file, tmp_path, monkeypatch):
    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(run_folder.os, "replace", full)
    with pytest.raises(kb.ArtifactError, match=r"No space left on device. Make room.*run the same command again"):
        predictor.score_files(rows_file(4), tmp_path / "out")


def send(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_standard_input_goes_on_with_the_same_rows_only(predictor, tmp_path, monkeypatch, predictions, small_windows):
    lines = [json.dumps({"text": f"good {number}", "id": number}) for number in range(8)]
    way = {"input_format": "jsonl", "keep": ["id"], "rows_per_shard": 3}
    send(monkeypatch, "\n".join(lines))
    predictor.score_files("-", tmp_path / "undisturbed", **way)
    with monkeypatch.context() as patch:
        send(patch, "\n".join(lines))
        stops_at(patch, "kerasbert.production.answering.answered_rows", 1)
        with pytest.raises(KeyboardInterrupt):
            predictor.score_files("-", tmp_path / "out", **way)
    send(monkeypatch, "\n".join(["{}", *lines]))
    with pytest.raises(kb.DataError, match="Standard input gives other rows than those that .*out' was begun with"):
        predictor.score_files("-", tmp_path / "out", **way)
    send(monkeypatch, "\n".join(lines))
    assert predictor.score_files("-", tmp_path / "out", **way).rows == 8
    assert [row["columns"]["id"] for row in predictions(tmp_path / "out")] == list(range(8))


def test_standard_input_is_read_by_one_process(predictor, tmp_path, monkeypatch):
    send(monkeypatch, "good\nbad\n")
    real = run_folder.try_lock
    monkeypatch.setattr(run_folder, "try_lock", lambda descriptor: real(descriptor) and False)
    with pytest.raises(kb.ArtifactError, match="standard input can be read by one only"):
        predictor.score_files("-", tmp_path / "out")


def test_two_runs_at_once_share_the_shards(predictor, whole, tmp_path, content, monkeypatch):
    file, undisturbed = whole
    made = []
    real = run_folder.RunFolder.publish

    def publish(self, number, *args):
        made.append((threading.get_ident(), number))
        time.sleep(0.02)
        real(self, number, *args)

    monkeypatch.setattr(run_folder.RunFolder, "publish", publish)
    errors = []

    def score():
        try:
            predictor.score_files(file, tmp_path / "out", **WAY)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=score) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and content(tmp_path / "out") == content(undisturbed)
    assert sorted(number for _, number in made) == list(range(5)) and len({who for who, _ in made}) == 2


@pytest.mark.long
def test_killed_processes_and_two_at_once_give_the_same_bytes(saved_classifier, tmp_path, content, rows_file):
    file, model = rows_file(60_000), saved_classifier("binary")
    options = ["--keep", "id", "--rows-per-shard", "2000", "--quiet"]

    def start(output):
        return subprocess.Popen([*COMMAND, str(model), str(file), "--output", str(tmp_path / output), *options])

    assert start("whole").wait() == 0
    for shards in (1, 9):
        process = start("killed")
        while len(list((tmp_path / "killed").glob("predictions-*"))) < shards and process.poll() is None:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    assert [process.wait() for process in [start("killed"), start("killed")]] == [0, 0]
    assert content(tmp_path / "killed") == content(tmp_path / "whole")
    shutil.rmtree(tmp_path / "whole")


def test_a_predictor_warms_up_once(predictor, rows_file, tmp_path, monkeypatch, small_windows):
    predictor.score_files(rows_file(4), tmp_path / "first")
    asked, real = [], answering.answered_rows
    monkeypatch.setattr(
        answering, "answered_rows", lambda *args, **way: asked.append(list(args[1])) or real(*args, **way)
    )
    predictor.score_files(rows_file(4), tmp_path / "second")
    assert asked and not any(text in own for own in asked for text, _ in answering.FIRST_TEXTS)


def test_a_kept_nan_of_a_dead_letter_is_null(predictor, tmp_path, predictions):
    parquet = pytest.importorskip("pyarrow.parquet")
    import pyarrow

    table = pyarrow.table({"text": ["good", None], "number": [0.5, float("nan")]})
    parquet.write_table(table, tmp_path / "rows.parquet")
    predictor.score_files(tmp_path / "rows.parquet", tmp_path / "out", keep=["number"])
    [line] = (tmp_path / "out" / "rejected-00000.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line, parse_constant=pytest.fail)["columns"] == {"number": None}
