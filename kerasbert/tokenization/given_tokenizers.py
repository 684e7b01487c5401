"""Resolve the `tokenizer` argument: a name, a folder, or a tokenizer of this package, of tokenizers or of transformers."""

import copy
import os
from typing import Any

from kerasbert._core.checks import check_bool, shorten
from kerasbert._core.encoder_folders import resolve_encoder
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_settings import MINIMUM_MAX_LENGTH, longest_text


def as_tokenizer(
    tokenizer: Any, *, positions: int, max_length: int | None = None, split_special_tokens: bool | None = None
) -> Tokenizer:
    """Make the `Tokenizer` of a model from a name, a folder, or a tokenizer of ours, of `tokenizers` or of transformers.

    `max_length` None is the tokenizer's own limit, at most `positions`.
    """
    if isinstance(tokenizer, Tokenizer):
        return _copied(tokenizer, max_length or min(tokenizer.max_length, positions), split_special_tokens)
    if isinstance(tokenizer, (str, os.PathLike)):
        folder = resolve_encoder(tokenizer)
        length = min(longest_text(folder, positions), positions) if max_length is None else max_length
        # transformers puts no prompt in front of a classifier's texts.
        return Tokenizer.from_folder(folder, max_length=length, split_special_tokens=split_special_tokens, prompt="")
    backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not hasattr(backend, "get_added_tokens_decoder"):
        raise TypeError(
            f"`tokenizer` must be a Tokenizer, a name or folder, a tokenizers.Tokenizer or a fast tokenizer of "
            f"transformers; got {shorten(tokenizer)} of type {type(tokenizer).__name__}."
        )
    own = getattr(tokenizer, "model_max_length", None)
    limit = own if isinstance(own, int) and own >= MINIMUM_MAX_LENGTH else positions
    names = {role: str(token) for role, token in getattr(tokenizer, "special_tokens_map", {}).items()}
    made = Tokenizer(backend, max_length=max_length or min(limit, positions), special_tokens=names)
    # False is transformers' default and nobody's word; True is.
    splits = getattr(tokenizer, "split_special_tokens", False) or getattr(backend, "encode_special_tokens", False)
    if split_special_tokens is None and not splits:
        made.warn_of_special_tokens()
    return _copied(made, made.max_length, split_special_tokens)


def _copied(tokenizer: Tokenizer, max_length: int, split_special_tokens: bool | None) -> Tokenizer:
    own = copy.copy(tokenizer)
    own.max_length = max_length
    if split_special_tokens is not None:
        own.split_special_tokens = check_bool("split_special_tokens", split_special_tokens)
    return own
