"""A key for each text of token arrays: equal for texts that a model reads alike, whatever they were written like."""

import hashlib

import numpy as np

from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays

KEY_BYTES = 20


def text_keys(tokens: TokenArrays | WindowArrays, seed: bytes) -> list[bytes]:
    """Hash the tokens of each text: ids, types, and where windows end.

    Args:
        tokens: n texts, single or pairs, whole or in windows.
        seed: stands for everything else that a result follows from; other seeds give other keys.

    Returns:
        n keys of `KEY_BYTES` bytes, BLAKE2b.

    Example:
        >>> same, other = text_keys(TokenArrays.from_lists([[2, 5, 3], [2, 6, 3]]), b"a model")
        >>> same == text_keys(TokenArrays.from_lists([[2, 5, 3]]), b"a model")[0], same == other
        (True, False)
    """
    if isinstance(tokens, WindowArrays):
        return _window_keys(tokens, seed)
    start = hashlib.blake2b(b"text" + seed, digest_size=KEY_BYTES)
    return _keys(start, tokens, tokens.offsets, [b""] * len(tokens))


def _window_keys(tokens: WindowArrays, seed: bytes) -> list[bytes]:
    start = hashlib.blake2b(b"windows" + seed, digest_size=KEY_BYTES)
    offsets = tokens.text_offsets.tolist()
    lengths = tokens.windows.lengths.astype("<i8")
    # With their number in front, so that no length can be taken for ids.
    heads = [
        (last - first).to_bytes(8, "little") + lengths[first:last].tobytes()
        for first, last in zip(offsets[:-1], offsets[1:], strict=True)
    ]
    return _keys(start, tokens.windows, tokens.windows.offsets[tokens.text_offsets], heads)


def _keys(start: "hashlib.blake2b", tokens: TokenArrays, offsets: np.ndarray, heads: list[bytes]) -> list[bytes]:
    # Ids take four bytes and types one, so that the number of bytes tells where the types begin.
    ids = tokens.input_ids.astype("<i4", copy=False).tobytes()
    types = tokens.token_type_ids.astype(np.uint8, copy=False).tobytes()
    places, keys = offsets.tolist(), []
    for head, first, last in zip(heads, places[:-1], places[1:], strict=True):
        digest = start.copy()
        digest.update(head + ids[4 * first : 4 * last] + types[first:last])
        keys.append(digest.digest())
    return keys
