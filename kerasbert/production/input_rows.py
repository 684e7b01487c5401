"""`InputRows`: the rows of several files, one after the other, and the windows that are predicted at once."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, final

from kerasbert._core.errors import DataError
from kerasbert.reading._files import SourceFile
from kerasbert.reading.readers import TextColumns, row_texts
from kerasbert.reading.row_stream import RowStream

# Rows that are tokenized, sorted by length and predicted at once, and the characters at which a window ends before.
WINDOW_ROWS = 8192
WINDOW_CHARACTERS = 8_000_000


class InputRow(NamedTuple):
    """A row: its file, what its number counts, `"line"` or `"row"`, the number from 1, and its cells or what is wrong with it."""

    source: str
    unit: str
    number: int
    cells: Any

    @property
    def place(self) -> str:
        """Where the row is, in words."""
        return f"{self.source}, {self.unit} {self.number}"


@final
class InputRows:
    """Reads files one after the other, once.

    Args:
        files: the files, as they were looked at.
        wanted: columns to read.
        text: the column of the texts among them.
    """

    def __init__(self, files: Sequence[SourceFile], wanted: Sequence[str], text: str) -> None:
        self.files, self.wanted, self.text = files, wanted, text
        self._sizes = [max(file.size, 1) for file in files]
        self._current = 0
        self._stream: RowStream | None = None

    def take(self, count: int) -> Iterator[InputRow]:
        """The next rows, fewer at the end."""
        while count > 0 and (stream := self._open()) is not None:
            file, unit = stream.file.path, stream.format.unit
            for number, cells in stream:
                yield InputRow(file, unit, number, cells)
                count -= 1
                if not count:
                    return
            self._close()

    def skip(self, count: int) -> int:
        """Pass over the next rows; return how many there were."""
        left = count
        while left > 0 and (stream := self._open()) is not None:
            left -= stream.skip(left)
            if left:
                self._close()
        return count - left

    @property
    def place(self) -> int:
        """The number of the file that is read, from 0."""
        return self._current

    @property
    def share(self) -> float:
        """About how much of the files is read, in [0, 1], by their sizes."""
        done = float(sum(self._sizes[: self._current]))
        if self._stream is not None:
            done += self._stream.share * self._sizes[self._current]
        return done / max(sum(self._sizes), 1)

    def check_unchanged(self, first: int) -> None:
        """Refuse what was read of the files from number `first` on, if one of them is another one now.

        Raises:
            DataError: naming the file.
        """
        for file in self.files[first : self._current + 1]:
            if file.change() is not None:
                raise DataError(f"{file.path} was changed while it was read; run it again when nothing writes to it.")

    def _open(self) -> RowStream | None:
        if self._stream is None and self._current < len(self.files):
            self._stream = RowStream(self.files[self._current], self.wanted, self.text)
        return self._stream

    def _close(self) -> None:
        self._current, self._stream = self._current + 1, None


class Rejected(NamedTuple):
    """A row that was not predicted, and why."""

    row: InputRow
    reason: str

    def to_dict(self, kept: Sequence[str]) -> dict[str, Any]:
        """The line of a dead-letter file: file, place, reason, and the kept cells where the row could be read."""
        cells = self.row.cells
        columns = {name: cells[name] for name in kept if name in cells} if isinstance(cells, dict) else {}
        found: dict[str, Any] = {"file": self.row.source, self.row.unit: self.row.number, "reason": self.reason}
        return {**found, "columns": columns} if columns else found


@final
class Window:
    """Rows that are predicted at once: those with a text that can be used, and the others."""

    def __init__(self) -> None:
        self.rows: list[InputRow] = []
        self.texts: list[list[str]] = []
        self.rejected: list[Rejected] = []
        self.characters = 0

    def __len__(self) -> int:
        return len(self.rows) + len(self.rejected)

    def add(self, row: InputRow, columns: TextColumns) -> None:
        """Take a row."""
        try:
            texts = row_texts(row.cells, columns, row.place) or []
        except (DataError, TypeError) as error:
            self.rejected.append(rejected(row, error))
            return
        self.rows.append(row)
        self.texts.append(texts)
        self.characters += sum(map(len, texts))


def windows(rows: Iterable[InputRow], columns: TextColumns) -> Iterator[Window]:
    """Divide rows into windows, which depend on the rows alone."""
    window = Window()
    for row in rows:
        window.add(row, columns)
        if len(window) >= WINDOW_ROWS or window.characters >= WINDOW_CHARACTERS:
            yield window
            window = Window()
    if len(window):
        yield window


def rejected(row: InputRow, error: Exception) -> Rejected:
    """A row with what is wrong with it, without its place, which it says itself."""
    return Rejected(row, str(error).removeprefix(row.place).lstrip(":, "))
