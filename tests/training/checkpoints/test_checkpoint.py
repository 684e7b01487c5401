import builtins
import errno
import os

import numpy as np
import pytest

from kerasbert import ArtifactError
from kerasbert.training.checkpoints.checkpoint import FINISHED, Checkpoint, CheckpointFolder


def checkpoint(step):
    return Checkpoint({"weights": np.arange(4.0) + step}, {"step": step})


def test_the_newest_comes_back(tmp_path):
    with CheckpointFolder(tmp_path / "run") as folder:
        for step in (9, 10, 11):
            folder.write(step, checkpoint(step))
        newest = folder.newest()
    assert newest.state == {"step": 11}
    assert np.array_equal(newest.arrays["weights"], np.arange(4.0) + 11)
    assert folder.names() == ["step-000000011", "step-000000010"]


def test_the_order_is_that_of_steps_and_not_of_time(tmp_path):
    with CheckpointFolder(tmp_path / "run") as folder:
        folder.write(2, checkpoint(2))
        folder.write(10, checkpoint(10))
        os.utime(tmp_path / "run" / "step-000000010", (0, 0))
        assert folder.newest().state == {"step": 10}


def test_the_end_of_a_training_is_the_newest(tmp_path):
    with CheckpointFolder(tmp_path / "run") as folder:
        folder.write(10, checkpoint(10))
        folder.write(FINISHED, checkpoint(3))
        assert folder.newest().state == {"step": 3}


def test_an_empty_folder_holds_none(tmp_path):
    with CheckpointFolder(tmp_path / "run") as folder:
        assert folder.newest() is None


def cut(folder):
    file = folder / "state.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


def flip(folder):
    file = folder / "state.json"
    file.write_bytes(file.read_bytes().replace(b"2", b"3"))


DAMAGES = {
    "cut": cut,
    "flipped": flip,
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "no state": lambda folder: (folder / "state.json").unlink(),
    "empty": lambda folder: [file.unlink() for file in folder.iterdir()],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_one_gives_way_to_the_older(tmp_path, damage, capsys):
    with CheckpointFolder(tmp_path / "run") as folder:
        folder.write(1, checkpoint(1))
        folder.write(2, checkpoint(2))
        damage(tmp_path / "run" / "step-000000002")
        assert folder.newest().state == {"step": 1}
        assert "step-000000002' is damaged" in capsys.readouterr().err
        folder.write(2, checkpoint(2))
        assert folder.newest().state == {"step": 2}
    assert any(path.name.startswith("damaged-step-000000002") for path in (tmp_path / "run").iterdir())


def test_none_that_is_whole_is_an_error(tmp_path):
    with CheckpointFolder(tmp_path / "run") as folder:
        folder.write(1, checkpoint(1))
        cut(tmp_path / "run" / "step-000000001")
        with pytest.raises(ArtifactError, match=r"None of the 1 checkpoints in .* is whole\. Start afresh"):
            folder.newest()


def test_one_process_at_a_time(tmp_path):
    with CheckpointFolder(tmp_path / "run"):
        with pytest.raises(ArtifactError, match="Another training is writing"), CheckpointFolder(tmp_path / "run"):
            pass
    with CheckpointFolder(tmp_path / "run"):
        pass


def test_a_foreign_folder_is_left_alone(tmp_path):
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(ArtifactError, match="holds something else"):
        CheckpointFolder(tmp_path)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(ArtifactError, match="is a file"):
        CheckpointFolder(tmp_path / "run")


def test_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(ArtifactError, match="Checkpoints cannot be written to"),
        CheckpointFolder(tmp_path / "file" / "run"),
    ):
        pass


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    with CheckpointFolder(tmp_path / "run"):
        (tmp_path / "run" / ".tmp-step-000000003-abc").mkdir()
    with CheckpointFolder(tmp_path / "run") as folder:
        assert [path.name for path in folder.folder.iterdir()] == [".lock"]


class FailingFiles:
    """Lets the N-th operation on files fail, or the process stop there, as it would when killed."""

    NAMES = ("mkdir", "rename", "replace", "fsync", "chmod", "open", "rmdir", "unlink", "scandir")

    def __init__(self, monkeypatch, number, error):
        self.left, self.error, self.failed = number, error, False
        for name in self.NAMES:
            monkeypatch.setattr(os, name, self.counted(getattr(os, name)))
        monkeypatch.setattr(builtins, "open", self.counted(builtins.open))
        monkeypatch.setattr("io.open", self.counted(builtins.open))

    def counted(self, operation):
        def run(*arguments, **options):
            self.left -= 1
            # A process that was killed does nothing any more; one whose disk failed once goes on.
            if self.left == 0 or (self.failed and isinstance(self.error, SystemExit)):
                self.failed = True
                raise self.error
            return operation(*arguments, **options)

        return run


ERRORS = {"disk full": OSError(errno.ENOSPC, "No space left on device"), "killed": SystemExit(9)}


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_whatever_fails_a_whole_checkpoint_is_there(tmp_path, error):
    number, failed = 1, True
    while failed:
        place = tmp_path / str(number)
        with CheckpointFolder(place) as folder:
            folder.write(1, checkpoint(1))
            folder.write(2, checkpoint(2))
            with pytest.MonkeyPatch.context() as patch:
                files = FailingFiles(patch, number, error)
                try:
                    folder.write(3, checkpoint(3))
                except ArtifactError as refused:
                    assert "No space left on device); 'step-000000002' is kept" in str(refused)  # noqa: PT017
                except SystemExit:
                    pass
        failed = files.failed
        with CheckpointFolder(place) as folder:
            newest = folder.newest()
            assert newest.state["step"] in (2, 3)
            assert np.array_equal(newest.arrays["weights"], np.arange(4.0) + newest.state["step"])
            folder.write(3, checkpoint(3))
            assert folder.newest().state == {"step": 3}
        number += 1
    assert number > 10


def test_a_lock_file_of_another_program_is_not_ours(tmp_path):
    (tmp_path / ".lock").touch()
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(ArtifactError, match="holds something else"):
        CheckpointFolder(tmp_path)
    (tmp_path / ".lock").write_text("pid 3")
    with pytest.raises(ArtifactError, match="holds something else"):
        CheckpointFolder(tmp_path)


def test_the_folder_of_an_older_version_goes_on(tmp_path):
    with CheckpointFolder(tmp_path) as folder:
        folder.write(1, checkpoint(1))
    (tmp_path / ".lock").write_text("")
    with CheckpointFolder(tmp_path) as folder:
        assert folder.newest().state == {"step": 1}


def test_only_leftovers_of_checkpoints_are_removed(tmp_path):
    with CheckpointFolder(tmp_path):
        (tmp_path / ".tmp-my-notes").mkdir()
        (tmp_path / ".tmp-my-notes" / "a.txt").touch()
    with CheckpointFolder(tmp_path):
        assert (tmp_path / ".tmp-my-notes" / "a.txt").is_file()


def test_a_checkpoint_with_something_else_in_it_is_set_aside(tmp_path):
    with CheckpointFolder(tmp_path) as folder:
        folder.write(1, checkpoint(1))
        (tmp_path / "step-000000001" / "notes.txt").write_text("mine")
        folder.clear()
    assert [path.read_text() for path in tmp_path.glob("damaged-step-000000001-*/notes.txt")] == ["mine"]


def test_all_of_a_finished_training_is_removed(tmp_path):
    with CheckpointFolder(tmp_path / "run") as folder:
        for step in (1, 2, FINISHED):
            folder.write(step, checkpoint(0))
        (tmp_path / "run" / "batches.csv").touch()
    folder.dispose()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", ["[]", "{", '{"step": NaN}', ""], ids=repr)
def test_a_forged_state_gives_way_to_the_older(content, tmp_path):
    from kerasbert._core.manifest import write_manifest

    with CheckpointFolder(tmp_path) as folder:
        folder.write(1, checkpoint(1))
        folder.write(2, checkpoint(2))
        newest = tmp_path / "step-000000002"
        (newest / "state.json").write_text(content)
        (newest / "manifest.json").unlink()
        write_manifest(newest, "checkpoint")
        assert folder.newest().state == {"step": 1}
