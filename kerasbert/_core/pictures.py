"""Save matplotlib figures atomically."""

import os
from pathlib import Path
from typing import Any

from kerasbert._core.errors import ConfigError
from kerasbert._core.files import FILE_MARK, atomic_file_write, check_output_file

# Ending -> the field of the file that bears the mark of kerasbert.
MARKED = {".pdf": "Creator", ".png": "Software", ".svg": "Creator"}


def check_picture_file(file: str | os.PathLike[str], *, known: bool = False) -> Path:
    """Refuse, before any work is done, a picture that could not be written or must not be replaced.

    Args:
        file: .png, .svg or .pdf; only a picture of kerasbert's is replaced.
        known: as for `check_output_file`.

    Returns:
        The path, absolute.

    Raises:
        ArtifactError: when the file cannot be written, or is another's.
        ConfigError: when the ending is another one.
    """
    if Path(file).suffix.lower() not in MARKED:
        raise ConfigError(f"`file` must end in .pdf, .png or .svg; got {str(file)!r}.")
    return check_output_file(file, known=known)


def save_figure(figure: Any, file: str | os.PathLike[str], *, dpi: int = 150, known: bool = False) -> None:
    """Write a figure beside its place and rename it when it is whole.

    Args:
        figure: of matplotlib.
        file: see `check_picture_file`.
        dpi: dots in an inch.
        known: as for `check_output_file`.

    Raises:
        ArtifactError: as `check_picture_file`, and when the disk is full or refuses the write.
        ConfigError: as `check_picture_file`.
    """
    path = check_picture_file(file, known=known)
    with atomic_file_write(path, known=known) as beside:
        figure.savefig(beside, dpi=dpi, metadata={MARKED[path.suffix.lower()]: FILE_MARK.decode()})
