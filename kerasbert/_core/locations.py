"""Check user paths: local ones are accepted, addresses of remote storage are refused with the command that copies."""

import os
import re
from pathlib import Path

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, ConfigError, KerasBertError

# `Path` makes one slash of two. A drive of Windows has one letter, and a scheme more.
ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.*)", re.DOTALL)
# Scheme -> the command that copies a folder, from its first argument to its second.
COPY_COMMANDS = {
    "abfs": "azcopy copy --recursive",
    "abfss": "azcopy copy --recursive",
    "gs": "gcloud storage cp --recursive",
    "hdfs": "hdfs dfs -cp",
    "s3": "aws s3 cp --recursive",
    "s3a": "hadoop fs -cp",
}


def local_path(value: str | os.PathLike[str], *, error: type[KerasBertError] = ConfigError) -> Path:
    """A path to read from.

    Args:
        value: what the user gave.
        error: the class of the refusal.

    Returns:
        The path, as it was given.

    Raises:
        KerasBertError: of the class `error`, when it is an address such as `gs://bucket/folder`, or holds a NUL.

    Example:
        >>> local_path("data/train.csv").name
        'train.csv'
    """
    _refuse_address(value, error, writes=False)
    return Path(value)


def local_output(value: str | os.PathLike[str]) -> Path:
    """A path to write to.

    Args:
        value: what the user gave.

    Returns:
        The path, absolute. Where it is a link, the place that it names, so that the link stays.

    Raises:
        ArtifactError: when it is an address such as `gs://bucket/folder`, has no name of its own, holds a NUL, or is a
            link to nowhere.

    Example:
        >>> local_output("gs://bucket/model")
        Traceback (most recent call last):
        ...
        kerasbert._core.errors.ArtifactError: 'gs://bucket/model' is no local path, and kerasbert writes to local ones \
only. Write to a local folder, then copy it: gcloud storage cp --recursive FOLDER gs://bucket/model
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
