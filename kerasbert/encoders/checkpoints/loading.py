"""From a folder to an encoder with its weights: config and tensor table are compared before anything is allocated."""

import os
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.errors import CheckpointError, ConfigError
from kerasbert._core.names import CONFIG_FILE, SAFETENSORS_FILE, VOCABULARY_FILE
from kerasbert._core.resolve import resolve_encoder
from kerasbert._core.strict_json import read_json_object
from kerasbert.encoders.checkpoints.h5_source import H5Source
from kerasbert.encoders.checkpoints.live import variables_by_path
from kerasbert.encoders.checkpoints.safetensors_source import SafetensorsSource
from kerasbert.encoders.checkpoints.sharded_source import ShardedSource, checked_member
from kerasbert.encoders.checkpoints.source import TensorSource
from kerasbert.encoders.checkpoints.tf_checkpoint_source import TFCheckpointSource
from kerasbert.encoders.checkpoints.torch_source import open_torch_file
from kerasbert.encoders.config import BertConfig
from kerasbert.encoders.encoder import Encoder, cut_layers
from kerasbert.encoders.families import ENCODERS
from kerasbert.encoders.weight_table import Weight, weight_table

ORIGINAL_CONFIG_FILE = "bert_config.json"
# In a message, after this many rows the rest is counted.
MOST_ROWS = 12


def read_config(folder: Path) -> BertConfig:
    """The config of a checkpoint folder, `config.json` or the original `bert_config.json`.

    Raises:
        ConfigError: when it is missing or malformed, or a value is out of its range.
    """
    for name in (CONFIG_FILE, ORIGINAL_CONFIG_FILE):
        if (folder / name).is_file():
            return BertConfig.from_dict(read_json_object(folder / name))
    raise ConfigError(f"{str(folder)!r} holds no {CONFIG_FILE}; give the folder of a checkpoint.")


def open_checkpoint(folder: Path) -> TensorSource:
    """Open the weights of a folder in the safest format that it holds.

    Tried in this order: safetensors, sharded safetensors, `tf_model.h5`, `bert_model.ckpt`, `pytorch_model.bin` and its
    shards.

    Raises:
        CheckpointError: when there are none, or they are malformed.
    """
    checkpoints = sorted(folder.glob("*.ckpt*.index"))
    if (folder / SAFETENSORS_FILE).exists():
        return SafetensorsSource(checked_member(folder, SAFETENSORS_FILE))
    if (folder / f"{SAFETENSORS_FILE}.index.json").exists():
        return ShardedSource(folder / f"{SAFETENSORS_FILE}.index.json", SafetensorsSource)
    if (folder / "tf_model.h5").exists():
        return H5Source(checked_member(folder, "tf_model.h5"))
    if checkpoints:
        return TFCheckpointSource(checkpoints[0].with_suffix(""))
    if (folder / "pytorch_model.bin").exists():
        return open_torch_file(checked_member(folder, "pytorch_model.bin"))
    if (folder / "pytorch_model.bin.index.json").exists():
        return ShardedSource(folder / "pytorch_model.bin.index.json", open_torch_file)
    raise CheckpointError(
        f"{str(folder)!r} holds no weights: none of {SAFETENSORS_FILE}, tf_model.h5, bert_model.ckpt.index, "
        f"pytorch_model.bin."
    )


def load_encoder(name_or_folder: str | os.PathLike[str], **form: Any) -> Encoder:
    """Load an encoder of the family that its config names.

    Args:
        name_or_folder: see `from_pretrained`.
        **form: other arguments of `from_pretrained`.

    Returns:
        A `TFBertModel` or one of its relatives.

    Raises:
        ConfigError: as `from_pretrained`.
        CheckpointError: as `from_pretrained`.
    """
    folder = resolve_encoder(name_or_folder)
    return from_pretrained(ENCODERS[read_config(folder).model_type], folder, **form)


def from_pretrained(
    encoder_class: type[Encoder],
    name_or_folder: str | os.PathLike[str],
    *,
    num_hidden_layers: int | None = None,
    add_pooling_layer: bool | None = None,
    allow_nonfinite: bool = False,
    **kwargs: Any,
) -> Encoder:
    """Load an encoder; see `Encoder.from_pretrained`."""
    folder = resolve_encoder(name_or_folder)
    config = read_config(folder)
    if config.model_type != encoder_class.model_type:
        right = ENCODERS[config.model_type].__name__
        raise ConfigError(f"{str(folder)!r} holds a {config.model_type} checkpoint; load it with {right}.")
    source = open_checkpoint(folder)
    _check_vocabulary(folder, config, source)
    has_pooler = "pooler.dense.weight" in source.names()
    pooler = has_pooler if add_pooling_layer is None else add_pooling_layer and has_pooler
    if num_hidden_layers is not None:
        config = cut_layers(config, num_hidden_layers)
    # Before the encoder is built, so that a wrong config cannot make it allocate.
    _compare(source, weight_table(config, pooler))
    encoder = encoder_class(config, add_pooling_layer=pooler, **kwargs)
    load_weights(encoder, source, allow_nonfinite=allow_nonfinite)
    return encoder


def load_weights(encoder: Encoder, source: TensorSource, *, allow_nonfinite: bool = False) -> None:
    """Fill an encoder from a source of tensors.

    Args:
        encoder: filled; unchanged when names or shapes do not fit.
        source: the tensors; those of upper layers and of heads are left alone.
        allow_nonfinite: whether NaN and infinity are let through.

    Raises:
        CheckpointError: when tensors are missing, of another shape, or not finite; the message lists all of them.
    """
    table = weight_table(encoder.config, encoder.pooler is not None)
    _compare(source, table)
    variables = variables_by_path(encoder)
    for weight in table:
        value = weight.join([source.read(name) for name in weight.names])
        if not allow_nonfinite and not np.isfinite(value).all():
            raise CheckpointError(
                f"{source.origin}: {', '.join(weight.names)} holds NaN or infinity; the training that wrote it diverged. "
                f"Pass allow_nonfinite=True to load it all the same."
            )
        variables[weight.path].assign(value)


def _compare(source: TensorSource, table: list[Weight]) -> None:
    present = set(source.names())
    wanted = {name: weight.shape for weight in table for name in weight.names}
    problems = [f"missing      {name} {shape}" for name, shape in wanted.items() if name not in present]
    nothing_fits = len(problems) == len(wanted)
    for name, shape in wanted.items():
        if name in present and tuple(source.shape(name)) != shape:
            problems.append(f"wrong shape  {name}: expected {shape}, got {tuple(source.shape(name))}")
    if not problems:
        return
    unexpected = sorted(name for name in present - set(wanted) if re.match(r"(embeddings|encoder|transformer)\.", name))
    rows = problems + [f"unexpected   {name}" for name in unexpected]
    listed = "\n  ".join(rows[:MOST_ROWS]) + (f"\n  and {len(rows) - MOST_ROWS} more" if len(rows) > MOST_ROWS else "")
    lead = "none of its tensors is one of this encoder's" if nothing_fits else "its tensors do not fit the config"
    raise CheckpointError(f"{source.origin}: {lead}; is it another model's?\n  {listed}")


def _check_vocabulary(folder: Path, config: BertConfig, source: TensorSource) -> None:
    name = "embeddings.word_embeddings.weight"
    rows = source.shape(name)[0] if name in source.names() else config.vocab_size
    file = folder / VOCABULARY_FILE
    lines = _count_lines(file) if file.is_file() else None
    if rows != config.vocab_size or (lines is not None and lines > rows):
        counted = "no vocab.txt" if lines is None else f"{lines} lines in vocab.txt"
        raise ConfigError(
            f"{str(folder)!r}: vocabulary and embeddings disagree: {counted}, vocab_size {config.vocab_size} in "
            f"{CONFIG_FILE}, {rows} rows in the embedding table."
        )
    if lines is not None and lines < rows:
        warnings.warn(
            f"{str(file)!r} has {lines} lines for {rows} embedding rows; the last rows are unused.", stacklevel=4
        )


def _count_lines(file: Path) -> int:
    with open(file, "rb") as stream:
        content = stream.read()
    return content.count(b"\n") + (not content.endswith(b"\n"))
