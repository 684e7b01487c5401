"""Requests that TF Serving logged, or is to warm up with: TFRecord files of its `PredictionLog` messages.

Their few fields are read here, so that no package of TF Serving is needed.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert._core.paths import local_path

TEXT = "text"
CLASSIFY_INPUTS = "inputs"
# Numbers of fields in prediction_log.proto and the messages that it holds.
METADATA, CLASSIFY_LOG, PREDICT_LOG = 1, 2, 6
TIMESTAMP_SECONDS = 4
MODEL_SPEC, SIGNATURE_NAME, INPUTS = 1, 3, 2
STRING_VALUES = 8
VARINT, EIGHT_BYTES, DELIMITED, FOUR_BYTES = 0, 1, 2, 5
LONGEST_VARINT = 10


class LoggedRequest(NamedTuple):
    """One request.

    Args:
        signature: of the model that it asked.
        argument: name of the signature's argument.
        values: what it gave: texts, or serialized `tf.train.Example`s for `inputs`, as bytes.
        texts: the texts in them, of those that are no UTF-8 what can be read.
        time: when, in seconds since 1970; None where the server has not logged it.
        tensors: of a predict request all arguments, name -> serialized `TensorProto`; empty for a classify request.
    """

    signature: str
    argument: str
    values: list[bytes]
    texts: list[str]
    time: int | None = None
    tensors: Mapping[str, bytes] = {}


def read_requests(file: str | os.PathLike[str]) -> Iterator[LoggedRequest]:
    """Iterate over the predict and classify requests of a file.

    Args:
        file: TFRecords of `PredictionLog` messages, packed with gzip where it ends in .gz.

    Raises:
        DataError: when the file is missing, cut or changed, or a record is no `PredictionLog`; the message names the record.
    """
    path = local_path(file, error=DataError)
    if not path.is_file():
        raise DataError(f"{str(path)!r} is missing; give a log of TF Serving.")
    for number, record in enumerate(_records(path), 1):
        try:
            request = _request(record)
        except (ValueError, IndexError) as error:
            raise DataError(
                f"{path}, record {number} is no PredictionLog of TF Serving ({shorten(str(error))}); give files that its "
                f"request logging wrote."
            ) from error
        if request is not None:
            yield request


def read_logged_texts(file: str | os.PathLike[str]) -> tuple[list[str], list[int | None]]:
    """Return the texts of all logged requests of a file, and when each came, see `LoggedRequest`.

    Raises:
        DataError: as `read_requests`, and when no request holds a text.
    """
    texts: list[str] = []
    times: list[int | None] = []
    for request in read_requests(file):
        if request.argument not in (TEXT, CLASSIFY_INPUTS):
            continue
        texts += request.texts
        times += [request.time] * len(request.texts)
    if not texts:
        raise DataError(
            f"{os.fspath(file)!r} holds no request with texts; requests to the signatures of `kerasbert export saved-model` have "
            f"them under {TEXT!r}."
        )
    return texts, times


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Iterate over the fields of a protocol buffer: number and value, which is bytes where a length is told.

    Raises:
        ValueError: when the message is cut or holds a kind of field that nobody writes.
    """
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, place = _varint(message, place)
            yield number, value
            continue
        if kind not in (EIGHT_BYTES, DELIMITED, FOUR_BYTES) or not number:
            raise ValueError(f"field {number} has the unknown kind {kind}")
        size = {EIGHT_BYTES: 8, FOUR_BYTES: 4}.get(kind)
        if size is None:
            size, place = _varint(message, place)
        if place + size > len(message):
            raise ValueError(f"field {number} is cut")
        yield number, message[place : place + size]
        place += size


def _records(path: Path) -> Iterator[bytes]:
    import tensorflow as tf

    kind = "GZIP" if path.suffix == ".gz" else ""
    try:
        yield from tf.data.TFRecordDataset(str(path), compression_type=kind).as_numpy_iterator()
    except (tf.errors.DataLossError, tf.errors.OutOfRangeError) as error:
        raise DataError(f"{path} is cut, changed or no TFRecord file ({shorten(str(error.message))}).") from error


def _request(record: bytes) -> LoggedRequest | None:
    """Read a `PredictionLog`; None where it is of another kind, such as a regression."""
    own = dict(fields(record))
    time = next((value for number, value in fields(_message(own, METADATA)) if number == TIMESTAMP_SECONDS), None)
    kind = next((one for one in (PREDICT_LOG, CLASSIFY_LOG) if one in own), None)
    if kind is None:
        if not own:
            raise ValueError("it is empty")
        return None
    # Both logs hold the request as field 1, and both requests the model as field 1 and the inputs as field 2.
    request = list(fields(_message(dict(fields(_message(own, kind))), 1)))
    spec = dict(fields(_message(dict(request), MODEL_SPEC)))
    signature = _message(spec, SIGNATURE_NAME).decode("utf-8")
    inputs = [value for number, value in request if number == INPUTS and isinstance(value, bytes)]
    when = time if isinstance(time, int) else None
    if kind == CLASSIFY_LOG:
        examples = _examples(inputs)
        texts = [text for example in examples for text in _texts_of_example(example)]
        return LoggedRequest(signature, CLASSIFY_INPUTS, examples, _decoded(texts), when)
    tensors = _tensors(inputs)
    name = TEXT if TEXT in tensors else next(iter(tensors), "")
    strings = fields(tensors.get(name, b""))
    values = [value for number, value in strings if number == STRING_VALUES and isinstance(value, bytes)]
    return LoggedRequest(signature, name, values, _decoded(values), when, tensors)


def _decoded(texts: list[bytes]) -> list[str]:
    return [text.decode("utf-8", "replace") for text in texts]


def _tensors(inputs: list[bytes]) -> dict[str, bytes]:
    """Read the inputs of a `PredictRequest`: name -> serialized `TensorProto`."""
    found = {}
    for entry in inputs:
        pair = dict(fields(entry))
        found[_message(pair, 1).decode("utf-8")] = _message(pair, 2)
    return found


def _examples(inputs: list[bytes]) -> list[bytes]:
    """Read the `Input` of a `ClassificationRequest`: its serialized examples, with or without a context."""
    return [
        value
        for own in inputs
        for _, listed in fields(own)
        if isinstance(listed, bytes)
        for number, value in fields(listed)
        if number == 1 and isinstance(value, bytes)
    ]


def _texts_of_example(example: bytes) -> list[bytes]:
    """Read the strings of the feature `text` of a `tf.train.Example`."""
    found = []
    for _, entry in fields(_message(dict(fields(example)), 1)):
        pair = dict(fields(entry if isinstance(entry, bytes) else b""))
        if _message(pair, 1) == TEXT.encode():
            strings = fields(_message(dict(fields(_message(pair, 2))), 1))
            found += [value for number, value in strings if number == 1 and isinstance(value, bytes)]
    return found


def _message(values: dict[int, int | bytes], number: int) -> bytes:
    """Return a field that is bytes; none where it is left out, as empty ones are."""
    value = values.get(number, b"")
    if not isinstance(value, bytes):
        raise ValueError(f"field {number} is no message")
    return value


def _varint(message: bytes, place: int) -> tuple[int, int]:
    """Return the whole number at a place, and the place behind it."""
    value = 0
    for index in range(LONGEST_VARINT):
        byte = message[place + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, place + index + 1
    raise ValueError("a number is too long")
