"""The rows of one sheet of an Excel workbook, whose cells stay what they are: texts, numbers, dates, truth values."""

import contextlib
import itertools
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import shorten, suggestion
from kerasbert._core.errors import DataError
from kerasbert.reading._files import Lines, SourceFile, check_unpacked, unpacked_limit
from kerasbert.reading._table import Row, check_columns, check_number

EXTRA = "reading .xlsx needs openpyxl and defusedxml; pip install 'kerasbert[excel]'"
ERROR_TYPE = "e"


def xlsx_rows(file: SourceFile, lines: Lines, wanted: Sequence[str], text: str = "text") -> Iterator[Row]:
    """The rows of a sheet, with the numbers that they have there; rows without any value are passed over."""
    with _sheet(file) as sheet:
        names, rows = _named(file, _filled(sheet))
        check_columns(wanted, [name for name in names if name is not None], file.path)
        places = [(name, names.index(name)) for name in wanted]
        for number, cells in rows:
            row = {name: _value(cells, place) for name, place in places}
            wrong = next((name for name, value in row.items() if isinstance(value, DataError)), None)
            yield number, row if wrong is None else DataError(f"{wrong!r} {row[wrong]}")


def xlsx_columns(file: SourceFile, lines: Lines) -> list[str]:
    """The names in the header of a sheet, or the numbers of its columns."""
    with _sheet(file) as sheet:
        return [name for name in _named(file, _filled(sheet))[0] if name is not None]


def write_xlsx(file: SourceFile, lines: Lines, target: Path, column: str, cells: Sequence[str | None]) -> None:
    """Write the values of a sheet as a workbook of its own, with a column added; see `copy_with_column`."""
    import openpyxl

    with _sheet(file) as sheet:
        kept = list(_filled(sheet))
        width = max((len(row) for _, row in kept), default=0)
        values = [[_plain(row, place) for place in range(width)] for _, row in kept]
    header = [[*values.pop(0), column]] if file.options.header and values else []
    check_number(file.path, len(values), cells)
    book = openpyxl.Workbook(write_only=True)
    written = book.create_sheet(title=file.options.sheet)
    for row in [*header, *([*row, cell] for row, cell in zip(values, cells, strict=True))]:
        written.append([_as_text(written, value) if isinstance(value, str) else value for value in row])
    book.save(target)


@contextlib.contextmanager
def _sheet(file: SourceFile) -> Iterator[Any]:
    """Context: the sheet to read."""
    try:
        # Without it XML that unfolds itself would fill the memory.
        import defusedxml  # noqa: F401
        import openpyxl
    except ImportError as error:
        raise DataError(f"{file.path}: {EXTRA}.") from error
    _check_size(file)
    try:
        with warnings.catch_warnings():
            # Of styles and rules, which nobody asks for.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(file.path, read_only=True, data_only=True, keep_links=False)
        try:
            sheet = book[_chosen_sheet(file, [one.title for one in book.worksheets])]
            # What a file says of its size need not be true.
            sheet.reset_dimensions()
            yield sheet
        finally:
            book.close()
    except DataError:
        raise
    except Exception as error:  # openpyxl lets through whatever XML and zip files raise
        words = f"{file.path} is not a readable .xlsx file ({shorten(str(error))}); save it again, or as CSV UTF-8."
        raise DataError(words) from error


def _check_size(file: SourceFile) -> None:
    try:
        with zipfile.ZipFile(file.path) as packed:
            size = sum(part.file_size for part in packed.infolist())
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise DataError(
            f"{file.path} is not a readable .xlsx file ({shorten(str(error))}); is it protected by a password, or of "
            f"another program? Save it again as .xlsx, or as CSV UTF-8."
        ) from error
    check_unpacked(file, size, unpacked_limit(file), "Save it as CSV UTF-8.")


def _chosen_sheet(file: SourceFile, names: Sequence[str]) -> str:
    listed = ", ".join(map(repr, names))
    asked = file.options.sheet
    if asked is None and len(names) == 1:
        return names[0]
    if asked is None:
        raise DataError(
            f"{file.path} has {len(names)} sheets, {listed}; choose one: sheet={names[0]!r} (--sheet {names[0]!r})."
            if names
            else f"{file.path} has no sheet of cells."
        )
    if asked not in names:
        raise DataError(f"{file.path} has no sheet {asked!r}; it has {listed or 'none'}.{suggestion(asked, names)}")
    return asked


def _filled(sheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    """The rows that hold a value, with their numbers."""
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        if any(cell.value is not None for cell in cells):
            yield number, cells


def _named(
    file: SourceFile, rows: Iterator[tuple[int, Sequence[Any]]]
) -> tuple[list[str | None], Iterator[tuple[int, Sequence[Any]]]]:
    """The names of the columns, None for one without, and the rows of data."""
    first = next(rows, None)
    if first is None:
        return [], rows
    if not file.options.header:
        return [str(number) for number in range(1, len(first[1]) + 1)], itertools.chain([first], rows)
    return [None if cell.value is None else str(cell.value).strip() or None for cell in first[1]], rows


def _value(cells: Sequence[Any], place: int) -> Any:
    """The value of a cell; a `DataError` for a formula that failed."""
    if place >= len(cells):
        return None
    cell = cells[place]
    if cell.data_type == ERROR_TYPE:
        return DataError(f"holds the error {cell.value}; correct its formula.")
    return cell.value


def _plain(cells: Sequence[Any], place: int) -> Any:
    return cells[place].value if place < len(cells) else None


def _as_text(sheet: Any, value: str) -> Any:
    """A cell that holds a text, also where it looks like a formula."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    return cell
