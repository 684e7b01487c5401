import json
import os

import pytest

from kerasbert import ArtifactError
from kerasbert.caching.folder import DESCRIPTION_FILE, CacheFolder


def described(path):
    return json.loads((path / DESCRIPTION_FILE).read_text())


def test_it_is_made_and_found_again(tmp_path):
    folder = CacheFolder(tmp_path / "new" / "cache")
    assert folder.described_file() is None
    file = folder.renew(None)
    assert CacheFolder(tmp_path / "new" / "cache").described_file() == file == folder.renew(None)
    assert described(folder.path) == {
        "program": "kerasbert", "kind": "prediction cache", "format": 1, "entries": file.name,
    }  # fmt: skip


def test_a_damaged_file_gives_way_to_one_of_another_name(tmp_path):
    folder = CacheFolder(tmp_path)
    first, version = folder.renew(None), folder.version()
    second = folder.renew(first)
    assert second != first and not first.exists() and folder.version() != version
    # Another process that found the first one damaged too.
    assert folder.renew(first) == second


REFUSED = {
    "a file": (lambda path: path.write_text("x"), "is a file. Choose another name"),
    "something else": (lambda path: (path.mkdir(), (path / "notes.txt").write_text("x")), "holds 'notes.txt' and is no prediction cache"),
    "another program": (lambda path: _describe(path, program="other"), "was not written by kerasbert"),
    "another kind": (lambda path: _describe(path, kind="tokens"), "was not written by kerasbert"),
    "newer": (lambda path: _describe(path, format=2), "is of format 2, and this version of kerasbert knows 1; install"),
    "below a file": (lambda path: path.parent.joinpath("cache").write_text("x"), "is a file"),
}  # fmt: skip


def _describe(path, **changed):
    path.mkdir()
    content = {"program": "kerasbert", "kind": "prediction cache", "format": 1, "entries": "entries-00000000.sqlite"}
    (path / DESCRIPTION_FILE).write_text(json.dumps({**content, **changed}))


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_cache_is_refused_and_left(make, message, tmp_path):
    make(tmp_path / "cache")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ArtifactError, match=message):
        CacheFolder(tmp_path / "cache")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("place", ["s3://bucket/cache", "gs://bucket/cache"])
def test_an_address_is_refused(place):
    with pytest.raises(ArtifactError, match="is no local path"):
        CacheFolder(place)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ArtifactError, match="cannot be made: Not a directory"):
        CacheFolder(tmp_path / "file" / "cache")


DAMAGED = {
    "no JSON": "{",
    "empty": "",
    "an older format": json.dumps({"program": "kerasbert", "kind": "prediction cache", "format": 0, "entries": "x"}),
    "a path": json.dumps({"program": "kerasbert", "kind": "prediction cache", "format": 1, "entries": "../outside"}),
    "a missing file": json.dumps(
        {"program": "kerasbert", "kind": "prediction cache", "format": 1, "entries": "entries-01234567.sqlite"}
    ),
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_description_is_made_again(text, tmp_path):
    first = CacheFolder(tmp_path).renew(None)
    (tmp_path / DESCRIPTION_FILE).write_text(text)
    folder = CacheFolder(tmp_path)
    assert folder.described_file() is None
    file = folder.renew(None)
    assert folder.described_file() == file != first and not first.exists()


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "outside").write_text("x")
    folder = CacheFolder(tmp_path / "cache")
    file = folder.renew(None)
    os.unlink(file)
    os.symlink(tmp_path / "outside", file)
    assert folder.described_file() is None
    folder.renew(None)
    assert not file.exists() and (tmp_path / "outside").read_text() == "x"


def test_what_a_killed_process_left_is_no_obstacle(tmp_path):
    for name in ("kerasbert.lock", "entries-01234567.sqlite", "entries-01234567.sqlite-wal"):
        (tmp_path / name).touch()
    (tmp_path / f".tmp-{DESCRIPTION_FILE}-01234567").mkdir()
    CacheFolder(tmp_path).renew(None)
    assert not (tmp_path / "entries-01234567.sqlite").exists()
