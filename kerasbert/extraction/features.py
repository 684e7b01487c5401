"""The vectors of n texts by layer and pooling."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.display import brief_repr
from kerasbert._core.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class ExtractedFeatures:
    """The vectors of n texts; `features[layer, pooling]` gives one array (n, hidden).

    Args:
        layers: hidden states that were read, counted from the embeddings.
        poolings: names of the poolings.
        num_texts: n.
        num_truncated: texts that were cut at the longest length.
        num_hidden_layers: blocks of the encoder, so that negative layers count from its end.
        path: the folder or file that holds them; None: memory.
        load: gives the array of a (layer, pooling) pair.

    Example:
        >>> features = ExtractedFeatures((0, 1), ("mean",), 2, 0, 1, None, lambda cell: np.full((2, 3), cell[0]))
        >>> features[-1, "mean"].tolist()
        [[1, 1, 1], [1, 1, 1]]
    """

    layers: tuple[int, ...]
    poolings: tuple[str, ...]
    num_texts: int
    num_truncated: int
    num_hidden_layers: int
    path: Path | None
    load: Callable[[tuple[int, str]], np.ndarray] = dataclasses.field(repr=False)

    __repr__ = brief_repr

    def __getitem__(self, cell: tuple[int, str]) -> np.ndarray:
        layer, pooling = cell
        resolved = layer if layer >= 0 else self.num_hidden_layers + 1 + layer
        if resolved not in self.layers or pooling not in self.poolings:
            raise ConfigError(
                f"`features[layer, pooling]` must be among layers {list(self.layers)} and poolings "
                f"{list(self.poolings)}; got {shorten(cell)}."
            )
        return self.load((resolved, pooling))

    def __len__(self) -> int:
        return self.num_texts
