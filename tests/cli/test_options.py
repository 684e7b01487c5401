"""Options that nothing would read are refused by every command, and so are unknown ones."""

import pytest

from kerasbert import cli

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"]


@pytest.fixture(scope="module")
def places(saved_classifier, tmp_path_factory):
    """A saved classifier (m) and data for it (d)."""
    data = tmp_path_factory.mktemp("saved") / "rows.csv"
    data.write_text("text,label\n" + "".join(f"{text},{'xy'[n % 2]}\n" for n, text in enumerate(TEXTS * 3)))
    return {"m": saved_classifier("multiclass"), "d": data}


USELESS = {
    "evaluate overwrite": ("evaluate {m} {d} --overwrite", "--overwrite goes with --report or --predictions"),
    "evaluate threshold": ("evaluate {m} {d} --threshold 0.4", "--threshold goes with labels that have thresholds"),
    "explain layer": ("explain {m} good --layer 1", "--layer goes with --output"),
    "explain attention": ("explain {m} good --attention-head 1", "--attention-head goes with --output"),
    "explain overwrite": ("explain {m} good --overwrite", "--overwrite goes with --output"),
    "explain file": ("explain {m} {d}", "is the name of a file; give the text itself"),
    "export text": ("export {m} --text-column body", "--text-column goes with --data"),
    "export labels": ("export {m} --label-column y", "--label-column goes with --data"),
    "export delimiter": ("export {m} --label-delimiter ;", "--label-delimiter goes with --data"),
    "find-learning-rate labels": (
        "find-learning-rate {d} --task multitask --head a=label:binary --label-column label --picture p.png",
        "--label-column goes with one head",
    ),
    "inspect length": ("inspect {m} --max-length 9", "--max-length goes with --text"),
    "layers overwrite": ("layers {m} {d} --overwrite", "--overwrite goes with --output or --save-as"),
    "prepare names": (
        "prepare {d} --task hierarchical --label-names a,b --output t",
        "--label-names goes with --task binary, multiclass or multilabel",
    ),
    "prepare labels": (
        "prepare {d} --task multitask --head a=label:binary --label-column label --output t",
        "--label-column goes with one head",
    ),
    "prepare delimiter": ("prepare {d} --task hierarchical --label-delimiter ; --output t", "--label-delimiter goes with"),
    "probe overwrite": ("probe {m} {d} --overwrite", "--overwrite goes with --output"),
    "probe folds": ("probe {m} {d} --unlabelled --folds 4", "--folds goes with labels"),
    "probe delimiter": ("probe {m} {d} --unlabelled --label-delimiter ;", "--label-delimiter goes with labels"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "words"), USELESS.values(), ids=USELESS)
def test_an_option_that_nothing_reads(line, words, places, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = [part.format(**places) for part in line.split()]
    assert cli.main(arguments) == 2
    assert words in " ".join(capsys.readouterr().err.split())
    assert not any(tmp_path.iterdir())


COMMANDS = [
    "evaluate",
    "explain",
    "export",
    "find-learning-rate",
    "inspect",
    "layers",
    "predict",
    "prepare",
    "probe",
    "train",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_an_unknown_option(command, capsys):
    assert cli.main([command, "--no-such-option", "3"]) == 2
    assert "No such option: --no-such-option" in capsys.readouterr().err


BAD = "text,label\ngood,x\nragged\nbad,y\nthanks,\nlost,w\n" + "good card,x\nbad parcel,y\n" * 3
READERS = {
    "evaluate": ("evaluate {m} {d}", 3),
    "probe": ("probe {m} {d} --folds 2 --layers -1 --quiet", 2),
    "find-learning-rate": (
        "find-learning-rate {d} --task multiclass --encoder {e} --steps 10 --batch-size 1 --picture {t}/p.png",
        2,
    ),
}


@pytest.mark.parametrize(("line", "count"), READERS.values(), ids=READERS)
def test_rows_that_cannot_be_used_are_left_out(line, count, places, tiny_folder, tmp_path, capsys):
    (tmp_path / "bad.csv").write_text(BAD)
    own = {**places, "d": tmp_path / "bad.csv", "e": tiny_folder, "t": tmp_path}
    arguments = [part.format(**own) for part in line.split()]
    assert cli.main(arguments) == 1
    said = capsys.readouterr().err
    assert "line 3: has 1 cells where the header has 2. on_error='skip' (--on-error skip) leaves such rows out." in said
    assert cli.main([*arguments, "--on-error", "skip"]) == 0
    assert f"bad.csv: {count} rows were left out, such as" in capsys.readouterr().err
