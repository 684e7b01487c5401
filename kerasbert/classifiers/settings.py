"""The one place of a model option: its name, type, default and explanation."""

import dataclasses
import os
from collections.abc import Sequence

from kerasbert._core.names import DEFAULT_ENCODER
from kerasbert.tokenization.long_texts import LONG_TEXTS, MAX_WINDOWS_PER_BATCH

# Names of the layers in `classifiers/pooling.py` and `classifiers/combining.py`, told before Keras is loaded.
POOLING_NAMES = ("attention", "cls", "last", "max", "mean", "multihead_attention", "pooler")
# Poolings that have no weights and read hidden states.
FROZEN_POOLINGS = ("cls", "last", "max", "mean")
WINDOW_POOLINGS = ("attention", "max", "mean")
PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")
COMBINATIONS = ("attention", "concat", "max", "mean", "weighted")


@dataclasses.dataclass(kw_only=True)
class ModelSettings:
    """How the model is built, and how it reads texts.

    Args:
        encoder: name or folder of a checkpoint.
        layers: hidden states to read, 0 for the embeddings, -1 for the last block; see `build_multiclass`. None: the last.
        combine: how several layers become one: `"concat"`, `"mean"`, `"max"`, `"weighted"` or `"attention"`; see
            `build_multiclass`.
        combine_before_pooling: whether layers are combined token by token and pooled once.
        layerwise: whether each layer gets a classifier of its own and they vote, see `build_layerwise`; `layers` are then
            the voters, None for the output of every block.
        pooling: what makes one vector of the tokens: {poolings}; see `build_multiclass`; in Python also a layer. None: what a
            folder of sentence-transformers says, else `"mean"`.
        hidden_units: widths of hidden layers in the head. Empty for none.
        hidden_activation: activation of the hidden layers in the head, a Keras name.
        dropout: dropout rate in the head, in [0, 1); with 0 the encoder has none either.
        max_length: longest text in tokens; longer ones are cut and counted. None: what a folder of sentence-transformers
            says, else 128.
        long_texts: what becomes of longer texts: `"truncate"`, `"head_tail"` or `"windows"` (overlapping, all read); see
            `LongTexts`.
        prompt: text put in front of each text, of a pair in front of the first, or the name of a prompt of a folder of
            sentence-transformers; an empty one puts nothing. None: the folder's default prompt, if any.
        window_overlap: tokens that neighbouring windows share, >= 0. None: a quarter of a window.
        window_pooling: what reads the vectors of a text's windows: `"mean"`, `"max"` or `"attention"`.
        max_windows_per_batch: most windows in a batch, >= 1, which bounds memory.
        precision: Keras dtype policy: `"float32"`, `"mixed_bfloat16"` or `"mixed_float16"`.
    """

    encoder: str | os.PathLike[str] = DEFAULT_ENCODER
    layers: int | Sequence[int] | None = dataclasses.field(default=None, metadata={"example": "-4,-3,-2,-1"})
    combine: str = dataclasses.field(default="concat", metadata={"choices": COMBINATIONS})
    combine_before_pooling: bool = False
    layerwise: bool = False
    pooling: str | object | None = dataclasses.field(default=None, metadata={"choices": POOLING_NAMES})
    hidden_units: Sequence[int] = dataclasses.field(default=(), metadata={"example": "256,128"})
    hidden_activation: str = "relu"
    dropout: float = 0.1
    max_length: int | None = None
    long_texts: str = dataclasses.field(default="truncate", metadata={"choices": LONG_TEXTS})
    prompt: str | None = None
    window_overlap: int | None = None
    window_pooling: str = dataclasses.field(default="mean", metadata={"choices": WINDOW_POOLINGS})
    max_windows_per_batch: int = MAX_WINDOWS_PER_BATCH
    precision: str = dataclasses.field(default="float32", metadata={"choices": PRECISIONS})


ModelSettings.__doc__ = (ModelSettings.__doc__ or "").replace(
    "{poolings}", ", ".join(f'`"{name}"`' for name in POOLING_NAMES)
)
