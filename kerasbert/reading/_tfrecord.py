"""The rows of TFRecord files of `tf.train.Example`s."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert._core.names import INPUT_IDS, TOKEN_TYPE_IDS
from kerasbert.reading._files import LOST, Lines, LostError, SourceFile
from kerasbert.reading._table import Row


class TokenRow(dict[str, Any]):
    """The cells of a row whose text is given as token ids, under `input_ids` and perhaps `token_type_ids`."""


def tfrecord_rows(file: SourceFile, lines: Lines, wanted: Sequence[str], text: str = "text") -> Iterator[Row]:
    """The rows of a file, counted by record; a `TokenRow` where token ids stand for the text."""
    import tensorflow as tf

    kind = "GZIP" if file.is_compressed else ""
    number = 0
    try:
        for serialized in tf.data.TFRecordDataset(file.path, compression_type=kind).as_numpy_iterator():
            number += 1
            yield number, _example_row(serialized, wanted, text)
        if not number and not file.is_compressed:
            yield 1, LostError(f"{file.path} holds no record; is it a TFRecord file?")
    except (tf.errors.DataLossError, tf.errors.OutOfRangeError) as error:
        words = f"{file.path} is cut, changed or no TFRecord file ({shorten(str(error.message))}); {LOST}."
        yield number + 1, LostError(words)


def _example_row(serialized: bytes, wanted: Sequence[str], text: str) -> Any:
    import tensorflow as tf

    try:
        features = tf.train.Example.FromString(serialized).features.feature
    except Exception:  # protobuf's own error class depends on its build
        return DataError("is no tf.train.Example.")
    cells = {name: _feature(features[name]) for name in wanted if name in features}
    broken = [cell for cell in cells.values() if isinstance(cell, DataError)]
    if broken:
        return broken[0]
    if text in cells:
        return {name: cells.get(name) for name in wanted}
    ids = features[INPUT_IDS].int64_list.value if INPUT_IDS in features else ()
    if not len(ids):
        listed = ", ".join(map(repr, sorted(features))) or "none"
        return DataError(f"has neither the feature {text!r} nor int64 {INPUT_IDS!r}; it has {listed}.")
    types = features[TOKEN_TYPE_IDS].int64_list.value if TOKEN_TYPE_IDS in features else ()
    return TokenRow(
        {name: cells.get(name) for name in wanted if name != text},
        input_ids=np.array(ids, dtype=np.int64),
        token_type_ids=np.array(types or [0] * len(ids), dtype=np.int64),
    )


def _feature(feature: Any) -> Any:
    """One value where there is one, else a list; bytes as text."""
    kind = feature.WhichOneof("kind")
    values = [] if kind is None else list(getattr(feature, kind).value)
    try:
        values = [value.decode("utf-8") if isinstance(value, bytes) else value for value in values]
    except UnicodeDecodeError as error:
        return DataError(f"a feature is not UTF-8 at its byte {error.start}.")
    return values[0] if len(values) == 1 else values
