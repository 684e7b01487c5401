"""What an exported version folder says of itself, read without TensorFlow."""

import json
import os
from pathlib import Path
from typing import Any

from kerasbert._core.files import verify_manifest
from kerasbert._core.strict_json import read_json_object
from kerasbert._version import __version__

DESCRIPTION_FILE = "assets.extra/kerasbert.json"


def write_description(file: Path, classifier: Any, report: dict[str, Any], *, kind: str = "saved_model") -> None:
    """Write what an artefact says of itself.

    Args:
        file: to write; its folder is made if missing.
        classifier: the `TextClassifier`.
        report: of the comparison.
        kind: the artefact's format.
    """
    description = {
        "kerasbert_version": __version__,
        "format": kind,
        "task": classifier.task,
        "max_length": classifier.tokens_.max_length,
        "pad_id": classifier.tokens_.pad_id,
        "heads": {
            name: {
                "task": head.head_task.task,
                "label_names": list(head.label_names),
                "thresholds": [float(value) for value in classifier.thresholds_[name]],
            }
            for name, head in classifier.model_.heads.items()
        },
        "report": report,
    }
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(description, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_export(folder: str | os.PathLike[str]) -> dict[str, Any] | None:
    """What an exported version folder says of itself; None for another folder.

    Raises:
        ArtifactError: when a file was changed or cut since.
        ConfigError: when the description is no JSON.
    """
    folder = Path(folder)
    if not (folder / DESCRIPTION_FILE).is_file():
        return None
    verify_manifest(folder)
    return read_json_object(folder / DESCRIPTION_FILE)
