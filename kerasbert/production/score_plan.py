"""`ScorePlan`: what a run of `kerasbert score` reads and writes, kept in its folder so that no other run goes on with it."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.errors import ArtifactError, KerasBertError
from kerasbert._core.json_files import check_form, is_count, read_json_object
from kerasbert._core.names import PACKAGE
from kerasbert.reading._files import STANDARD_INPUT, SourceFile, StandardInput
from kerasbert.reading.sources import changes

FORMAT = 1
FORM = {
    "program": str,
    "format": is_count,
    "classifier": str,
    "settings": dict,
    "sources": [{"path": str, "size": is_count, "mtime_ns": int, "sha256": str, "options": dict}],
}


@dataclasses.dataclass(frozen=True)
class ScorePlan:
    """All that decides what the shards hold.

    Args:
        classifier: its fingerprint.
        settings: what is read and written, as plain data.
        sources: the files.
    """

    classifier: str
    settings: Mapping[str, Any]
    sources: Sequence[SourceFile]

    @classmethod
    def read(cls, file: Path) -> "ScorePlan":
        """Read the plan of a folder.

        Raises:
            ArtifactError: when it is none, or of another version.
        """
        try:
            facts = read_json_object(file)
        except KerasBertError as error:
            raise ArtifactError(f"{str(file.parent)!r} holds no plan of `kerasbert score` ({error}).") from error
        check_form(facts, FORM, repr(str(file)))
        if (facts["program"], facts["format"]) != (PACKAGE, FORMAT):
            raise ArtifactError(f"{str(file)!r} is of another version; choose another folder.")
        return cls(facts["classifier"], facts["settings"], [_source(one) for one in facts["sources"]])

    def text(self) -> str:
        """The plan as the content of its file; the files are hashed where they were not yet."""
        hashed = [one if one.sha256 or isinstance(one, StandardInput) else one.hashed() for one in self.sources]
        facts = {
            "program": PACKAGE,
            "format": FORMAT,
            "classifier": self.classifier,
            "settings": self.settings,
            "sources": [dataclasses.asdict(one) for one in hashed],
        }
        return json.dumps(facts, indent=1, ensure_ascii=False) + "\n"

    def differences(self, now: "ScorePlan") -> list[str]:
        """How another run differs from this one, in words; empty where it is the same."""
        found = [] if now.classifier == self.classifier else ["the classifier is another one"]
        for name in dict.fromkeys([*self.settings, *now.settings]):
            then, given = self.settings.get(name), now.settings.get(name)
            found += [] if then == given else [f"`{name}` was {then!r} and is {given!r} now"]
        found += changes(self.sources, now.sources)
        same = [one.path for one in self.sources] == [one.path for one in now.sources]
        return found if found or same else ["the files come in another order"]


def _source(facts: Mapping[str, Any]) -> SourceFile:
    file = SourceFile.from_dict(facts)
    if file.path != STANDARD_INPUT:
        return file
    return StandardInput(options=file.options, ending=str(facts.get("ending", ".txt")))
