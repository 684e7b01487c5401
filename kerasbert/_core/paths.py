"""Paths that a user or a file gives: local ones are accepted, and links may not lead out of their folder."""

import os
import re
from pathlib import Path

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, ConfigError, KerasBertError, UnsafeArtifactError

# `Path` collapses a double slash. A Windows drive has one letter, a scheme has more.
ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.*)", re.DOTALL)
# Scheme -> command that copies a folder from its first argument to its second.
COPY_COMMANDS = {
    "abfs": "azcopy copy --recursive",
    "abfss": "azcopy copy --recursive",
    "gs": "gcloud storage cp --recursive",
    "hdfs": "hdfs dfs -cp",
    "s3": "aws s3 cp --recursive",
    "s3a": "hadoop fs -cp",
}
# Path of a file's content in a DVC cache: the first two digits of its MD5, then the rest.
DVC_CONTENT = re.compile(r"(files/md5/)?[0-9a-f]{2}/[0-9a-f]{30}")


def local_path(value: str | os.PathLike[str], *, error: type[KerasBertError] = ConfigError) -> Path:
    """Return a path to read from, unchanged, if it is local: no URL such as `gs://bucket/folder`, and without a NUL."""
    _refuse_address(value, error, writes=False)
    return Path(value)


def local_output(value: str | os.PathLike[str]) -> Path:
    """Return a path to write to as an absolute path; of a link its target, so that the link is kept.

    Raises:
        ArtifactError: when it is a URL such as `gs://bucket/folder`, has no last component, contains a NUL, or is a
            dangling link.
    """
    _refuse_address(value, ArtifactError, writes=True)
    path = Path(value)
    if path.is_symlink() or path.name in ("", ".."):
        path = Path(os.path.realpath(path))
        if not path.name:
            raise ArtifactError(f"Output {str(value)!r} must be a folder of its own; give it a name below that one.")
        if Path(value).is_symlink() and not path.exists():
            raise ArtifactError(
                f"Output {str(value)!r} is a link to {str(path)!r}, which is not there; remove the link."
            )
    return path.absolute()


def _refuse_address(value: str | os.PathLike[str], error: type[KerasBertError], *, writes: bool) -> None:
    text = os.fspath(value)
    text = os.fsdecode(text) if isinstance(text, bytes) else text
    if "\0" in text:
        raise error(f"A path must hold no NUL character; got {shorten(text)}.")
    found = ADDRESS.match(text)
    if found is None:
        return
    scheme, rest = found[1].lower(), found[2]
    address = f"{scheme}://{rest}"
    if scheme == "file":
        local = "/" + rest.lstrip("/")
        raise error(f"{address!r} is an address; give the local path without file://, such as {local!r}.")
    verb = "writes to" if writes else "reads"
    raise error(
        f"{address!r} is no local path, and kerasbert {verb} local ones only. {_way_out(scheme, address, writes=writes)}"
    )


def _way_out(scheme: str, address: str, *, writes: bool) -> str:
    if scheme == "hf":
        return f"Give the name as the hub has it, {address.removeprefix('hf://')!r}, or a local folder."
    command = COPY_COMMANDS.get(scheme)
    if command is None:
        wanted = "Write to a local folder, then copy it there" if writes else "Copy it to this machine first"
        return f"{wanted} with the storage's own program."
    if writes:
        return f"Write to a local folder, then copy it: {command} FOLDER {address}"
    return f"Copy it to this machine first: {command} {address} FOLDER"


def stays_inside(folder: Path, file: Path) -> bool:
    """Whether a file resolves inside its folder, or inside the store that the folder links to; False for link loops.

    Stores are the `blobs` next to a `snapshots` folder of Hugging Face's cache, and the `.dvc/cache` of a surrounding
    project. The links of a Kubernetes projected volume stay inside the folder.
    """
    # os.path.realpath, because Path.resolve raises its own error on link loops.
    target, inside = Path(os.path.realpath(file)), Path(os.path.realpath(folder))
    if target.is_symlink():
        return False
    return target.is_relative_to(inside) or any(_is_stored(target, parent) for parent in (inside, *inside.parents))


def check_inside(folder: Path, file: Path, *, error: type[KerasBertError] = UnsafeArtifactError) -> None:
    """Refuse a file whose link leads out of its folder; see `stays_inside`."""
    if stays_inside(folder, file):
        return
    if os.path.islink(os.path.realpath(file)):
        raise error(f"{str(file)!r} is missing: it is a link that goes in a circle.")
    raise error(
        f"{str(file)!r} is a link that leads out of the folder; refused. Where the link is meant, copy what it names: "
        f"cp --recursive --dereference."
    )


def _is_stored(target: Path, parent: Path) -> bool:
    """Whether a link target lies in the Hugging Face or DVC store of a folder."""
    if parent.parent.name == "snapshots" and target.parent == parent.parent.parent / "blobs":
        return True
    cache = parent / ".dvc" / "cache"
    return target.is_relative_to(cache) and bool(DVC_CONTENT.fullmatch(target.relative_to(cache).as_posix()))
