"""Write a data file again with more columns."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from kerasbert._core.errors import DataError
from kerasbert.reading._files import check_file, look_at
from kerasbert.reading._table import Cells
from kerasbert.reading.formats import FORMATS, Copying
from kerasbert.reading.readers import byte_lines


def copy_with_columns(source: Path, target: Path, columns: Mapping[str, Cells], *, replace: bool = False) -> None:
    """Write the rows of a file with columns of n cells added, texts or numbers; None is null, in CSV an empty cell.

    Args:
        source: the file.
        target: the copy.
        columns: name -> cells.
        replace: whether columns of these names take the place of those that the file has.

    Raises:
        DataError: when the file has such a column already, or another number of rows.
    """
    file = look_at(source)
    copying = _copying(source) if replace else check_columns_are_new(source, columns)
    copying.write(file, byte_lines(file), target, columns)


def check_columns_are_new(source: Path, columns: Iterable[str]) -> Copying:
    """Refuse, before any work is done, a file to which a column cannot be added."""
    copying, file = _copying(source), look_at(source)
    known = copying.columns(file, byte_lines(file))
    for column in columns:
        if column in known:
            raise DataError(f"{source} has a column {column!r} already; choose another name with --column.")
    return copying


def _copying(source: Path) -> Copying:
    check_file(source)
    known = {suffix: form.copying for suffix, form in FORMATS.items() if form.copying is not None}
    suffix = source.suffix.lower()
    if suffix not in known:
        raise DataError(f"{source} must end in one of {', '.join(sorted(known))}; got {source.suffix!r}.")
    return known[suffix]
