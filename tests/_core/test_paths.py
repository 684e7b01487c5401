import os

import pytest

from kerasbert import ArtifactError, ConfigError, DataError, UnsafeArtifactError
from kerasbert._core.paths import check_inside, local_output, local_path, stays_inside

ADDRESSES = {
    "gs://b/m": "gcloud storage cp --recursive {}",
    "s3://b/m": "aws s3 cp --recursive {}",
    "S3://b/m": "aws s3 cp --recursive {}",
    "hdfs://node/m": "hdfs dfs -cp {}",
    "abfs://c@account/m": "azcopy copy --recursive {}",
}


@pytest.mark.parametrize(("address", "command"), ADDRESSES.items(), ids=ADDRESSES)
def test_an_address_is_refused_with_the_command_that_copies(address, command):
    with pytest.raises(ArtifactError, match=r"is no local path.*then copy it: " + command.format("FOLDER")):
        local_output(address)
    with pytest.raises(ConfigError, match=r"is no local path.*Copy it to this machine first: " + command.format("")):
        local_path(address)


@pytest.mark.parametrize("spelling", ["gs:/b/m", "gs:///b/m"], ids=["as Path makes it", "three slashes"])
def test_other_numbers_of_slashes_are_no_way_round(spelling):
    with pytest.raises(ArtifactError, match="is no local path"):
        local_output(spelling)


@pytest.mark.parametrize(
    ("address", "way"),
    [
        ("file:///data/m", "give the local path without file://, such as '/data/m'"),
        ("hf://google/bert", "Give the name as the hub has it, 'google/bert'"),
        ("http://host/m", "with the storage's own program"),
    ],
    ids=["file", "hub", "web"],
)
def test_other_schemes_name_their_own_way(address, way):
    with pytest.raises(DataError, match=way):
        local_path(address, error=DataError)


@pytest.mark.parametrize("path", ["a:b", "12:30/x", "./gs_/m", "C:/models/m", "a b:/c"])
def test_local_paths_are_taken(path):
    assert local_path(path).as_posix() == path.removeprefix("./")


def test_a_nul_character_is_refused():
    with pytest.raises(ConfigError, match="must hold no NUL character"):
        local_path("a\0b")


@pytest.mark.parametrize("root", ["/", "//", "/.."])
def test_the_root_is_no_output(root):
    with pytest.raises(ArtifactError, match="must be a folder of its own"):
        local_output(root)


def test_a_link_is_followed_and_one_to_nowhere_refused(tmp_path):
    (tmp_path / "v3").mkdir()
    (tmp_path / "current").symlink_to("v3")
    (tmp_path / "lost").symlink_to("v9")
    assert local_output(tmp_path / "current") == tmp_path / "v3"
    with pytest.raises(ArtifactError, match="is a link to .*v9', which is not there; remove the link"):
        local_output(tmp_path / "lost")


def test_the_parent_is_named_by_its_own_name(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert local_output(tmp_path / "a" / "b" / os.pardir) == tmp_path / "a"


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
