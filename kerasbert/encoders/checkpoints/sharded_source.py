"""Reader of a checkpoint in several files, listed in an index."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import CheckpointError, ConfigError
from kerasbert._core.files import checked_member as checked_member
from kerasbert._core.json_files import read_json_object
from kerasbert.encoders.checkpoints.source import TensorSource, clean_name, unique_names

MOST_SHARDS = 1_000


class ShardedSource(TensorSource):
    """Tensors of several files, listed by an `*.index.json`.

    Raises:
        CheckpointError: when the index is malformed, or a shard or a tensor is missing or in two places.
        UnsafeArtifactError: when a shard is outside the folder.
    """

    def __init__(self, index: Path, open_shard: Callable[[Path], TensorSource]) -> None:
        super().__init__(repr(str(index)))
        weight_map, total_size = _read_index(index)
        files = {name: checked_member(index.parent, name) for name in sorted(set(weight_map.values()))}
        _check_total_size(index, total_size, list(files.values()))
        shards = {name: open_shard(file) for name, file in files.items()}
        places: dict[str, str] = {}
        for name, shard in shards.items():
            for tensor in shard.names():
                if tensor in places:
                    raise CheckpointError(f"{self.origin}: {tensor} is in two shards, {places[tensor]} and {name}.")
                places[tensor] = name
        listed = unique_names(((clean_name(name), shard) for name, shard in weight_map.items()), self.origin)
        missing = [f"{name} in {shard}" for name, shard in listed.items() if places.get(name) != shard]
        if missing:
            raise CheckpointError(f"{self.origin} lists what is not there: {shorten(missing)}; copy the folder again.")
        self.by_name: dict[str, TensorSource] = {name: shards[shard] for name, shard in listed.items()}

    def shape(self, name: str) -> tuple[int, ...]:
        return self.by_name[name].shape(name)

    def read(self, name: str) -> np.ndarray:
        return self.by_name[name].read(name)


def _read_index(index: Path) -> tuple[dict[str, str], Any]:
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
    metadata = content.get("metadata") or {}
    return weight_map, metadata.get("total_size") if isinstance(metadata, dict) else -1


def _check_total_size(index: Path, total_size: Any, files: list[Path]) -> None:
    if total_size is None:
        return
    stored = sum(file.stat().st_size for file in files)
    # Some writers put a whole number as a float.
    whole = isinstance(total_size, (int, float)) and not isinstance(total_size, bool) and total_size == total_size // 1
    if not whole or not 0 <= total_size <= stored:
        raise CheckpointError(
            f"{str(index)!r}: `total_size` must be a whole number from 0 to {stored}, the bytes of the shards; got "
            f"{shorten(total_size)}."
        )
