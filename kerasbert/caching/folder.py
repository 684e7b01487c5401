"""The folder of a prediction cache.

prediction_cache.json    program, kind, format, and which file holds the entries
entries-1a2b3c4d.sqlite  the entries, with the files that SQLite keeps beside it
kerasbert.lock           locked while the file of the entries is made or replaced

A damaged file is replaced by one of another name: processes that still have the old one open do the new one no harm, and
change over when they see that `prediction_cache.json` is another one.
"""

import contextlib
import json
import os
import re
import uuid
from pathlib import Path

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert._core.files import atomic_file_write
from kerasbert._core.json_files import is_count, read_json_object
from kerasbert._core.locks import file_locked
from kerasbert._core.manifest import LITTER
from kerasbert._core.names import PACKAGE
from kerasbert._core.paths import local_output
from kerasbert.caching.database import create_database

DESCRIPTION_FILE = "prediction_cache.json"
LOCK_FILE = "kerasbert.lock"
KIND = "prediction cache"
FORMAT = 1
ENTRIES_FILE = re.compile(r"entries-[0-9a-f]{8}\.sqlite")
# What may lie in a folder whose description is not there, because its writer was killed, or not readable.
OWN_FILES = re.compile(
    rf"{ENTRIES_FILE.pattern}(-wal|-shm|-journal)?|{re.escape(LOCK_FILE)}|{re.escape(DESCRIPTION_FILE)}"
    rf"|\.tmp-{re.escape(DESCRIPTION_FILE)}-[0-9a-f]{{8}}"
)


class CacheFolder:
    """The folder, made if it is missing.

    Args:
        path: a folder of a prediction cache, an empty folder, or none yet.

    Raises:
        ArtifactError: when it is a file, holds something else, is of a newer format, or cannot be made.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = local_output(path)
        if os.path.lexists(self.path) and not self.path.is_dir():
            raise ArtifactError(f"`folder` must be a folder; {str(self.path)!r} is a file. Choose another name.")
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self.described_file()
        except OSError as error:
            raise ArtifactError(f"The cache {str(self.path)!r} cannot be made: {error.strerror}.") from error

    def described_file(self) -> Path | None:
        """Return the file of the entries that the description names; None where it is to be made.

        Raises:
            ArtifactError: when the folder holds something else, or is of a newer format.
        """
        description = self.path / DESCRIPTION_FILE
        try:
            content = read_json_object(description)
        except ConfigError:
            self._refuse_others()
            return None
        if content.get("program") != PACKAGE or content.get("kind") != KIND:
            raise ArtifactError(f"{str(description)!r} was not written by kerasbert; choose another folder.")
        version, name = content.get("format"), content.get("entries")
        if is_count(version) and int(version) > FORMAT:  # type: ignore[arg-type]
            raise ArtifactError(
                f"The cache {str(self.path)!r} is of format {version}, and this version of kerasbert knows {FORMAT}; "
                f"install the newer one that wrote it, or choose another folder."
            )
        if version != FORMAT or not isinstance(name, str) or not ENTRIES_FILE.fullmatch(name):
            return None
        file = self.path / name
        return file if file.is_file() and not file.is_symlink() else None

    def renew(self, damaged: Path | None) -> Path:
        """Return the file of the entries, a new empty one unless another process made one meanwhile.

        Args:
            damaged: the file that is to be replaced; None: there is none.

        Raises:
            ArtifactError, OSError, sqlite3.Error: when it cannot be made.
        """
        with file_locked(self.path / LOCK_FILE):
            found = self.described_file()
            if found is not None and found != damaged:
                return found
            file = self.path / f"entries-{uuid.uuid4().hex[:8]}.sqlite"
            create_database(file)
            described = {"program": PACKAGE, "kind": KIND, "format": FORMAT, "entries": file.name}
            with atomic_file_write(self.path / DESCRIPTION_FILE, known=True) as beside:
                beside.write_text(json.dumps(described) + "\n", encoding="utf-8")
            self._remove_all_but(file)
        return file

    def version(self) -> tuple[int, ...] | None:
        """Identify the description, which changes with the file of the entries."""
        try:
            status = os.stat(self.path / DESCRIPTION_FILE)
        except OSError:
            return None
        return (status.st_dev, status.st_ino, status.st_mtime_ns)

    def _refuse_others(self) -> None:
        others = [
            name for name in sorted(os.listdir(self.path)) if not OWN_FILES.fullmatch(name) and name not in LITTER
        ]
        if others:
            raise ArtifactError(
                f"{str(self.path)!r} holds {shorten(others[0])} and is no prediction cache; choose another folder."
            )

    def _remove_all_but(self, file: Path) -> None:
        for name in os.listdir(self.path):
            if name.startswith("entries-") and OWN_FILES.fullmatch(name) and not name.startswith(file.name):
                with contextlib.suppress(OSError):
                    os.unlink(self.path / name)
