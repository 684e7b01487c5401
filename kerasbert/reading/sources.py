"""Data files by path or pattern, and what has changed of them."""

import glob
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import frame_columns, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.paths import local_path
from kerasbert.reading._files import PATTERN, UTF_8, SourceFile, check_encoding, check_file, look_at
from kerasbert.reading.formats import FORMATS, format_of

NUM_LISTED = 3


def find_sources(patterns: Any, encoding: str = UTF_8) -> list[SourceFile]:
    """The data files that paths and patterns (`*`, `?`, `[...]`, `**`) name, each once, sorted within a pattern."""
    listed = [patterns] if isinstance(patterns, (str, os.PathLike)) else _listed(patterns)
    paths = dict.fromkeys(path for pattern in listed for path in _expand(os.fspath(pattern)))
    if not paths:
        raise DataError("`sources` must name at least one data file; got none.")
    return [_checked(Path(path), encoding) for path in paths]


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
        if path in current and current[path].encoding != file.encoding:
            change = f"is read as {current[path].encoding} instead of {file.encoding}"
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


def _checked(path: Path, encoding: str) -> SourceFile:
    check_file(path, largest=None, empty=True)
    return source_of(path, encoding)


def source_of(path: Path, encoding: str = UTF_8) -> SourceFile:
    """A data file as it is now."""
    file = look_at(path, check_encoding(encoding))
    if file.suffix not in FORMATS:
        raise DataError(
            f"{path} must end in one of {', '.join(sorted(FORMATS))}, or one of these and .gz; got {shorten(path.name)}."
            f"{_format_hint(path)}"
        )
    if file.is_compressed and not format_of(file).packs:
        raise DataError(f"{path}: Parquet is compressed inside; unpack it.")
    if file.encoding != UTF_8 and not format_of(file).is_text:
        raise ConfigError(f"`encoding` goes with text files; got {encoding!r} with {path}.")
    return file


def _format_hint(path: Path) -> str:
    """The way out for what is often given under another name: JSON lines, and a JSON array."""
    if path.suffix.lower() != ".json":
        return ""
    with open(path, "rb") as stream:
        start = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"[":
        return " It holds a JSON array: write its objects one a line (JSON lines), and name the file .jsonl."
    return f" If it holds JSON lines, one object a line, rename it to {path.stem}.jsonl."
