"""Save matplotlib figures atomically."""

import os
from pathlib import Path
from typing import Any

from kerasbert._core.errors import ConfigError
from kerasbert._core.files import FILE_MARK, atomic_file_write, check_output_file

# File suffix -> metadata field that marks the file as kerasbert's.
MARKED = {".pdf": "Creator", ".png": "Software", ".svg": "Creator"}


def check_picture_file(file: str | os.PathLike[str], *, known: bool = False) -> Path:
    """Check, before any work is done, that a picture can be written; see `check_output_file`."""
    if Path(file).suffix.lower() not in MARKED:
        raise ConfigError(f"`file` must end in .pdf, .png or .svg; got {str(file)!r}.")
    return check_output_file(file, known=known)


def save_figure(figure: Any, file: str | os.PathLike[str], *, dpi: int = 150, known: bool = False) -> None:
    """Write a matplotlib figure atomically."""
    path = check_picture_file(file, known=known)
    with atomic_file_write(path, known=known) as beside:
        figure.savefig(beside, dpi=dpi, metadata={MARKED[path.suffix.lower()]: FILE_MARK.decode()})
