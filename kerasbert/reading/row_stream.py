"""`RowStream`: the rows of a file of any size, which can be passed over faster than they are read."""

import functools
import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Self, final

from kerasbert.reading._files import Lines, SourceFile, StandardInput
from kerasbert.reading._jsonl import FIRST_ROWS
from kerasbert.reading._table import Row
from kerasbert.reading.formats import format_of
from kerasbert.reading.readers import byte_lines, stream_rows


def check_source(file: SourceFile, wanted: Sequence[str], text: str) -> None:
    """Refuse a file without a column before it is read as a whole; keys of JSON must come in the first thousand rows.

    Raises:
        FileError: naming the file, the column, and the near miss.
    """
    next(stream_rows(file, wanted, text), None)
    if format_of(file).has_keys:
        for name in wanted:
            # Asked for as the text is, which must come early.
            if name != text:
                next(stream_rows(file, [name], name), None)


@final
class RowStream:
    """An iterator over the rows of a file; what cannot be used comes as a `DataError` in its place.

    Args:
        file: the file.
        wanted: columns to read.
        text: the column of the texts among them.
    """

    def __init__(self, file: SourceFile, wanted: Sequence[str], text: str) -> None:
        self.file, self.wanted, self.text = file, wanted, text
        self.format = format_of(file)
        #: Rows that were given or passed over.
        self.done = 0
        self._stream: Any = None
        self._lines = _PassingLines(byte_lines(file, self._watch))
        self._rows: Iterator[Row] = stream_rows(file, wanted, text, iter(self._lines))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Row:
        row = next(self._rows)
        self.done += 1
        return row

    def skip(self, count: int) -> int:
        """Pass over rows; return how many there were.

        Rows of JSON lines are passed over unparsed, those of Parquet by row groups, all others as they are read.
        """
        if self._num_rows is not None:
            return self._skip_to(min(self.done + count, self._num_rows))
        read = sum(1 for _ in itertools.islice(self, min(count, FIRST_ROWS) if self.format.line_is_row else count))
        if not self.format.line_is_row or read < FIRST_ROWS:
            return read
        # The row behind those that are passed over is read, and put back.
        self._lines.passing = count - read
        behind = list(itertools.islice(self._rows, 1))
        self._rows = itertools.chain(behind, self._rows)
        passed, self._lines.passing = count - self._lines.passing, 0
        self.done += passed - read
        return passed

    @property
    def share(self) -> float:
        """About how much of the file is done, in [0, 1]."""
        if self._num_rows is not None:
            return self.done / max(self._num_rows, 1)
        if self._stream is None or isinstance(self.file, StandardInput) or self._stream.closed:
            return 0.0
        # Of a .gz the place in the packed file.
        place = int(self._stream.fileobj.tell() if self.file.is_compressed else self._stream.tell())
        return min(place / max(self.file.size, 1), 1.0)

    @functools.cached_property
    def _num_rows(self) -> int | None:
        """Rows of the file, where its format tells them without reading it."""
        return None if self.format.count_rows is None else self.format.count_rows(self.file)

    def _skip_to(self, done: int) -> int:
        passed, self.done = done - self.done, done
        self._rows = stream_rows(self.file, self.wanted, self.text, skip=done)
        return passed

    def _watch(self, stream: Any) -> None:
        self._stream = stream


class _PassingLines:
    """Lines, of which as many as `passing` says that are not blank come as blank ones, which readers pass over and count."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.passing = 0

    def __iter__(self) -> Iterator[Any]:
        for line in self.lines:
            if self.passing and (not isinstance(line, bytes) or line.strip()):
                self.passing -= 1
                yield b"\n"
            else:
                yield line
