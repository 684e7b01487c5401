"""`ReadTexts`: the rows of data files as keyed texts, each with its file and row; bad rows are dead letters."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystem import FileMetadata

from kerasbert._core.errors import DataError
from kerasbert.production.beam.predict_texts import BAD, DeadLetter
from kerasbert.production.beam.stores import local_file
from kerasbert.reading._files import COMPRESSED, decode_lines, look_at, open_bytes
from kerasbert.reading._table import Row
from kerasbert.reading.bad_rows import BadRows
from kerasbert.reading.read_options import ReadOptions
from kerasbert.reading.readers import RowSource, TextColumns, UsableRow, open_file, usable_rows
from kerasbert.reading.sources import source_of

# A file of one text a line.
PLAIN = ".txt"


class ReadTexts(beam.DoFn):
    """Reads a data file of any size with the readers of all commands; a row is held in memory.

    Gives `({"file", "row", "columns"}, text)`, or pairs of texts; under the tag `BAD` a `DeadLetter` for each row that
    cannot be used, and for a file that cannot be used as a whole.

    Args:
        columns: of the texts.
        kept: columns that go along.
        options: how files are read where their names do not say it.
    """

    def __init__(self, columns: TextColumns, kept: Sequence[str], options: ReadOptions) -> None:
        self._columns = columns
        self._kept = tuple(kept)
        self._options = options

    def process(self, file: FileMetadata) -> Iterator[Any]:
        """Read a file; Beam calls it."""
        path, bad = file.path, _LettersOfRows(file.path)
        try:
            with local_file(path) as here:
                for row in usable_rows(bad.following(self.open_rows(here, path)), bad, self._columns):
                    yield from bad.tagged()
                    yield self._keyed(path, row)
        except DataError as error:
            yield from bad.tagged()
            yield beam.pvalue.TaggedOutput(BAD, DeadLetter({"file": path, "row": None}, None, str(error)))
        else:
            yield from bad.tagged()

    def open_rows(self, here: Path, path: str) -> RowSource:
        """Open the rows of a file that lies at `here` and is named `path`.

        Raises:
            DataError: when it cannot be read, or has no such columns.
        """
        if not is_plain(path):
            return open_file(source_of(here, self._options), self._columns, self._kept)._replace(source=path)
        self._check_plain(path)
        return RowSource(_lines(here, path, self._columns.text, self._options.encoding), [], path, "line")

    def _check_plain(self, path: str) -> None:
        """Refuse what a file without columns cannot follow."""
        others = [name for name in self._options.changed() if name != "encoding"]
        if self._kept or self._columns.pair or others:
            asked = [*map(repr, self._kept), *([repr(self._columns.pair)] if self._columns.pair else []), *others]
            raise DataError(
                f"{path} holds a text a line and no columns; got {', '.join(asked)}. Give a .csv, .tsv, .jsonl or .parquet."
            )

    def _keyed(self, path: str, row: UsableRow) -> tuple[dict[str, Any], Any]:
        texts = row.texts or []
        columns = {name: row.cells[name] for name in self._kept}
        return {"file": path, "row": row.number, "columns": columns}, tuple(texts) if self._columns.pair else texts[0]


def is_plain(path: str) -> bool:
    """Whether a file holds one text a line, and no columns."""
    return path.lower().removesuffix(COMPRESSED).endswith(PLAIN)


def _lines(here: Path, path: str, column: str, encoding: str) -> Iterator[Row]:
    with open_bytes(look_at(here)) as stream:
        for number, line in enumerate(decode_lines(stream, path, encoding), start=1):
            yield number, {column: line}


class _LettersOfRows(BadRows):
    """Rows of a file that cannot be used, as dead letters with their numbers."""

    def __init__(self, path: str) -> None:
        super().__init__("skip")
        self._path = path
        self._number = 0
        self._letters: list[DeadLetter] = []

    def following(self, rows: RowSource) -> RowSource:
        """The same rows, of which the number of the newest is noted."""
        return rows._replace(rows=self._noted(rows.rows))

    def add(self, place: str, error: Exception) -> None:
        """Take a row that cannot be used."""
        words = str(error).removeprefix(f"{place}: ")
        self._letters.append(DeadLetter({"file": self._path, "row": self._number}, None, words))

    def tagged(self) -> Iterator[Any]:
        """Give the letters since the last call."""
        letters, self._letters = self._letters, []
        return (beam.pvalue.TaggedOutput(BAD, letter) for letter in letters)

    def _noted(self, rows: Iterator[Row]) -> Iterator[Row]:
        for number, cells in rows:
            self._number = number
            yield number, cells
