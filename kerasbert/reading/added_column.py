"""Write a data file again with more columns."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from kerasbert._core.errors import DataError
from kerasbert.reading._files import SourceFile, check_file, look_at
from kerasbert.reading._table import Cells
from kerasbert.reading.formats import FORMATS, Copying, format_of
from kerasbert.reading.read_options import DEFAULTS, ReadOptions
from kerasbert.reading.readers import byte_lines
from kerasbert.reading.sources import source_of


def copy_with_columns(
    source: Path,
    target: Path,
    columns: Mapping[str, Cells],
    options: ReadOptions = DEFAULTS,
    *,
    replace: bool = False,
) -> None:
    """Write the rows of a file with columns of n cells added, texts or numbers; None is null, in CSV an empty cell.

    Args:
        source: the file.
        target: the copy, which is read with the same options.
        columns: name -> cells.
        options: how the file is read.
        replace: whether the columns take the place of those of these names; without a header, of the last ones.

    Raises:
        DataError: when the file has such a column already, or another number of rows.
    """
    file = look_at(source, options)
    copying = _copying(source, options)[0] if replace else check_columns_are_new(source, columns, options)
    if replace and not options.header:
        known = copying.columns(file, byte_lines(file))
        columns = dict(zip(known[-len(columns) :], columns.values(), strict=True))
    copying.write(file, byte_lines(file), target, columns)


def check_columns_are_new(source: Path, columns: Iterable[str], options: ReadOptions = DEFAULTS) -> Copying:
    """Refuse, before any work is done, a file to which a column cannot be added."""
    copying, file = _copying(source, options)
    known = copying.columns(file, byte_lines(file))
    for column in columns:
        if column in known:
            raise DataError(f"{source} has a column {column!r} already; choose another name with --column.")
    return copying


def _copying(source: Path, options: ReadOptions) -> tuple[Copying, SourceFile]:
    check_file(source)
    suffixes = sorted(suffix for suffix, form in FORMATS.items() if form.copying is not None)
    suffix = source.suffix.lower()
    if suffix not in suffixes:
        raise DataError(f"{source} must end in one of {', '.join(suffixes)}; got {source.suffix!r}.")
    file = source_of(source, options)
    copying = format_of(file).copying
    assert copying is not None
    return copying, file
