import pytest

from kerasbert import UnsafeArtifactError
from kerasbert._core.links import check_inside, stays_inside


def hub(home):
    """Hugging Face's cache: a snapshot of links into the blobs of its repository."""
    folder = home / "models--me--it" / "snapshots" / "abc"
    (folder / "assets").mkdir(parents=True)
    (home / "models--me--it" / "blobs").mkdir()
    (home / "models--me--it" / "blobs" / "0a").write_text("x")
    (folder / "file").symlink_to("../../blobs/0a")
    (folder / "assets" / "inner").symlink_to("../../../blobs/0a")
    return folder, ["file", "assets/inner"]


def volume(home):
    """A projected volume of Kubernetes."""
    folder = home / "volume"
    (folder / "..2026_01" / "assets").mkdir(parents=True)
    (folder / "..data").symlink_to("..2026_01")
    (folder / "..2026_01" / "file").write_text("x")
    (folder / "..2026_01" / "assets" / "inner").write_text("x")
    (folder / "file").symlink_to("..data/file")
    (folder / "assets").symlink_to("..data/assets")
    return folder, ["file", "assets/inner"]


def dvc(home):
    """A folder that DVC tracks and links to its cache."""
    stored = home / "project" / ".dvc" / "cache" / "files" / "md5" / "0a" / ("b" * 30)
    stored.parent.mkdir(parents=True)
    stored.write_text("x")
    folder = home / "project" / "models" / "m"
    folder.mkdir(parents=True)
    (folder / "file").symlink_to(stored)
    return folder, ["file"]


@pytest.mark.parametrize("layout", [hub, volume, dvc])
def test_the_links_of_a_store_are_followed(layout, tmp_path):
    folder, names = layout(tmp_path)
    assert all(stays_inside(folder, folder / name) for name in names)


def other_repository(home):
    folder, _ = hub(home)
    (home / "models--you--it" / "blobs").mkdir(parents=True)
    (home / "models--you--it" / "blobs" / "0a").write_text("x")
    (folder / "link").symlink_to("../../../models--you--it/blobs/0a")
    return folder


def beside(home):
    (home / "m").mkdir()
    (home / "secret").write_text("x")
    (home / "m" / "link").symlink_to("../secret")
    return home / "m"


def into_dvc_but_no_content(home):
    folder, _ = dvc(home)
    (home / "project" / ".dvc" / "cache" / "config").write_text("x")
    (folder / "link").symlink_to(home / "project" / ".dvc" / "cache" / "config")
    return folder


def circle(home):
    (home / "m").mkdir()
    (home / "m" / "link").symlink_to("link")
    return home / "m"


def test_a_link_in_a_circle_is_a_file_that_is_missing(tmp_path):
    folder = circle(tmp_path)
    with pytest.raises(UnsafeArtifactError, match="link' is missing: it is a link that goes in a circle"):
        check_inside(folder, folder / "link")


@pytest.mark.parametrize("layout", [other_repository, beside, into_dvc_but_no_content])
def test_a_link_out_of_the_tree_is_refused(layout, tmp_path):
    folder = layout(tmp_path)
    with pytest.raises(
        UnsafeArtifactError, match="link' is a link that leads out of the folder; refused.*copy what it"
    ):
        check_inside(folder, folder / "link")
