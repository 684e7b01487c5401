"""Settings that the `tokenizer_config.json` of a folder gives, with our defaults: the longest text, and special tokens."""

import os
import warnings
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError, KerasbertWarning
from kerasbert._core.json_files import read_json_object
from kerasbert._core.names import CONFIG_FILE
from kerasbert._core.names import DEFAULT_MAX_LENGTH as DEFAULT_MAX_LENGTH
from kerasbert._core.sentence_folders import read_sentence_folder
from kerasbert.tokenization.added_tokens import SETTINGS_FILE
from kerasbert.tokenization.tokenizer_files import read_settings, said_of_special_tokens

MINIMUM_MAX_LENGTH = 3


def longest_text(folder: str | os.PathLike[str], usual: int) -> int:
    """The `model_max_length` that the `tokenizer_config.json` of a folder gives, or `usual` where it gives none."""
    return longest_of(folder, read_settings(Path(folder)), usual)


def usual_length(folder: str | os.PathLike[str], settings: dict[str, Any]) -> int:
    """The longest text where none is asked for: what a folder of sentence-transformers says, else 128 tokens.

    It is less where tokenizer (`settings`) or encoder have no room for as many.
    """
    positions, said = _positions(Path(folder)), read_sentence_folder(folder).max_length
    if said is not None:
        return min(said, *positions)
    return min(DEFAULT_MAX_LENGTH, longest_of(folder, settings, DEFAULT_MAX_LENGTH), *positions)


def _positions(folder: Path) -> list[int]:
    """The positions of the encoder in a folder, as `BertConfig.max_length` counts them; empty where it holds none."""
    for file in (folder / CONFIG_FILE, folder / "bert_config.json"):
        if file.is_file():
            values = read_json_object(file)
            values = {**values, **values["encoder"]} if isinstance(values.get("encoder"), dict) else values
            positions, padding = values.get("max_position_embeddings"), values.get("pad_token_id", 1)
            if isinstance(positions, int) and isinstance(padding, int):
                usable = positions - (padding + 1 if values.get("model_type") == "roberta" else 0)
                return [usable] if usable >= MINIMUM_MAX_LENGTH else []
    return []


def splits_special_tokens(folder: str | os.PathLike[str]) -> bool:
    """The `split_special_tokens` that the `tokenizer_config.json` of a folder gives, or True where it gives none."""
    return said_of_special_tokens(Path(folder), read_settings(Path(folder))) is not False


def warn_of_cut_side(folder: str | os.PathLike[str], settings: dict[str, Any]) -> None:
    """Warn where the settings cut texts at their beginning, which is not followed."""
    if settings.get("truncation_side") == "left":
        warnings.warn(
            f"{str(Path(folder) / SETTINGS_FILE)!r}: `truncation_side` is 'left', and texts over `max_length` lose their end "
            f"here, not their beginning. Cut long texts yourself, or take long_texts='head_tail' or 'windows'.",
            KerasbertWarning,
            stacklevel=3,
        )


def longest_of(folder: str | os.PathLike[str], settings: dict[str, Any], usual: int) -> int:
    """As `longest_text`, of settings that were read."""
    longest = settings.get("model_max_length")
    if not isinstance(longest, int) or isinstance(longest, bool):
        return usual
    if longest < MINIMUM_MAX_LENGTH:
        raise ConfigError(
            f"{str(Path(folder) / SETTINGS_FILE)!r}: `model_max_length` must be at least {MINIMUM_MAX_LENGTH}; got "
            f"{shorten(longest)}. Pass max_length to choose one."
        )
    return longest
