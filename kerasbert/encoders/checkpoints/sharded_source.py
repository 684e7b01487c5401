"""Reader of a checkpoint in several files, listed in an index."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import CheckpointError, ConfigError, UnsafeArtifactError
from kerasbert._core.strict_json import read_json_object
from kerasbert.encoders.checkpoints.source import TensorSource, clean_name

MOST_SHARDS = 1_000


class ShardedSource(TensorSource):
    """Tensors of several files.

    Args:
        index: path of the `*.index.json`.
        open_shard: opens one file.

    Raises:
        CheckpointError: when the index is malformed, or a shard or a tensor is missing or in two places.
        UnsafeArtifactError: when a shard is outside the folder.
    """

    def __init__(self, index: Path, open_shard: Callable[[Path], TensorSource]) -> None:
        super().__init__(repr(str(index)))
        weight_map = _read_index(index)
        files = {name: checked_member(index.parent, name) for name in sorted(set(weight_map.values()))}
        shards = {name: open_shard(file) for name, file in files.items()}
        self.shard_of: dict[str, TensorSource] = {}
        for name, shard in shards.items():
            for tensor in shard.names():
                if tensor in self.shard_of:
                    raise CheckpointError(f"{self.origin}: {tensor} is in two shards, {name} is the second.")
                self.shard_of[tensor] = shard
        missing = [name for name in weight_map if clean_name(name) not in self.shard_of]
        if missing:
            raise CheckpointError(f"{self.origin}: {shorten(missing)} are listed but in no shard; copy it again.")

    def names(self) -> Sequence[str]:
        return list(self.shard_of)

    def shape(self, name: str) -> tuple[int, ...]:
        return self.shard_of[name].shape(name)

    def read(self, name: str) -> np.ndarray:
        return self.shard_of[name].read(name)


def checked_member(folder: Path, name: str) -> Path:
    """A file of a folder, if its name stays inside.

    A link is followed only where Hugging Face's cache puts it: from `snapshots/HASH/` into `blobs/` of the same
    repository.

    Raises:
        UnsafeArtifactError: when the name or the link leads out.
        CheckpointError: when there is no such file.
    """
    if Path(name).name != name or name in ("", ".", "..") or "\\" in name:
        raise UnsafeArtifactError(
            f"{str(folder)!r}: {shorten(name)} must be a bare file name; it leads out of the folder."
        )
    file = folder / name
    if file.is_symlink():
        target, inside = file.resolve(), folder.resolve()
        blobs = inside.parent.parent / "blobs"
        if target.parent != inside and not (inside.parent.name == "snapshots" and target.parent == blobs):
            raise UnsafeArtifactError(f"{str(file)!r} is a link that leads out of the folder; refused.")
    if not file.is_file():
        raise CheckpointError(f"{str(file)!r} is missing; copy the folder again.")
    return file


def _read_index(index: Path) -> dict[str, str]:
    try:
        content = read_json_object(index)
    except ConfigError as error:
        raise CheckpointError(str(error)) from error
    weight_map = content.get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map or not all(isinstance(v, str) for v in weight_map.values()):
        raise CheckpointError(f"{str(index)!r}: `weight_map` must be an object of tensor name -> file name.")
    if len(set(weight_map.values())) > MOST_SHARDS:
        raise CheckpointError(
            f"{str(index)!r}: at most {MOST_SHARDS} shards are read; got {len(set(weight_map.values()))}."
        )
    metadata = content.get("metadata", {})
    total = metadata.get("total_size", 0) if isinstance(metadata, dict) else None
    if not isinstance(total, (int, float)) or isinstance(total, bool) or total < 0:
        raise CheckpointError(f"{str(index)!r}: `total_size` must be a number >= 0; got {shorten(total)}.")
    return weight_map
