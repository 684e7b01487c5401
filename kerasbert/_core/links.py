"""Symbolic links in a folder: those that stay inside it or lead into the store that laid it out are followed."""

import os
import re
from pathlib import Path

from kerasbert._core.errors import KerasBertError, UnsafeArtifactError

# Where DVC keeps the content of a file: the first two digits of its MD5, then the others.
DVC_CONTENT = re.compile(r"(files/md5/)?[0-9a-f]{2}/[0-9a-f]{30}")


def stays_inside(folder: Path, file: Path) -> bool:
    """Whether a file resolves to a place inside its folder, or inside the store that laid the folder out.

    Stores are the `blobs` of the same repository in Hugging Face's cache, of whose `snapshots` the folder is a part, and
    the `.dvc/cache` of the project that the folder is in. A projected volume of Kubernetes has its links inside.

    Args:
        folder: the folder.
        file: a path below it.

    Returns:
        False also for links that go in a circle.
    """
    # By os.path, because Path.resolve raises an error of its own where links go in a circle.
    target, inside = Path(os.path.realpath(file)), Path(os.path.realpath(folder))
    if target.is_symlink():
        return False
    return target.is_relative_to(inside) or any(_is_stored(target, parent) for parent in (inside, *inside.parents))


def check_inside(folder: Path, file: Path, *, error: type[KerasBertError] = UnsafeArtifactError) -> None:
    """Refuse a file that a link leads to from a folder and that is not its own.

    Args:
        folder: the folder.
        file: a path below it.
        error: the class of the refusal.

    Raises:
        KerasBertError: of the class `error`, when it is.
    """
    if stays_inside(folder, file):
        return
    if os.path.islink(os.path.realpath(file)):
        raise error(f"{str(file)!r} is missing: it is a link that goes in a circle.")
    raise error(
        f"{str(file)!r} is a link that leads out of the folder; refused. Where the link is meant, copy what it names: "
        f"cp --recursive --dereference."
    )


def _is_stored(target: Path, parent: Path) -> bool:
    """Whether a target is in the store of a parent of the folder, or of the folder itself."""
    if parent.parent.name == "snapshots" and target.parent == parent.parent.parent / "blobs":
        return True
    cache = parent / ".dvc" / "cache"
    return target.is_relative_to(cache) and bool(DVC_CONTENT.fullmatch(target.relative_to(cache).as_posix()))
