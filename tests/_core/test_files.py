import contextlib
import hashlib
import json
import os
import resource
import signal
import sys
import time

import numpy as np
import pytest

from kerasbert._core import files
from kerasbert._core.errors import ArtifactError
from kerasbert._core.files import (
    FILE_MARK,
    FolderWriter,
    atomic_dir_write,
    atomic_file_write,
    check_output,
    check_output_file,
    verify_manifest,
    write_tensors,
)
from kerasbert._core.locks import read_locked
from kerasbert._core.staging import recover_folder


def write(path, content=b"new", **options):
    with atomic_dir_write(path, kind="probe", **options) as folder:
        (folder / "file.bin").write_bytes(content)
        (folder / "sub").mkdir()
        (folder / "sub" / "other.txt").write_text("other")


def test_folder_appears_whole_and_verifies(tmp_path):
    write(tmp_path / "model")
    verify_manifest(tmp_path / "model")
    assert os.listdir(tmp_path) == ["model"]


def test_error_leaves_the_old_folder(tmp_path):
    write(tmp_path / "model", b"old")
    with pytest.raises(RuntimeError), atomic_dir_write(tmp_path / "model", kind="probe", overwrite=True) as folder:
        (folder / "file.bin").write_bytes(b"half")
        raise RuntimeError
    assert (tmp_path / "model" / "file.bin").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["model"]


def test_overwrite_replaces(tmp_path):
    write(tmp_path / "model", b"old")
    write(tmp_path / "model", b"new", overwrite=True)
    assert (tmp_path / "model" / "file.bin").read_bytes() == b"new"


def test_existing_model_is_kept_without_overwrite(tmp_path):
    write(tmp_path / "model")
    with pytest.raises(ArtifactError, match="already holds a probe; choose another name, or pass --overwrite"):
        check_output(tmp_path / "model", overwrite=False, kind="probe")


def test_foreign_folder_is_never_overwritten(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"1")
    with pytest.raises(ArtifactError, match="was not written by kerasbert"):
        check_output(tmp_path / "photos", overwrite=True, kind="probe")


def test_output_that_is_a_file(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(ArtifactError, match="is an existing file"):
        check_output(tmp_path / "out", overwrite=True, kind="probe")


def test_parent_that_is_a_file(tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(ArtifactError, match="cannot be made"):
        check_output(tmp_path / "out" / "model", overwrite=False, kind="probe")


@pytest.mark.parametrize(
    "change", [lambda f: f.write_bytes(b"nex"), lambda f: f.write_bytes(b""), os.remove], ids=["changed", "cut", "gone"]
)
def test_a_changed_file_is_refused(tmp_path, change):
    write(tmp_path / "model")
    change(tmp_path / "model" / "file.bin")
    with pytest.raises(ArtifactError, match=r"file\.bin"):
        verify_manifest(tmp_path / "model")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"files": []}', '{"files": [{"path": 1}]}'], ids=["empty", "list", "none", "types"]
)
def test_a_broken_manifest_is_refused(tmp_path, content):
    write(tmp_path / "model")
    (tmp_path / "model" / "manifest.json").write_text(content)
    with pytest.raises(ArtifactError, match="not a readable manifest"):
        verify_manifest(tmp_path / "model")


def test_a_manifest_cannot_lead_out(tmp_path):
    write(tmp_path / "model")
    (tmp_path / "model" / "manifest.json").write_text(
        '{"files": [{"path": "../x", "size": 1, "sha256": "' + "0" * 64 + '"}]}'
    )
    with pytest.raises(ArtifactError, match="outside the folder"):
        verify_manifest(tmp_path / "model")


def listed(folder, name):
    """Let a manifest list one file more."""
    entries = json.loads((folder / "manifest.json").read_text())
    entries["files"].append({"path": name, "size": 4, "sha256": hashlib.sha256(b"evil").hexdigest()})
    (folder / "manifest.json").write_text(json.dumps(entries))


@pytest.mark.parametrize("name", ["link.bin", "folder/file.bin", "circle.bin"])
def test_links_that_lead_out_are_not_followed(tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file.bin").write_bytes(b"evil")
    write(tmp_path / "model")
    (tmp_path / "model" / "link.bin").symlink_to(tmp_path / "elsewhere" / "file.bin")
    (tmp_path / "model" / "folder").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "model" / "circle.bin").symlink_to(tmp_path / "model" / "circle.bin")
    listed(tmp_path / "model", name)
    words = (
        "missing: it is a link that goes in a circle" if name == "circle.bin" else "a link that leads out of the folder"
    )
    with pytest.raises(ArtifactError, match=f"{name}' is {words}"):
        verify_manifest(tmp_path / "model")


UNLISTED = {
    "file": lambda folder: (folder / "added_tokens.json").write_text("{}"),
    "case": lambda folder: (folder / "FILE.bin").write_bytes(b"old"),
    "bytes": lambda folder: open(os.fsencode(folder) + b"/\xff", "w").close(),
    "circle of folders": lambda folder: (folder / "circle").symlink_to(folder),
    "deep": lambda folder: (folder / "a").mkdir() or (folder / "a" / "b").write_text(""),
    "many": lambda folder: [(folder / str(number)).touch() for number in range(1000)],
}


@pytest.mark.parametrize("add", UNLISTED.values(), ids=UNLISTED)
def test_what_the_manifest_does_not_list_is_refused(tmp_path, add):
    write(tmp_path / "model")
    add(tmp_path / "model")
    with pytest.raises(ArtifactError, match="which its manifest does not list; move it elsewhere"):
        verify_manifest(tmp_path / "model")


def test_hidden_files_are_left_alone(tmp_path):
    write(tmp_path / "model")
    (tmp_path / "model" / ".DS_Store").touch()
    (tmp_path / "model" / ".git").mkdir()
    (tmp_path / "model" / ".git" / "HEAD").touch()
    verify_manifest(tmp_path / "model")


def test_files_are_readable_by_the_umask(tmp_path):
    write(tmp_path / "model")
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "model" / "file.bin").stat().st_mode & 0o777 == 0o666 & ~mask


def test_tensors_are_written_as_they_are(tmp_path):
    from safetensors.numpy import load_file

    tensors = {"number": np.float32(3.5), "turned": np.arange(6, dtype="int32").reshape(2, 3).T}
    write_tensors(tmp_path / "one.safetensors", tensors)
    read = load_file(tmp_path / "one.safetensors")
    assert read["number"].shape == () and read["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_a_disk_that_refuses_tensors_is_an_error_of_the_system(tmp_path):
    with pytest.raises(OSError, match="No such file or directory: '.*/no/one.safetensors'"):
        write_tensors(tmp_path / "no" / "one.safetensors", {"a": np.zeros(2)})


def killed_at(number, write):
    """Run `write` in a child that dies at its rename of that number; gives its exit code."""
    child = os.fork()
    if child == 0:
        left = [number]

        def count(event, arguments):
            if event == "os.rename":
                left[0] -= 1
                if not left[0]:
                    os._exit(9)

        sys.addaudithook(count)
        write()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize("can_exchange", [True, False], ids=["one step", "two renames"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_writer_killed_at_any_rename_leaves_a_whole_folder(number, can_exchange, tmp_path, monkeypatch):
    if not can_exchange:
        monkeypatch.setattr(files, "exchange", lambda first, second: False)
    path = tmp_path / "model"
    write(path, b"old")
    code = killed_at(number, lambda: write(path, b"new", overwrite=True))
    recover_folder(path)
    verify_manifest(path)
    assert (path / "file.bin").read_bytes() in ((b"new",) if code == 0 else (b"new", b"old"))
    write(path, b"newest", overwrite=True)
    assert os.listdir(tmp_path) == ["model"] and (path / "file.bin").read_bytes() == b"newest"


def read_both(path):
    """The two files of a folder, which are of one writing."""
    return {(path / "file.bin").read_bytes(), (path / "sub" / "same.bin").read_bytes()}


@pytest.mark.parametrize("can_exchange", [True, False], ids=["one step", "two renames"])
def test_a_reader_beside_a_looping_writer_never_fails(can_exchange, tmp_path, monkeypatch):
    if not can_exchange:
        monkeypatch.setattr(files, "exchange", lambda first, second: False)
    path = tmp_path / "model"
    child = os.fork()
    if child == 0:
        for number in range(1000):
            with atomic_dir_write(path, kind="probe", overwrite=True) as folder:
                (folder / "sub").mkdir()
                for name in ("file.bin", "sub/same.bin"):
                    (folder / name).write_bytes(str(number).encode())
        os._exit(0)
    try:
        while not path.is_dir():
            time.sleep(0.01)
        found = set()
        for _ in range(2000):
            recover_folder(path)
            verify_manifest(path)
            one = read_locked(path, lambda: read_both(path))
            assert len(one) == 1
            found |= one
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert len(found) > 3


def test_a_link_as_output_stays_and_its_folder_is_replaced(tmp_path):
    write(tmp_path / "v3", b"old")
    (tmp_path / "current").symlink_to("v3")
    write(tmp_path / "current", b"new", overwrite=True)
    assert (tmp_path / "current").is_symlink() and sorted(os.listdir(tmp_path)) == ["current", "v3"]
    assert (tmp_path / "v3" / "file.bin").read_bytes() == b"new"


def test_what_is_put_in_while_the_folder_is_replaced_is_kept(tmp_path):
    write(tmp_path / "model", b"old")
    with pytest.raises(ArtifactError, match=r"holds 'notes.txt', which kerasbert did not write"):
        with atomic_dir_write(tmp_path / "model", kind="probe", overwrite=True) as folder:
            (folder / "file.bin").write_bytes(b"new")
            (tmp_path / "model" / "notes.txt").write_text("mine")
    assert (tmp_path / "model" / "notes.txt").read_text() == "mine"
    assert (tmp_path / "model" / "file.bin").read_bytes() == b"old"


def test_a_folder_that_somebody_else_makes_meanwhile_is_kept(tmp_path):
    with pytest.raises(ArtifactError, match="was made by somebody else meanwhile; choose another name"):
        with atomic_dir_write(tmp_path / "model", kind="probe"):
            (tmp_path / "model").mkdir()
            (tmp_path / "model" / "notes.txt").write_text("mine")
    assert (tmp_path / "model" / "notes.txt").read_text() == "mine"


def test_the_second_of_two_takes_the_next_path(tmp_path):
    following = iter([tmp_path / "2", tmp_path / "3"])
    writer = FolderWriter(tmp_path / "1", kind="probe", next_path=lambda: next(following))
    with writer as folder:
        (folder / "file.bin").write_bytes(b"mine")
        write(tmp_path / "1", b"first")
        write(tmp_path / "2", b"second")
    assert writer.path == tmp_path / "3"
    assert [(tmp_path / name / "file.bin").read_bytes() for name in "123"] == [b"first", b"second", b"mine"]


@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null"])
def test_a_device_is_no_output(path):
    with pytest.raises(ArtifactError, match="is an existing device or pipe; choose another name"):
        check_output(path, overwrite=True, kind="probe")
    with pytest.raises(ArtifactError, match="is a folder or a device; choose another name"):
        check_output_file(path)


def test_the_current_folder_is_no_output(tmp_path, monkeypatch):
    write(tmp_path / "model")
    monkeypatch.chdir(tmp_path / "model")
    for path in (".", tmp_path / "model"):
        with pytest.raises(ArtifactError, match="is the current folder, or one that it is in"):
            check_output(path, overwrite=True, kind="probe")


@contextlib.contextmanager
def largest_file(size):
    """Let no file become larger, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_keeps_what_was_there_and_says_what_to_do(tmp_path):
    write(tmp_path / "model", b"old")
    with (
        largest_file(1000),
        pytest.raises(ArtifactError, match="model' could not be written: File too large. Make room"),
    ):
        write(tmp_path / "model", b"new" * 1000, overwrite=True)
    assert (tmp_path / "model" / "file.bin").read_bytes() == b"old" and os.listdir(tmp_path) == ["model"]


def test_an_error_of_what_is_read_stays_what_it_is(tmp_path):
    with pytest.raises(FileNotFoundError), atomic_dir_write(tmp_path / "model", kind="probe"):
        (tmp_path / "nothing.csv").read_text()


def test_a_file_appears_whole_and_replaces_its_like(tmp_path):
    for content in (FILE_MARK, FILE_MARK + b"2"):
        with atomic_file_write(tmp_path / "f.bin") as beside:
            beside.write_bytes(content)
    with pytest.raises(RuntimeError), atomic_file_write(tmp_path / "f.bin") as beside:
        beside.write_bytes(b"half")
        raise RuntimeError
    assert (tmp_path / "f.bin").read_bytes() == FILE_MARK + b"2" and os.listdir(tmp_path) == ["f.bin"]


def test_a_file_of_somebody_else_stays(tmp_path):
    (tmp_path / "f.bin").write_text("notes on kerasbert")
    with pytest.raises(ArtifactError, match="exists and was not written by kerasbert"):
        check_output_file(tmp_path / "f.bin")
    with pytest.raises(ArtifactError, match="cannot be made: its folder does not exist"):
        check_output_file(tmp_path / "no" / "f.bin")
    with pytest.raises(ArtifactError, match="exists; choose another name, or pass overwrite=True"):
        check_output_file(tmp_path / "f.bin", overwrite=False)
