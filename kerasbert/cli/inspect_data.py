"""`kerasbert inspect DATA`: what a data file holds, as lines and tables, as JSON, or as a page."""

import dataclasses
import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerasbert._core.files import FILE_MARK, atomic_file_write, check_output_file
from kerasbert.cli.options import say
from kerasbert.cli.standard_streams import printable
from kerasbert.cli.tables import print_table
from kerasbert.reading._files import COMPRESSED
from kerasbert.reading.formats import FORMATS
from kerasbert.reading.inspection import DataInspection, InspectOptions, inspect_data
from kerasbert.reading.read_options import READ_OPTIONS

# Of `inspect`: options that only a data file is looked at by.
DATA_ONLY = (
    *(field.name for field in dataclasses.fields(InspectOptions) if field.name != "max_length"),
    *READ_OPTIONS,
    *READ_OPTIONS,
    *("against", "report", "overwrite", "as_json"),
)
MOST_LABELS = 30


def is_data_file(source: str) -> bool:
    """Whether a path is that of a data file, by its ending."""
    return not os.path.isdir(source) and source.lower().removesuffix(COMPRESSED).endswith(tuple(FORMATS))


def show_data(
    source: str,
    options: Mapping[str, Any],
    against: Path | None,
    report: Path | None,
    *,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Inspect a data file, and print or write what was found; see `inspect_data`."""
    if report is not None:
        check_output_file(report, overwrite)
    inspection = inspect_data(source, against=against, **options)
    if report is not None:
        from kerasbert.evaluation.inspection_page import inspection_page

        with atomic_file_write(report, overwrite=overwrite) as beside:
            marked = f"{inspection_page(inspection)}<!-- {FILE_MARK.decode()} -->\n"
            beside.write_text(marked, encoding="utf-8")
        say(f"The page is at {report}")
    if as_json:
        print(json.dumps(inspection.to_dict(), indent=2, ensure_ascii=False))
    else:
        _print(inspection)


def _print(inspection: DataInspection) -> None:
    for line in inspection.sentences():
        print(printable(line))
    if inspection.labels:
        total = max(inspection.num_texts, 1)
        rows: list[list[Any]] = [
            [name, f"{count:,}", f"{count / total:.1%}"] for name, count in inspection.labels.items()
        ]
        shown = (
            rows
            if len(rows) <= MOST_LABELS
            else [*rows[: MOST_LABELS - 1], [f"... and {len(rows) - MOST_LABELS + 1} more", "", ""]]
        )
        print_table("", ("label", "texts", "share"), shown)
    for note in inspection.notes:
        print(printable(f"Note: {note}"))
    print(printable(inspection.training()))
    if inspection.command:
        print(printable(f"  {shlex.join(inspection.command)}"))
