"""The rows of text files of one text a line, which have no columns but that of the texts."""

from collections.abc import Iterator, Sequence

from kerasbert._core.errors import DataError
from kerasbert.reading._files import OTHER_ENCODING, Lines, SourceFile, carriage_hint
from kerasbert.reading._table import Row, check_columns


def plain_rows(file: SourceFile, lines: Lines, wanted: Sequence[str], text: str = "text") -> Iterator[Row]:
    """The rows of a file: each line is a text, an empty one too."""
    check_columns(wanted, [text], file.path)
    for number, line in enumerate(lines, start=1):
        yield number, line if isinstance(line, DataError) else _cells(line, text)


def _cells(line: bytes, text: str) -> dict[str, str] | DataError:
    try:
        content = line.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError as error:
        return DataError(f"is not UTF-8 at its byte {error.start}; {OTHER_ENCODING}.{carriage_hint(line)}")
    return {text: content}
