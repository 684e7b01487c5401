"""The description inside an exported folder, read without TensorFlow."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert._core.files import verify_manifest
from kerasbert._core.json_files import check_form, is_count, is_share, read_json_object
from kerasbert._core.locks import read_locked
from kerasbert._core.paths import local_path
from kerasbert._core.staging import recover_folder
from kerasbert._version import __version__
from kerasbert.tokenization.tokenizer import Tokenizer

if TYPE_CHECKING:
    from kerasbert.saving.trained_classifier import TrainedClassifier

DESCRIPTION_FILE = "assets.extra/kerasbert.json"
# Of a folder with an ONNX or TFLite file, and inside the latter.
FLAT_DESCRIPTION_FILE = "kerasbert.json"
FORM = {
    "format": str,
    "task": str,
    "max_length": is_count,
    "pad_id": is_count,
    "heads": {...: {"task": str, "label_names": [str], "thresholds": [is_share]}},
    "report": dict,
}


def describe(classifier: "TrainedClassifier", kind: str) -> dict[str, Any]:
    """Describe as plain data what a classifier decides and how; `kind` is that of the artefact."""
    return {
        "kerasbert_version": __version__,
        "format": kind,
        "task": classifier.task,
        "max_length": classifier.tokenizer.max_length,
        "pad_id": classifier.tokenizer.pad_id,
        "split_special_tokens": classifier.tokenizer.split_special_tokens,
        **({"prompt": classifier.tokenizer.prompt} if classifier.tokenizer.prompt else {}),
        "heads": {
            name: {
                "task": head.task.name,
                "label_names": list(head.label_names),
                "thresholds": [float(value) for value in classifier.thresholds[name]],
            }
            for name, head in classifier.model.heads.items()
        },
    }


def vocabulary_lines(tokens: Tokenizer) -> str:
    """Return the vocabulary as a text whose line n is token n, also where it leaves ids out."""
    token_of = {number: token for token, number in tokens.backend.get_vocab().items()}
    return "".join(token_of.get(number, "") + "\n" for number in range(tokens.vocabulary_size))


def read_export(folder: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Read the description of an exported folder; None for another folder.

    Raises:
        ArtifactError: when a file was changed or cut since, or the description is malformed.
    """
    folder = local_path(folder, error=ArtifactError)
    recover_folder(folder)
    for name in (DESCRIPTION_FILE, FLAT_DESCRIPTION_FILE):
        if (folder / name).is_file():
            return read_locked(folder, partial(_read_description, folder, folder / name))
    return None


def _read_description(folder: Path, file: Path) -> dict[str, Any]:
    verify_manifest(folder)
    try:
        description = read_json_object(file)
    except ConfigError as error:
        raise ArtifactError(f"{str(folder)!r} cannot be read: {error}") from error
    check_form(description, FORM, repr(str(file)))
    return description
