"""Settings that the `tokenizer_config.json` of a folder gives, with our defaults: the longest text, and special tokens."""

import os
import warnings
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError, KerasbertWarning
from kerasbert.tokenization.added_tokens import SETTINGS_FILE
from kerasbert.tokenization.tokenizer_files import read_settings, said_of_special_tokens

# Most short texts fit, and attention costs the square of it; a longer text is cut and counted in `num_truncated`.
DEFAULT_MAX_LENGTH = 128
MINIMUM_MAX_LENGTH = 3


def longest_text(folder: str | os.PathLike[str], usual: int) -> int:
    """The `model_max_length` that the `tokenizer_config.json` of a folder gives, or `usual` where it gives none."""
    return longest_of(folder, read_settings(Path(folder)), usual)


def splits_special_tokens(folder: str | os.PathLike[str]) -> bool:
    """The `split_special_tokens` that the `tokenizer_config.json` of a folder gives, or True where it gives none."""
    return said_of_special_tokens(Path(folder), read_settings(Path(folder))) is not False


def warn_of_cut_side(folder: str | os.PathLike[str], settings: dict[str, Any]) -> None:
    """Warn where the settings cut texts at their beginning, which is not followed.

    Args:
        settings: from `read_settings`.
    """
    if settings.get("truncation_side") == "left":
        warnings.warn(
            f"{str(Path(folder) / SETTINGS_FILE)!r}: `truncation_side` is 'left', and texts over `max_length` lose their end "
            f"here, not their beginning. Cut long texts yourself, or take long_texts='head_tail' or 'windows'.",
            KerasbertWarning,
            stacklevel=3,
        )


def longest_of(folder: str | os.PathLike[str], settings: dict[str, Any], usual: int = DEFAULT_MAX_LENGTH) -> int:
    """As `longest_text`, of settings that were read.

    Args:
        settings: from `read_settings`.
    """
    longest = settings.get("model_max_length")
    if not isinstance(longest, int) or isinstance(longest, bool):
        return usual
    if longest < MINIMUM_MAX_LENGTH:
        raise ConfigError(
            f"{str(Path(folder) / SETTINGS_FILE)!r}: `model_max_length` must be at least {MINIMUM_MAX_LENGTH}; got "
            f"{shorten(longest)}. Pass max_length to choose one."
        )
    return longest
