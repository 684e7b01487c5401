import os

import pytest

from kerasbert import ArtifactError, ConfigError, DataError
from kerasbert._core.locations import local_output, local_path

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
