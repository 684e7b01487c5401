"""Data files by path or pattern, and what has changed of them."""

import glob
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import frame_columns, shorten
from kerasbert._core.errors import DataError
from kerasbert._core.paths import local_path
from kerasbert.reading._files import PATTERN, SourceFile, check_file, look_at
from kerasbert.reading.formats import FORMATS, PLAIN_ENDINGS, check_options, format_of
from kerasbert.reading.read_options import DEFAULTS, ReadOptions

NUM_LISTED = 3
SPREADSHEET = " Save it as .xlsx, or as CSV UTF-8."
# The way out for files that hold tables in another form.
OTHER_FORMATS = {
    **dict.fromkeys((".xls", ".xlsm", ".xlsb", ".ods", ".numbers"), SPREADSHEET),
    ".txt": " Where its lines hold cells, name it .tsv or .csv, and say what separates them: delimiter=';' (--delimiter ';').",
    ".spacy": " Write its texts and `cats` as .jsonl first.",
}


def find_sources(patterns: Any, options: ReadOptions = DEFAULTS, *, plain: bool = False) -> list[SourceFile]:
    """The data files that paths and patterns (`*`, `?`, `[...]`, `**`) name, each once, sorted within a pattern.

    Args:
        plain: whether files of one text a line are taken too.
    """
    listed = [patterns] if isinstance(patterns, (str, os.PathLike)) else _listed(patterns)
    paths = dict.fromkeys(path for pattern in listed for path in _expand(os.fspath(pattern)))
    if not paths:
        raise DataError("`sources` must name at least one data file; got none.")
    return [_checked(Path(path), options, plain=plain) for path in paths]


def _listed(patterns: Any) -> list[Any]:
    is_column = isinstance(patterns, Iterable) and not isinstance(patterns, (bytes, Mapping))
    listed = list(patterns) if is_column and frame_columns(patterns) is None else [None]
    if not all(isinstance(pattern, (str, os.PathLike)) for pattern in listed):
        raise TypeError(
            f"`sources` must be a path or pattern, or several; got {shorten(patterns)} of type {type(patterns).__name__}. "
            f"Frames and data sets are trained on in memory, by `TextClassifier.fit(df['text'], df['label'])`."
        )
    return listed


def changes(then: Sequence[SourceFile], now: Iterable[SourceFile]) -> list[str]:
    """How the files of a source differ from what they were, in words; empty when they do not."""
    known = {file.path: file for file in then}
    current = {file.path: file for file in now}
    differ = [f"{path} is new" for path in sorted(current.keys() - known.keys())]
    for path, file in known.items():
        change = file.change() if path in current else "is not among them any more"
        if path in current and current[path].options != file.options:
            change = f"is read {_way(current[path])} instead of {_way(file)}"
        differ += [f"{path} {change}"] if change else []
    return differ


def listing(items: Sequence[str]) -> str:
    """The first few of some items, and how many more there are."""
    more = f" and {len(items) - NUM_LISTED} more" if len(items) > NUM_LISTED else ""
    return "; ".join(items[:NUM_LISTED]) + more


def is_pattern(text: str) -> bool:
    """Whether a path is to be expanded: a file of that very name comes first."""
    return bool(PATTERN.search(text)) and not os.path.exists(text)


def _expand(text: str) -> list[str]:
    local_path(text, error=DataError)
    if not is_pattern(text):
        return [os.path.abspath(text)]
    found = sorted(path for path in glob.glob(text, recursive=True) if os.path.isfile(path))
    if not found:
        raise DataError(f"No file matches {text!r}.")
    return [os.path.abspath(path) for path in found]


def _way(file: SourceFile) -> str:
    return file.options.words() or "as its name says"


def _checked(path: Path, options: ReadOptions, *, plain: bool) -> SourceFile:
    check_file(path, largest=None, empty=True)
    return source_of(path, options, plain=plain)


def source_of(path: Path, options: ReadOptions = DEFAULTS, *, plain: bool = False) -> SourceFile:
    """A data file as it is now, which can be read as the options say; `plain`: or a file of one text a line."""
    file = look_at(path, options)
    if file.suffix not in FORMATS and not (plain and file.suffix in PLAIN_ENDINGS):
        raise DataError(
            f"{path} must end in one of {', '.join(sorted(FORMATS))}, or one of these and .gz; got {shorten(path.name)}."
            f"{OTHER_FORMATS.get(file.suffix, '')}"
        )
    if file.is_compressed and not format_of(file).packs:
        raise DataError(f"{path}: {file.suffix} is compressed inside; unpack it.")
    check_options(file)
    return file
