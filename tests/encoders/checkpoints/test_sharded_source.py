import pytest

from kerasbert import CheckpointError, UnsafeArtifactError
from kerasbert.encoders.checkpoints.safetensors_source import SafetensorsSource
from kerasbert.encoders.checkpoints.sharded_source import ShardedSource, checked_member

from ..reference import random_tensors, toy_config
from .formats import sharded

TENSORS = random_tensors(toy_config(num_hidden_layers=1))


def test_reads_across_shards(tmp_path):
    sharded(TENSORS, tmp_path)
    source = ShardedSource(tmp_path / "model.safetensors.index.json", SafetensorsSource)
    assert sorted(source.names()) == sorted(TENSORS)
    assert all(source.shape(name) == value.shape for name, value in TENSORS.items())
    assert all((source.read(name) == value).all() for name, value in TENSORS.items())


def test_link_within_the_folder_is_followed(tmp_path):
    (tmp_path / "real").touch()
    (tmp_path / "link").symlink_to("real")
    assert checked_member(tmp_path, "link") == tmp_path / "link"


def test_blobs_of_another_repository_are_outside(tmp_path):
    snapshot, other = tmp_path / "models--a--b" / "snapshots" / "abc", tmp_path / "models--c--d" / "blobs"
    snapshot.mkdir(parents=True)
    other.mkdir(parents=True)
    (other / "1").touch()
    (snapshot / "config.json").symlink_to("../../../models--c--d/blobs/1")
    with pytest.raises(UnsafeArtifactError, match="is a link that leads out of the folder; refused"):
        checked_member(snapshot, "config.json")


@pytest.mark.parametrize("name", ["nothing", "nul\0byte"])
def test_missing_file(tmp_path, name):
    with pytest.raises(CheckpointError, match="is missing; copy the folder again"):
        checked_member(tmp_path, name)
