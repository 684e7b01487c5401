import hashlib
import json
import os

import numpy as np
import pytest

from kerasbert._core.errors import ArtifactError
from kerasbert._core.files import atomic_dir_write, check_output, verify_manifest, write_tensors


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
    with pytest.raises(ArtifactError, match=f"{name}' is a link that leads out of the folder; refused"):
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
