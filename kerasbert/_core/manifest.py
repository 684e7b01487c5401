"""`manifest.json`: sizes and hashes of a folder's files, to verify it and to decide whether it may be replaced."""

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError
from kerasbert._core.json_files import read_json_object
from kerasbert._core.locks import read_locked
from kerasbert._core.names import MANIFEST_FILE, PACKAGE
from kerasbert._core.paths import check_inside


class Kind(NamedTuple):
    """A kind of output folder: its name in messages, and files that identify it where a manifest names no kind."""

    words: str
    marks: frozenset[str]


KINDS = {
    "checkpoint": Kind("a training checkpoint", frozenset({"state.json", "state.safetensors"})),
    "classifier": Kind("a saved classifier", frozenset({"classifier.json", "model.safetensors"})),
    "discovery": Kind("discovered subclasses", frozenset({"subclasses.html", "subclasses.json"})),
    "explanation": Kind("an explanation", frozenset({"explanation.html", "explanation.json"})),
    "features": Kind("extracted features", frozenset({"features.json"})),
    "huggingface": Kind("a Hugging Face export", frozenset({"config.json", "parity.json"})),
    "layers": Kind("scores of layers", frozenset({"layers.json", "layers.png"})),
    "monitor": Kind("the state of a monitor", frozenset({"monitor.json"})),
    "onnx": Kind("an ONNX export", frozenset({"kerasbert.json", "model.onnx"})),
    "predictions": Kind("predictions of files", frozenset({"score.json", "summary.json"})),
    "probe": Kind("a probe", frozenset({"probe.json", "probe.png"})),
    "report": Kind("a report", frozenset({"metrics.json", "report.html"})),
    "saved_model": Kind("an exported SavedModel", frozenset({"assets.extra/kerasbert.json", "saved_model.pb"})),
    "tflite": Kind("a TFLite export", frozenset({"kerasbert.json", "model.tflite"})),
    "tokens": Kind("a token cache", frozenset({"cache.json"})),
    # Last, because other kinds have these files too.
    "encoder": Kind("a saved encoder", frozenset({"config.json", "model.safetensors"})),
}
# Left behind by file managers.
LITTER = frozenset({".DS_Store"})
NUM_NAMED = 3


class Entry(NamedTuple):
    """A file in a manifest: path relative to the folder (with slashes), size in bytes, hash."""

    path: str
    size: int
    sha256: str


class Manifest(NamedTuple):
    """The content of a manifest: the kind of the folder (None if not known) and the files, without the manifest itself."""

    kind: str | None
    entries: list[Entry]

    @property
    def names(self) -> set[str]:
        """Names of all files, with the manifest."""
        return {entry.path for entry in self.entries} | {MANIFEST_FILE}


def words_for(kind: str) -> str:
    """Return what messages call a folder of a kind."""
    return KINDS[kind].words if kind in KINDS else f"a folder of the kind {shorten(kind)}"


def sha256_of(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(folder: Path, kind: str) -> None:
    """Write the manifest of a folder; raises OSError on disk errors."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    entries = [Entry(file.relative_to(folder).as_posix(), file.stat().st_size, sha256_of(file)) for file in files]
    (folder / MANIFEST_FILE).write_text(manifest_text(kind, entries), encoding="utf-8")


def manifest_text(kind: str, entries: Iterable[Entry]) -> str:
    """Return the content of the manifest of a folder with these files."""
    content = {"program": PACKAGE, "kind": kind, "files": [entry._asdict() for entry in entries]}
    return json.dumps(content, indent=2) + "\n"


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a folder.

    Raises:
        ArtifactError: when it is missing, malformed, of another program, or lists a path outside the folder.
    """
    file = folder / MANIFEST_FILE
    if not file.is_file():
        raise ArtifactError(
            f"{str(folder)!r} holds no {MANIFEST_FILE}; it is not a folder saved by kerasbert, or was cut."
        )
    check_inside(folder, file, error=ArtifactError)
    try:
        content = read_json_object(file)
    except (ValueError, OSError) as error:
        raise ArtifactError(f"{str(file)!r} is not a readable manifest ({error}); copy the folder again.") from error
    listed = content.get("files")
    kind = content.get("kind")
    is_kind = isinstance(kind, str) and (kind in KINDS or "program" in content)
    is_ours = content.get("program", PACKAGE) == PACKAGE and (kind is None or is_kind)
    if not is_ours or not isinstance(listed, list) or not listed or not all(map(_is_entry, listed)):
        raise ArtifactError(f"{str(file)!r} is not a readable manifest of kerasbert; copy the folder again.")
    entries = [Entry(one["path"], one["size"], one["sha256"]) for one in listed]
    for entry in entries:
        _check_path(file, entry.path)
    return Manifest(kind or _kind_by_files({entry.path for entry in entries}), entries)


def verify_manifest(path: Path, *, alone: bool = True) -> None:
    """Check the files of a folder against its manifest, byte for byte; `alone` refuses unlisted ones that are not hidden.

    Raises:
        ArtifactError: when the manifest is missing or malformed, a file is missing or changed, a link leads out of the
            folder (see `stays_inside`), or a file is not listed.
    """
    read_locked(path, lambda: _verify(path, alone=alone))


def obstacle(folder: Path, kind: str) -> str | None:
    """Say why a folder may not be replaced by an output of a kind, as the predicate of a sentence; None if it may."""
    if not any(folder.iterdir()):
        return None
    try:
        manifest = read_manifest(folder)
    except ArtifactError:
        return "exists and was not written by kerasbert"
    if manifest.kind is None:
        return "exists, and its manifest does not say that it was written by kerasbert"
    if manifest.kind != kind:
        return f"holds {words_for(manifest.kind)}, and {words_for(kind)} takes the place of another one only"
    found = [shorten(name) for name in unlisted(folder, manifest.names | LITTER, hidden=True)]
    if found:
        more = f" and {len(found) - NUM_NAMED} more" if len(found) > NUM_NAMED else ""
        return f"holds {', '.join(found[:NUM_NAMED])}{more}, which kerasbert did not write; move it elsewhere first"
    return None


def remove_listed(folder: Path) -> bool:
    """Delete the files listed in a folder's manifest, it last, and folders left empty; return whether all is gone."""
    try:
        names = read_manifest(folder).names
    except ArtifactError:
        names = set()
    inside = os.path.realpath(folder)
    for name in [*sorted((names | LITTER) - {MANIFEST_FILE}), MANIFEST_FILE]:
        file = folder / name
        if os.path.realpath(file.parent) == os.path.join(inside, *Path(name).parts[:-1]):
            _remove_quietly(file)
    for parent, _, _ in os.walk(folder, topdown=False):
        _remove_quietly(Path(parent), folder=True)
    return not os.path.lexists(folder)


def unlisted(path: Path, listed: Collection[str], *, hidden: bool) -> Iterator[str]:
    """Find the files of a folder, and its links to folders, that are not listed; paths are relative to the folder.

    `hidden` includes dot files, and links with a listed name.
    """
    for parent, folders, files in os.walk(path):
        inside = Path(parent).relative_to(path)
        shown = [name for name in folders if hidden or not name.startswith(".")]
        links = [name for name in shown if (Path(parent) / name).is_symlink()]
        folders[:] = [name for name in shown if name not in links]
        for name in links:
            if hidden or not _is_listed_folder((inside / name).as_posix(), listed):
                yield (inside / name).as_posix()
        for name in files:
            relative = (inside / name).as_posix()
            is_own = relative in listed and not (hidden and (path / relative).is_symlink())
            if not is_own and (hidden or not name.startswith(".")):
                yield relative


def _verify(path: Path, *, alone: bool) -> None:
    manifest = read_manifest(path)
    for entry in manifest.entries:
        file = path / entry.path
        check_inside(path, file, error=ArtifactError)
        if not file.is_file():
            raise ArtifactError(
                f"Saved model {str(path)!r} lacks the file {entry.path!r} that its manifest lists; copy it again."
            )
        size = file.stat().st_size
        if size != entry.size or sha256_of(file) != entry.sha256:
            raise ArtifactError(
                f"Saved model {str(path)!r} was changed or cut: {entry.path!r} differs from its manifest (expected "
                f"{entry.size} bytes, sha256 {entry.sha256[:12]}...; got {size} bytes). Copy it again."
            )
    for name in unlisted(path, manifest.names, hidden=False) if alone else ():
        raise ArtifactError(
            f"Saved model {str(path)!r} holds {shorten(name)}, which its manifest does not list; move it elsewhere."
        )


def _is_entry(one: Any) -> bool:
    if not isinstance(one, dict) or not {"path", "size", "sha256"} <= set(one):
        return False
    is_size = isinstance(one["size"], int) and not isinstance(one["size"], bool) and 0 <= one["size"] < 2**63
    is_digest = isinstance(one["sha256"], str) and re.fullmatch("[0-9a-f]{64}", one["sha256"]) is not None
    return is_size and is_digest and isinstance(one["path"], str) and bool(one["path"])


def _check_path(file: Path, name: str) -> None:
    path = Path(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or path.as_posix() != name:
        raise ArtifactError(f"{str(file)!r} lists {shorten(name)}, which is outside the folder; refused.")


def _kind_by_files(names: set[str]) -> str | None:
    for kind, (_, marks) in KINDS.items():
        if marks <= names and (kind != "encoder" or marks == names):
            return kind
    return None


def _is_listed_folder(name: str, listed: Collection[str]) -> bool:
    return any(one.startswith(f"{name}/") for one in listed)


def _remove_quietly(path: Path, *, folder: bool = False) -> None:
    try:
        os.rmdir(path) if folder else os.unlink(path)
    except OSError:
        # Left in place; the caller reports it.
        return
