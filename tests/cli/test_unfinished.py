import json
import shutil

import pytest

from kerasbert import ArtifactError, cli, load
from kerasbert.cli.unfinished import check_train_output, is_perhaps_saved, unfinished_folder
from kerasbert.training.checkpoints.checkpoint import CheckpointFolder


@pytest.fixture
def command(tiny_folder, tmp_path):
    """`kerasbert train` on a few rows, with `out` as its output."""
    rows = [
        json.dumps({"text": text, "label": label}) for text, label in zip(["good", "bad"] * 4, "abababab", strict=True)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows) + "\n")
    start = ["train", str(tmp_path / "rows.jsonl"), "--task", "multiclass", "--encoder", str(tiny_folder), "--quiet"]
    return [*start, "--epochs", "1", "--max-length", "20", "--output", str(tmp_path / "out")]


@pytest.fixture
def killed(command, tmp_path, monkeypatch):
    """The command, killed after it saved and before it removed the folder beside the output."""

    def interrupted(output):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("kerasbert.cli.unfinished.remove_unfinished", interrupted)
        assert cli.main(command) == 130
    assert (tmp_path / "out").is_dir() and unfinished_folder(tmp_path / "out").is_dir()
    return command


def test_a_run_killed_before_it_cleaned_ends_well(killed, tmp_path):
    before = (tmp_path / "out" / "model.safetensors").read_bytes()
    assert is_perhaps_saved(tmp_path / "out")
    assert cli.main(killed) == 0
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "rows.jsonl"]


def test_a_run_killed_while_it_cleaned_ends_well(killed, tmp_path):
    for step in unfinished_folder(tmp_path / "out").glob("step-*"):
        shutil.rmtree(step)
    assert cli.main(killed) == 0 and not unfinished_folder(tmp_path / "out").exists()


def test_another_classifier_at_the_output_is_kept(killed, tmp_path, capsys):
    classifier = load(tmp_path / "out")
    weight = classifier.model_.head.output_layer.bias
    weight.assign(weight.numpy() + 1)
    classifier.save(tmp_path / "out", overwrite=True)
    before = (tmp_path / "out" / "model.safetensors").read_bytes()
    assert cli.main(killed) == 1 and "already holds a saved classifier" in capsys.readouterr().err
    assert (tmp_path / "out" / "model.safetensors").read_bytes() == before


def test_afresh_means_afresh(killed, tmp_path):
    with pytest.raises(ArtifactError, match="already holds a saved classifier"):
        check_train_output(tmp_path / "out", overwrite=False, resume=False)


def test_what_somebody_put_beside_the_checkpoints_is_kept(command, tmp_path, monkeypatch, capsys):
    finish = CheckpointFolder.dispose

    def add_notes(folder):
        (folder.folder / "notes.txt").write_text("mine")
        finish(folder)

    monkeypatch.setattr(CheckpointFolder, "dispose", add_notes)
    assert cli.main(command) == 0
    left = [path.name for path in unfinished_folder(tmp_path / "out").iterdir()]
    assert (
        sorted(left) == [".lock", "notes.txt"] and "is kept, because it holds ['notes.txt']" in capsys.readouterr().err
    )
