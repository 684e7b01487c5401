"""Write a data file again with one more column."""

from collections.abc import Sequence
from pathlib import Path

from kerasbert._core.errors import DataError
from kerasbert.reading._files import check_file, look_at
from kerasbert.reading.formats import FORMATS, Copying, format_of
from kerasbert.reading.read_options import DEFAULTS, ReadOptions
from kerasbert.reading.readers import byte_lines
from kerasbert.reading.sources import source_of


def copy_with_column(
    source: Path, target: Path, column: str, cells: Sequence[str | None], options: ReadOptions = DEFAULTS
) -> None:
    """Write the rows of a file with a column of n cells added; None is null, in CSV an empty cell.

    The copy is read with the same options as the file.
    """
    file = look_at(source, options)
    check_column_is_new(source, column, options).write(file, byte_lines(file), target, column, cells)


def check_column_is_new(source: Path, column: str, options: ReadOptions = DEFAULTS) -> Copying:
    """Refuse, before any work is done, a file to which the column cannot be added."""
    check_file(source)
    suffixes = sorted(suffix for suffix, form in FORMATS.items() if form.copying is not None)
    suffix = source.suffix.lower()
    if suffix not in suffixes:
        raise DataError(f"{source} must end in one of {', '.join(suffixes)}; got {source.suffix!r}.")
    file = source_of(source, options)
    copying = format_of(file).copying
    assert copying is not None
    if column in copying.columns(file, byte_lines(file)):
        raise DataError(f"{source} has a column {column!r} already; choose another name with --column.")
    return copying
