"""Write a data file again with one more column."""

from collections.abc import Sequence
from pathlib import Path

from kerasbert._core.errors import DataError
from kerasbert.reading._files import check_file, look_at
from kerasbert.reading.formats import FORMATS, Copying
from kerasbert.reading.readers import byte_lines


def copy_with_column(source: Path, target: Path, column: str, cells: Sequence[str | None]) -> None:
    """Write the rows of a file with a column of n cells added; None is null, in CSV an empty cell."""
    file = look_at(source)
    check_column_is_new(source, column).write(file, byte_lines(file), target, column, cells)


def check_column_is_new(source: Path, column: str) -> Copying:
    """Refuse, before any work is done, a file to which the column cannot be added."""
    check_file(source)
    known = {suffix: form.copying for suffix, form in FORMATS.items() if form.copying is not None}
    suffix = source.suffix.lower()
    if suffix not in known:
        raise DataError(f"{source} must end in one of {', '.join(sorted(known))}; got {source.suffix!r}.")
    file = look_at(source)
    if column in known[suffix].columns(file, byte_lines(file)):
        raise DataError(f"{source} has a column {column!r} already; choose another name with --column.")
    return known[suffix]
