"""Many data files as one source: patterns expanded, formats told by the name, and what tells a change of a file."""

import dataclasses
import glob
import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.checks import frame_columns, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.paths import local_path
from kerasbert.reading._files import PATTERN, UTF_8, check_encoding, check_file

# How the name of a file ends -> its format; each may be followed by ".gz".
FORMATS = {
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".tfrecord": "tfrecord",
    ".tfrecords": "tfrecord",
    ".tsv": "tsv",
}
COMPRESSED = ".gz"
BINARY = ("parquet", "tfrecord")
NUM_LISTED = 3


@dataclasses.dataclass(frozen=True)
class SourceFile:
    """A data file as it was when it was looked at.

    Args:
        path: absolute.
        size: in bytes.
        mtime_ns: time of the last change.
        sha256: of the content; empty where it was not computed yet.
        encoding: of a text file, from `check_encoding`.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str = ""
    encoding: str = UTF_8

    @property
    def format(self) -> str:
        """A value of `FORMATS`."""
        return FORMATS[_suffix(Path(self.path))]

    @property
    def is_compressed(self) -> bool:
        """Whether the name ends in .gz."""
        return self.path.lower().endswith(COMPRESSED)

    def hashed(self) -> "SourceFile":
        """The same with its `sha256`.

        Raises:
            DataError: when the file changed since it was looked at.
        """
        with open(self.path, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if look_at(Path(self.path), self.encoding) != dataclasses.replace(self, sha256=""):
            raise DataError(f"{self.path} was changed while it was read; run it again when nothing writes to it.")
        return dataclasses.replace(self, sha256=digest)

    def change(self) -> str | None:
        """What has become of the file since: words, or None when its content is the same.

        A file of another time but the same size is read to compare its content.
        """
        path = Path(self.path)
        if not path.is_file():
            return "is missing"
        now = look_at(path)
        if now.size != self.size:
            return f"has {now.size} bytes instead of {self.size}"
        if now.mtime_ns != self.mtime_ns and now.hashed().sha256 != self.sha256:
            return "has another content"
        return None


def look_at(path: Path, encoding: str = UTF_8) -> SourceFile:
    """A file as it is now, without its hash."""
    status = path.stat()
    return SourceFile(os.path.abspath(path), status.st_size, status.st_mtime_ns, encoding=encoding)


def find_sources(patterns: Any, encoding: str = UTF_8) -> list[SourceFile]:
    """The data files that some paths and patterns name, each once, in the order of their names within a pattern.

    Args:
        patterns: a path or a pattern with `*`, `?`, `[...]` or `**`, or several of them.
        encoding: of the files, see `check_encoding`.

    Returns:
        The files. Files of no bytes are among them.

    Raises:
        DataError: when a pattern names no file, or a file cannot be read or has another ending.
        TypeError: when they are no paths.

    Example:
        >>> find_sources("no/such/*.csv")
        Traceback (most recent call last):
        ...
        kerasbert._core.errors.DataError: No file matches 'no/such/*.csv'.
    """
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


def _suffix(path: Path) -> str:
    return Path(path.stem).suffix.lower() if path.suffix.lower() == COMPRESSED else path.suffix.lower()


def _checked(path: Path, encoding: str) -> SourceFile:
    check_file(path, largest=None, empty=True)
    return source_of(path, encoding)


def source_of(path: Path, encoding: str = UTF_8) -> SourceFile:
    """A data file as it is now.

    Args:
        path: of a regular file.
        encoding: of a text file, see `check_encoding`.

    Returns:
        The file, without its hash.

    Raises:
        DataError: when its name does not end as that of a format does.
        ConfigError: when an encoding is given that is unknown, or for a file that is no text.
    """
    encoding = check_encoding(encoding)
    if _suffix(path) not in FORMATS:
        raise DataError(
            f"{path} must end in one of {', '.join(sorted(FORMATS))}, or one of these and .gz; got {shorten(path.name)}."
            f"{_format_hint(path)}"
        )
    if FORMATS[_suffix(path)] == "parquet" and path.suffix.lower() == COMPRESSED:
        raise DataError(f"{path}: Parquet is compressed inside; unpack it.")
    if encoding != UTF_8 and FORMATS[_suffix(path)] in BINARY:
        raise ConfigError(f"`encoding` goes with text files; got {encoding!r} with {path}.")
    return look_at(path, encoding)


def _format_hint(path: Path) -> str:
    """The way out for what is often given under another name: JSON lines, and a JSON array."""
    if path.suffix.lower() != ".json":
        return ""
    with open(path, "rb") as stream:
        start = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"[":
        return " It holds a JSON array: write its objects one a line (JSON lines), and name the file .jsonl."
    return f" If it holds JSON lines, one object a line, rename it to {path.stem}.jsonl."
