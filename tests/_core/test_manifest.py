import json

import pytest

from kerasbert import ArtifactError
from kerasbert._core.files import atomic_dir_write
from kerasbert._core.manifest import KINDS, obstacle, read_manifest, remove_listed, verify_manifest, write_manifest


def written(path, kind="probe", names=("a.txt", "sub/b.txt")):
    with atomic_dir_write(path, kind=kind) as folder:
        for name in names:
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(name)
    return path


def edit(folder, **changes):
    file = folder / "manifest.json"
    content = {**json.loads(file.read_text()), **changes}
    file.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_replaces_itself_and_no_other(kind, tmp_path):
    folder = written(tmp_path / "out", kind)
    assert obstacle(folder, kind) is None
    others = [obstacle(folder, other) for other in KINDS if other != kind]
    assert all(f"holds {KINDS[kind].words}, and" in words for words in others)


@pytest.mark.parametrize("kind", KINDS)
def test_a_manifest_without_a_kind_is_known_by_its_files(kind, tmp_path):
    folder = written(tmp_path / "out", kind, sorted(KINDS[kind].marks))
    edit(folder, kind=None, program=None)
    assert read_manifest(folder).kind == kind
    assert obstacle(folder, kind) is None


FOREIGN = {
    "of a web application": lambda f: (f / "manifest.json").write_text('{"name": "My app", "start_url": "/"}'),
    "of another program": lambda f: edit(f, program="other"),
    "of no kind": lambda f: edit(f, kind=["probe"]),
    "of an unknown kind, without a program": lambda f: (f / "manifest.json").write_text(
        json.dumps({"kind": "cake", "files": json.loads((f / "manifest.json").read_text())["files"]})
    ),
    "without a kind, of unknown files": lambda f: edit(f, kind=None),
    "no JSON": lambda f: (f / "manifest.json").write_text("{"),
    "none": lambda f: (f / "manifest.json").unlink(),
    "a folder": lambda f: (f / "manifest.json").unlink() or (f / "manifest.json").mkdir(),
    "without digests": lambda f: edit(f, files=[{"path": "a.txt"}]),
}


@pytest.mark.parametrize("spoil", FOREIGN.values(), ids=FOREIGN)
def test_a_folder_that_is_not_ours_is_in_the_way(spoil, tmp_path):
    folder = written(tmp_path / "out")
    spoil(folder)
    assert "written by kerasbert" in obstacle(folder, "probe")


ADDED = {
    "notes": ("notes.txt", lambda f: (f / "notes.txt").write_text("")),
    "hidden notes": (".notes", lambda f: (f / ".notes").write_text("")),
    "in a folder": ("sub/c.txt", lambda f: (f / "sub" / "c.txt").write_text("")),
    "a folder's": ("new/c.txt", lambda f: (f / "new").mkdir() or (f / "new" / "c.txt").write_text("")),
    "link to a folder": ("link", lambda f: (f / "link").symlink_to("..")),
    "link for a file": ("a.txt", lambda f: (f / "a.txt").unlink() or (f / "a.txt").symlink_to("sub/b.txt")),
    "repository": (".git/HEAD", lambda f: (f / ".git").mkdir() or (f / ".git" / "HEAD").write_text("")),
}


@pytest.mark.parametrize(("name", "add"), ADDED.values(), ids=ADDED)
def test_what_was_added_is_in_the_way_by_its_name(name, add, tmp_path):
    folder = written(tmp_path / "out")
    add(folder)
    assert f"holds '{name}', which kerasbert did not write" in obstacle(folder, "probe")


def test_an_empty_folder_and_a_file_managers_litter_are_not(tmp_path):
    folder = written(tmp_path / "out")
    (folder / ".DS_Store").touch()
    (tmp_path / "empty").mkdir()
    assert obstacle(folder, "probe") is None and obstacle(tmp_path / "empty", "probe") is None


def test_only_what_is_listed_is_removed(tmp_path):
    folder = written(tmp_path / "out")
    (folder / "sub" / "notes.txt").write_text("mine")
    assert not remove_listed(folder)
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["notes.txt"]


def test_nothing_behind_a_link_is_removed(tmp_path):
    folder = written(tmp_path / "out")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.txt").write_text("mine")
    (folder / "sub" / "b.txt").unlink()
    (folder / "sub").rmdir()
    (folder / "sub").symlink_to("../elsewhere")
    remove_listed(folder)
    assert (tmp_path / "elsewhere" / "b.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../a", "sub/../../a", "sub\\b.txt", "./a.txt", "sub//b.txt", "a\0"], ids=repr
)
def test_a_listed_path_outside_is_refused(path, tmp_path):
    folder = written(tmp_path / "out")
    edit(folder, files=[{"path": path, "size": 1, "sha256": "0" * 64}])
    with pytest.raises(ArtifactError, match="which is outside the folder; refused"):
        verify_manifest(folder)


VALUES = [None, True, -1, 2**70, 1.5, "", "x", [], [[]], {}, {"path": "a.txt"}]


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("key", ["program", "kind", "files", "path", "size", "sha256"])
def test_a_forged_manifest_gets_our_error(key, value, tmp_path):
    folder = written(tmp_path / "out")
    entry = {"path": "a.txt", "size": 5, "sha256": "0" * 64}
    content = {"program": "kerasbert", "kind": "probe", "files": [entry]}
    (entry if key in entry else content)[key] = value
    (folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(ArtifactError, match="manifest|outside|lacks|changed|holds"):
        verify_manifest(folder)


def test_a_new_manifest_says_what_wrote_it(tmp_path):
    (tmp_path / "a.txt").write_text("abc")
    write_manifest(tmp_path, "probe")
    content = json.loads((tmp_path / "manifest.json").read_text())
    assert (content["program"], content["kind"]) == ("kerasbert", "probe")
    # Of the SHA-256 standard's own example.
    assert content["files"][0]["sha256"].startswith("ba7816bf8f01cfea")


def as_volume(folder, home):
    """The layout of a Kubernetes volume: links through ..data, of folders too."""
    home.mkdir()
    folder.rename(home / "..2026_01")
    (home / "..data").symlink_to("..2026_01")
    for one in (home / "..2026_01").iterdir():
        (home / one.name).symlink_to(f"..data/{one.name}")
    return home


def as_snapshot(folder, home):
    """The layout of Hugging Face's cache: links into the blobs of the repository."""
    (home / "blobs").mkdir(parents=True)
    snapshot = home / "snapshots" / "abc"
    for number, file in enumerate(one for one in folder.rglob("*") if one.is_file()):
        link = snapshot / file.relative_to(folder)
        link.parent.mkdir(parents=True, exist_ok=True)
        file.rename(home / "blobs" / f"{number:040x}")
        link.symlink_to(home / "blobs" / f"{number:040x}")
    return snapshot


@pytest.mark.parametrize("layout", [as_volume, as_snapshot])
def test_a_folder_of_links_verifies_and_is_never_replaced(layout, tmp_path):
    laid_out = layout(written(tmp_path / "out"), tmp_path / "store")
    verify_manifest(laid_out)
    assert obstacle(laid_out, "probe") is not None


def test_a_volume_whose_link_leads_out_is_refused_whatever_its_hash(tmp_path):
    laid_out = as_volume(written(tmp_path / "out"), tmp_path / "store")
    (tmp_path / "same.txt").write_text("a.txt")
    (laid_out / "a.txt").unlink()
    (laid_out / "a.txt").symlink_to("../same.txt")
    with pytest.raises(ArtifactError, match=r"a.txt' is a link that leads out of the folder; refused"):
        verify_manifest(laid_out)


def test_a_kind_without_words_replaces_itself_only(tmp_path):
    folder = written(tmp_path / "out", "npz")
    assert obstacle(folder, "npz") is None
    assert (
        obstacle(folder, "probe") == "holds a folder of the kind 'npz', and a probe takes the place of another one only"
    )
