"""Token ids and labels of texts as serialized `tf.train.Example`s, as TFRecord files hold them, and back.

Written by hand: building an `Example` object for each of many million texts takes longer than tokenising them.
"""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.names import INPUT_IDS, TOKEN_TYPE_IDS
from kerasbert.tokenization.token_arrays import TokenArrays, offsets_of

# Field numbers of tf.train.Example and what is in it, as protobuf writes them: number * 8 + 2.
LENGTH_DELIMITED = (b"\x0a", b"\x12", b"\x1a")
# In front of the names of label features.
LABEL = "label/"


def serialize(tokens: TokenArrays, labels: Mapping[str, Sequence[Sequence[int]]], *, pairs: bool) -> list[bytes]:
    """Texts as serialized `tf.train.Example`s.

    Args:
        tokens: of n texts.
        labels: head name -> n lists of label numbers, written as the feature `label/HEAD`.
        pairs: whether `token_type_ids` are written too; without, all are 0.

    Returns:
        n byte strings.

    Example:
        >>> import tensorflow as tf
        >>> [record] = serialize(TokenArrays.from_lists([[101, 2000, 102]]), {"output": [[3]]}, pairs=False)
        >>> example = tf.train.Example.FromString(record)
        >>> features = example.features.feature
        >>> list(features["input_ids"].int64_list.value), list(features["label/output"].int64_list.value)
        ([101, 2000, 102], [3])
    """
    columns = [_feature(INPUT_IDS, tokens.input_ids, tokens.offsets)]
    if pairs:
        columns.append(_feature(TOKEN_TYPE_IDS, tokens.token_type_ids, tokens.offsets))
    for head, rows in labels.items():
        flat = np.array([number for row in rows for number in row], dtype=np.int64)
        columns.append(_feature(LABEL + head, flat, offsets_of([len(row) for row in rows])))
    return [_field(0, b"".join(entries)) for entries in zip(*columns, strict=True)]


def parse(records: Sequence[bytes], heads: Sequence[str], *, pairs: bool) -> tuple[TokenArrays, dict[str, Any]]:
    """What `serialize` wrote, or any TFRecord file of these features.

    Args:
        records: n byte strings.
        heads: names of the heads whose labels to read.
        pairs: whether to read `token_type_ids`.

    Returns:
        The token ids of n texts; and head name -> pair of label numbers, flat, and offsets (n + 1,).

    Raises:
        tf.errors.InvalidArgumentError: when a record is of another form.
    """
    import tensorflow as tf

    names = [INPUT_IDS, *([TOKEN_TYPE_IDS] if pairs else []), *(LABEL + head for head in heads)]
    with tf.device("CPU:0"):
        features = {name: tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int64) for name in names}
        parsed = tf.io.parse_example(tf.constant(list(records), dtype=tf.string), features)
    flat = {name: (ragged.flat_values.numpy(), ragged.row_splits.numpy()) for name, ragged in parsed.items()}
    ids, offsets = flat[INPUT_IDS]
    types = flat[TOKEN_TYPE_IDS][0].astype(np.uint8) if pairs else np.zeros(len(ids), dtype=np.uint8)
    tokens = TokenArrays(ids.astype(np.int32), types, offsets)
    return tokens, {head: flat[LABEL + head] for head in heads}


def _feature(name: str, values: np.ndarray, offsets: np.ndarray) -> list[bytes]:
    """One entry of the map of features for each text."""
    packed, ends = _varints(values)
    bounds = np.concatenate([[0], ends])[offsets].tolist()
    content = packed.tobytes()
    key = _field(0, name.encode("utf-8"))
    entries = []
    for start, stop in zip(bounds[:-1], bounds[1:], strict=True):
        feature = _field(2, _field(0, content[start:stop]))
        entries.append(_field(0, key + _field(1, feature)))
    return entries


def _field(place: int, content: bytes) -> bytes:
    return LENGTH_DELIMITED[place] + _length(len(content)) + content


@functools.lru_cache(maxsize=65536)
def _length(number: int) -> bytes:
    packed = bytearray()
    while number > 127:
        packed.append(number & 127 | 128)
        number >>= 7
    packed.append(number)
    return bytes(packed)


def _varints(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Protobuf's numbers of 7 bits a byte, uint8, and where each ends; values are in [0, 2 ** 28)."""
    values = np.asarray(values, dtype=np.uint32)
    groups = np.stack([(values >> shift) & 127 for shift in (0, 7, 14, 21)], axis=1).astype(np.uint8)
    sizes = 1 + (values >= 1 << 7).astype(np.int64) + (values >= 1 << 14) + (values >= 1 << 21)
    places = np.arange(4)
    groups[places < sizes[:, None] - 1] |= 128
    return groups[places < sizes[:, None]], np.cumsum(sizes)
