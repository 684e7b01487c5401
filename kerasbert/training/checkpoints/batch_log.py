"""A line for each batch that was trained on: `batches.csv`, cut back to the checkpoint when a training is resumed."""

import itertools
import os
import re
import uuid
import zlib
from pathlib import Path
from typing import Any, TextIO, final

import numpy as np

from kerasbert._core.errors import ArtifactError
from kerasbert._core.progress import announce

BATCHES_FILE = "batches.csv"
HEADER = "epoch,batch,rows,checksum,loss\n"
LINE = re.compile(rb"[0-9]{1,18},[0-9]{1,18},[0-9]{1,18},[0-9a-f]{8},[0-9a-z.+-]{1,40}")


@final
class BatchLog:
    """Writes the loss of each batch, and a checksum of the numbers of its rows; epochs and batches count from 1."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / BATCHES_FILE
        self._stream: TextIO | None = None

    def open(self, epoch: int, step: int) -> None:
        """Open for what comes from a batch on; lines of it and of later ones, which will be trained on again, are cut.

        A damaged line, and what is behind it, is left out; the file is kept beside.
        """
        try:
            kept = [line for line in self._whole_lines() if _position(line) < (epoch + 1, step + 1)]
            beside = self.file.with_name(f".tmp-{BATCHES_FILE}")
            beside.write_text(HEADER + "".join(kept), encoding="utf-8")
            os.replace(beside, self.file)
            self._stream = open(self.file, "a", encoding="utf-8")  # noqa: SIM115 - closed by `close`
        except OSError as error:
            raise _unwritable(self.file, error) from error

    def _whole_lines(self) -> list[str]:
        """Return the lines up to the first damaged one, or to half a line at the end; a damaged file is kept beside."""
        if not os.path.lexists(self.file):
            return []
        # What is behind the last line break was cut off when a process was killed.
        lines = self.file.read_bytes().split(b"\n")[:-1] if self.file.is_file() else [b""]
        is_log = lines[:1] in ([], [HEADER.rstrip("\n").encode()])
        whole = list(itertools.takewhile(LINE.fullmatch, lines[1:])) if is_log else []
        if len(lines) > len(whole) + 1 or not is_log:
            aside = self.file.with_name(f"damaged-{uuid.uuid4().hex[:8]}-{BATCHES_FILE}")
            os.rename(self.file, aside)
            announce(f"{str(self.file)!r} is damaged and is kept as {aside.name!r}; its lines are written again.")
        return [f"{line.decode()}\n" for line in whole]

    def write(self, epoch: int, step: int, rows: np.ndarray, loss: float) -> None:
        checksum = zlib.crc32(np.asarray(rows, dtype="<i8").tobytes())
        stream: Any = self._stream
        try:
            stream.write(f"{epoch + 1},{step + 1},{len(rows)},{checksum:08x},{loss!r}\n")
            stream.flush()
        except OSError as error:
            raise _unwritable(self.file, error) from error

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def _position(line: str) -> tuple[int, int]:
    epoch, step = line.split(",")[:2]
    return int(epoch), int(step)


def _unwritable(file: Path, error: OSError) -> ArtifactError:
    return ArtifactError(
        f"{str(file)!r} cannot be written ({error.strerror or error}). Make room and run the same again: it continues."
    )
