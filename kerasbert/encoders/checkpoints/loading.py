"""From a folder to an encoder with its weights: config and tensor table are compared before anything is allocated."""

import glob
import os
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from kerasbert._core.checks import shorten
from kerasbert._core.encoder_folders import (
    ADAPTER_FILE,
    NO_OPTIONS,
    HubOptions,
    explain_adapter,
    explain_folder,
    resolve_encoder,
)
from kerasbert._core.errors import CheckpointError, ConfigError
from kerasbert._core.json_files import read_json_object
from kerasbert._core.locks import read_locked
from kerasbert._core.names import CONFIG_FILE, SAFETENSORS_FILE, VOCABULARY_FILE
from kerasbert._core.sentence_folders import read_sentence_folder
from kerasbert.encoders.checkpoints.filling import compare, load_weights, wants_pooler
from kerasbert.encoders.checkpoints.h5_source import H5Source
from kerasbert.encoders.checkpoints.safetensors_source import SafetensorsSource
from kerasbert.encoders.checkpoints.saving import ARCHITECTURES
from kerasbert.encoders.checkpoints.sharded_source import ShardedSource, checked_member
from kerasbert.encoders.checkpoints.source import TensorSource
from kerasbert.encoders.checkpoints.tf_checkpoint_source import TFCheckpointSource
from kerasbert.encoders.checkpoints.torch_source import open_torch_file
from kerasbert.encoders.config import BertConfig, as_config, family_values, without_silent_wish
from kerasbert.encoders.encoder import Encoder, cut_layers
from kerasbert.encoders.weight_table import weight_table
from kerasbert.tokenization.added_tokens import STANDARD_TOKENS, declared_ids

Family = TypeVar("Family", bound=Encoder)

ORIGINAL_CONFIG_FILE = "bert_config.json"
OPENERS: dict[str, Callable[[Path], TensorSource]] = {
    SAFETENSORS_FILE: SafetensorsSource,
    f"{SAFETENSORS_FILE}.index.json": lambda index: ShardedSource(index, SafetensorsSource),
    "tf_model.h5": H5Source,
}
# Pickles, which need PyTorch to be opened.
LAST_OPENERS: dict[str, Callable[[Path], TensorSource]] = {
    "pytorch_model.bin": open_torch_file,
    "pytorch_model.bin.index.json": lambda index: ShardedSource(index, open_torch_file),
}


def read_config(folder: Path, default_model_type: str = "bert") -> BertConfig:
    """Read the config of a checkpoint folder, `config.json` or the original `bert_config.json`.

    Args:
        folder: of the checkpoint.
        default_model_type: the family where the file names none, as old files do.
    """
    if (folder / ADAPTER_FILE).is_file():
        raise ConfigError(explain_adapter(folder))
    for name in (CONFIG_FILE, ORIGINAL_CONFIG_FILE):
        if (folder / name).exists():
            values = family_values(read_json_object(checked_member(folder, name)), folder / name)
            return BertConfig.from_dict({"model_type": default_model_type, **without_silent_wish(values)})
    known = explain_folder(folder)
    raise ConfigError(known or f"{str(folder)!r} holds no {CONFIG_FILE}; give the folder of a checkpoint.")


def open_checkpoint(folder: Path) -> TensorSource:
    """Open the weights of a folder in the safest format that it holds; no tensor is read yet.

    Tried in this order: safetensors, sharded safetensors, `tf_model.h5`, `bert_model.ckpt`, `pytorch_model.bin` and its
    shards.

    Raises:
        CheckpointError: when there are none, or they are malformed.
        UnsafeArtifactError: when a file leads out of the folder or would run code.
    """
    for name, opener in OPENERS.items():
        # A link to nowhere counts as there, so that it is named.
        if os.path.lexists(folder / name):
            return opener(checked_member(folder, name))
    index = _original_index(folder)
    if index is not None:
        return TFCheckpointSource(index.with_suffix(""))
    for name, opener in LAST_OPENERS.items():
        if os.path.lexists(folder / name):
            return opener(checked_member(folder, name))
    listed = ", ".join((*OPENERS, "bert_model.ckpt.index", *LAST_OPENERS))
    known = explain_folder(folder)
    raise CheckpointError(f"{str(folder)!r} holds no weights: none of {listed}.{f' {known}' if known else ''}")


def _original_index(folder: Path) -> Path | None:
    found = sorted(folder.glob("*.index"))
    preferred = [file for file in found if file.name == "bert_model.ckpt.index"] or found
    if len(preferred) > 1:
        raise CheckpointError(
            f"{str(folder)!r} holds {len(preferred)} checkpoints ({shorten([file.name for file in preferred])}); keep one."
        )
    for index in preferred:
        for file in (index, *folder.glob(f"{glob.escape(index.stem)}.data-*")):
            checked_member(folder, file.name)
    return preferred[0] if preferred else None


def from_pretrained(
    encoder_class: type[Family], name_or_folder: str | os.PathLike[str], hub: HubOptions = NO_OPTIONS, **options: Any
) -> Family:
    """Load an encoder; see `PretrainedEncoder.from_pretrained`."""
    folder = resolve_encoder(name_or_folder, hub)
    return read_locked(folder, lambda: _from_folder(encoder_class, folder, **options))


def _from_folder(
    encoder_class: type[Family],
    folder: Path,
    *,
    num_hidden_layers: int | None = None,
    add_pooling_layer: bool | None = None,
    config: Any = None,
    changes: Mapping[str, Any] | None = None,
    allow_nonfinite: bool = False,
    **kwargs: Any,
) -> Family:
    config = read_config(folder, encoder_class.model_type) if config is None else as_config(config)
    config = config.replace(**(changes or {}))
    if config.model_type != encoder_class.model_type:
        right = f"TF{ARCHITECTURES[config.model_type]}"
        raise ConfigError(f"{str(folder)!r} holds a {config.model_type} checkpoint; load it with {right}.")
    source = open_checkpoint(folder)
    _check_vocabulary(folder, config, source)
    pooler = wants_pooler(source, add_pooling_layer)
    if num_hidden_layers is not None:
        config = cut_layers(config, num_hidden_layers)
    # Before the encoder is built, so that a wrong config cannot make it allocate.
    compare(source, weight_table(config, pooler))
    encoder = encoder_class(config, add_pooling_layer=pooler, **kwargs)
    load_weights(encoder, source, allow_nonfinite=allow_nonfinite)
    encoder.said_by_folder = read_sentence_folder(folder)
    return encoder


def _check_vocabulary(folder: Path, config: BertConfig, source: TensorSource) -> None:
    name = "embeddings.word_embeddings.weight"
    rows = (*source.shape(name), 0)[0] if name in source.names() else config.vocab_size
    file = folder / VOCABULARY_FILE
    lines = _count_lines(file) if file.is_file() else None
    added = declared_ids(folder, STANDARD_TOKENS)
    largest = max(added, key=added.__getitem__, default="")
    tokens = max(lines or 0, added[largest] + 1 if added else 0)
    if rows != config.vocab_size or tokens > rows:
        counted = "no vocab.txt" if lines is None else f"{lines} lines in vocab.txt"
        counted += f", the added token {shorten(largest)} with id {added[largest]}" if added else ""
        raise ConfigError(
            f"{str(folder)!r}: vocabulary and embeddings disagree: {counted}, vocab_size {config.vocab_size} in "
            f"{CONFIG_FILE}, {rows} rows in the embedding table."
        )
    if lines is not None and tokens < rows:
        counted = f"{lines} lines" + (f" and {len(added)} added tokens" if added else "")
        warnings.warn(f"{str(file)!r} has {counted} for {rows} embedding rows; the last rows are unused.", stacklevel=8)


def _count_lines(file: Path) -> int:
    with open(file, "rb") as stream:
        return sum(1 for _ in stream)
