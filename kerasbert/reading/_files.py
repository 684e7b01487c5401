r"""What the readers of data files share: a file as it was looked at, its encoding, and what a line is.

A line ends in `\n` or `\r\n`. U+2028, U+0085, a form feed or a `\r` alone end none, and a byte-order mark at the start of
a file is no text.
"""

import contextlib
import dataclasses
import gzip
import hashlib
import io
import os
import re
import stat
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from kerasbert._core.errors import DataError
from kerasbert._core.paths import local_path
from kerasbert.reading.read_options import DEFAULTS, READ_OPTIONS, UTF_8, ReadOptions
from kerasbert.reading.read_options import check_encoding as check_encoding

# Far above any text data that fits the memory of a training machine, far below what a sparse file can claim.
LARGEST_FILE = 16 * 1024**3
# What a file may always unpack to, and from there on at most so many times its size: a repeated value is stored once, so
# that a few kilobytes can hold gigabytes.
ALWAYS_READ = 512 * 1024**2
MOST_TIMES = 1000
STANDARD_INPUT = "standard input"
# What a shell or a reader of many files would expand.
PATTERN = re.compile(r"[*?\[]")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Longest line and cell: what goes beyond it is a file that is cut in no lines, or a quote that is never closed.
LONGEST = 16 * 1024**2
LOST = "the rest of the file cannot be read"
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
COMPRESSED = ".gz"
# The lines of a file with their ends, as bytes of UTF-8; a `DataError` stands for one that cannot be read.
Lines = Iterator[Any]
OTHER_ENCODING = (
    "save the file as UTF-8 (in Excel 'CSV UTF-8'), or name its encoding: encoding='cp1252' (--encoding cp1252) for "
    "Windows-1252, 'latin-1' for Latin-1"
)


@dataclasses.dataclass(frozen=True)
class SourceFile:
    """A data file as it was when it was looked at; `sha256` is empty where it was not computed yet."""

    path: str
    size: int
    mtime_ns: int
    sha256: str = ""
    options: ReadOptions = DEFAULTS

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> "SourceFile":
        """Of the facts that a token cache keeps; older ones keep an encoding and no other option."""
        said = facts.get("options", {"encoding": facts.get("encoding", UTF_8)})
        options = ReadOptions(**{name: said[name] for name in READ_OPTIONS if name in said})
        return cls(facts["path"], facts["size"], facts["mtime_ns"], facts["sha256"], options)

    @property
    def suffix(self) -> str:
        """The ending of the name that tells the format, such as `.csv`, without `.gz`."""
        return os.path.splitext(self.path.lower().removesuffix(COMPRESSED))[1]

    @property
    def is_compressed(self) -> bool:
        """Whether the name ends in .gz."""
        return self.path.lower().endswith(COMPRESSED)

    def hashed(self) -> "SourceFile":
        """The same with its `sha256`."""
        with open(self.path, "rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if look_at(Path(self.path), self.options) != dataclasses.replace(self, sha256=""):
            raise DataError(f"{self.path} was changed while it was read; run it again when nothing writes to it.")
        return dataclasses.replace(self, sha256=digest)

    def change(self) -> str | None:
        """What has become of the file since, in words; None when its content is the same."""
        path = Path(self.path)
        if not path.is_file():
            return "is missing"
        now = look_at(path)
        if now.size != self.size:
            return f"has {now.size} bytes instead of {self.size}"
        if now.mtime_ns != self.mtime_ns and now.hashed().sha256 != self.sha256:
            return "has another content"
        return None


@dataclasses.dataclass(frozen=True)
class StandardInput(SourceFile):
    """Rows on standard input; `ending`, such as `.jsonl`, stands for the name that it has not."""

    path: str = STANDARD_INPUT
    size: int = 0
    mtime_ns: int = 0
    ending: str = ".txt"

    @property
    def suffix(self) -> str:
        """The ending of the name that tells the format."""
        return self.ending

    @property
    def is_compressed(self) -> bool:
        """False: what comes is taken as it is."""
        return False

    def change(self) -> str | None:
        """None: what comes cannot be looked at before it is read."""
        return None


def look_at(path: Path, options: ReadOptions = DEFAULTS) -> SourceFile:
    """A file as it is now, without its hash."""
    status = path.stat()
    return SourceFile(os.path.abspath(path), status.st_size, status.st_mtime_ns, options=options)


def open_bytes(file: SourceFile) -> Any:
    """The content of a file as a stream of bytes, unpacked."""
    if isinstance(file, StandardInput):
        return contextlib.nullcontext(standard_input())
    return gzip.open(file.path, "rb") if file.is_compressed else open(file.path, "rb")


def standard_input() -> Any:
    """Standard input as bytes; not as text, which would end lines at a carriage return too.

    Raises:
        DataError: when it is closed.
    """
    if sys.stdin is None or sys.stdin.closed:
        raise DataError("Standard input is closed; give a file, or send texts: COMMAND < FILE.")
    stream = sys.stdin.buffer if hasattr(sys.stdin, "buffer") else io.BytesIO(sys.stdin.read().encode("utf-8"))
    return stream if hasattr(stream, "peek") else io.BufferedReader(stream)


def check_start(file: SourceFile, start: bytes) -> int:
    """How many of the first bytes of a text file are no text: those of a byte-order mark."""
    if start[:2] in UTF_16:
        raise DataError(f"{file.path} is UTF-16, not UTF-8; save it as UTF-8.")
    if not start.startswith(BYTE_ORDER_MARK):
        return 0
    check_mark(file.path, file.options.encoding)
    return len(BYTE_ORDER_MARK)


def check_unpacked(file: SourceFile, size: int, limit: int, way_out: str) -> None:
    """Refuse a file that unpacks to far more than its size."""
    if size > limit:
        raise DataError(
            f"{file.path} has {file.size} bytes and unpacks to {size} or more; at most {limit} are read of it. {way_out}"
        )


def unpacked_limit(file: SourceFile) -> int:
    """Most bytes that a compressed file may unpack to."""
    return max(ALWAYS_READ, MOST_TIMES * file.size)


def check_file(path: Path, *, largest: int | None = LARGEST_FILE, empty: bool = False) -> None:
    """Refuse what is no regular file with content, before it is opened: a pipe would never answer.

    Args:
        largest: most bytes; None: any number, for what is read piece by piece.
        empty: whether a file of no bytes is let through.
    """
    local_path(path, error=DataError)
    try:
        status = path.stat()
    except FileNotFoundError:
        hint = " Patterns are not expanded; give one file." if PATTERN.search(path.name) else ""
        raise DataError(f"{path} does not exist.{hint}") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if stat.S_ISDIR(status.st_mode):
        raise DataError(f"{path} is a folder; give a data file.")
    if not stat.S_ISREG(status.st_mode):
        raise DataError(f"{path} is not a regular file; give a data file.")
    if status.st_size == 0 and not empty:
        raise DataError(f"{path} is empty (0 bytes).")
    if largest is not None and status.st_size > largest:
        raise DataError(f"{path} has {status.st_size} bytes; at most {largest} are read. Split the file.")


def check_mark(source: str, encoding: str) -> None:
    """Refuse to read a file that begins with UTF-8's byte-order mark in another encoding."""
    if encoding != UTF_8:
        raise DataError(f"{source} begins with the byte-order mark of UTF-8; leave out the encoding {encoding!r}.")


def decode_lines(stream: BinaryIO, source: str, encoding: str = UTF_8) -> Iterator[str]:
    """The lines of a stream, one after the other, without their ends, `\\n` or `\\r\\n`; nothing else ends a line.

    Args:
        source: names it in messages.
    """
    start, name = 0, "UTF-8" if encoding == UTF_8 else encoding
    for number, line in enumerate(iter(lambda: stream.readline(LONGEST + 1), b""), start=1):
        if len(line) > LONGEST:
            raise DataError(f"{source}, line {number}: is longer than {LONGEST} bytes.{carriage_hint(line)}")
        if number == 1 and line.startswith(BYTE_ORDER_MARK):
            check_mark(source, encoding)
        if number == 1 and not line.endswith(b"\n") and b"\r" in line.rstrip(b"\r"):
            raise DataError(
                f"{source} has carriage returns alone (\\r), which end no line; save it with \\n or \\r\\n as line ends."
            )
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError as error:
            raise DataError(
                f"{source} is not {name} at byte {start + error.start}, line {number}; {OTHER_ENCODING}."
            ) from error
        yield (text.removeprefix("\ufeff") if number == 1 else text).removesuffix("\n").removesuffix("\r")
        start += len(line)


class LostError(DataError):
    """After this one nothing of the file can be read."""


def carriage_hint(line: bytes | str) -> str:
    r"""What to say of a line with a `\r` inside, which ends none; empty without."""
    inside = line.rstrip(b"\r\n") if isinstance(line, bytes) else line.rstrip("\r\n").encode("utf-8", "surrogatepass")
    if b"\r" not in inside:
        return ""
    return " It has carriage returns alone (\\r), which end no line; save the file with \\n or \\r\\n as line ends."
