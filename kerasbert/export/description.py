"""The description inside an exported folder or file, read without TensorFlow.

It holds what a program needs that runs the export: task and heads with their labels, thresholds and rules, how long texts
are cut, and how the training data was read.
"""

import os
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert._core.files import verify_manifest
from kerasbert._core.json_files import (
    MAXIMUM_BYTES,
    check_form,
    is_count,
    is_number,
    is_share,
    parse_json_object,
    read_json_object,
)
from kerasbert._core.locks import read_locked
from kerasbert._core.paths import local_path
from kerasbert._core.staging import recover_folder
from kerasbert._version import __version__
from kerasbert.saving.format import METRICS_FORM
from kerasbert.saving.inspection import HeadFacts
from kerasbert.tasks.table import TASKS
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.uncertainty.table import describe_parts

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
    "split_special_tokens?": bool,
    "heads": {...: {"task": str, "label_names": [str], "thresholds": [is_share], "decision?": str}},
    "outputs?": {"builder": str, "arguments": dict},
    "label_kinds?": {...: str},
    "metrics?": METRICS_FORM,
    "uncertainty?": {...: dict},
    "out_of_scope?": {"threshold": is_number, "keep": is_share},
    "report?": dict,
}
TFLITE_SUFFIX, ONNX_SUFFIX = ".tflite", ".onnx"
# Under this name an ONNX file holds its description.
ONNX_KEY = "kerasbert"


def describe(classifier: "TrainedClassifier", kind: str) -> dict[str, Any]:
    """Describe as plain data what a classifier decides and how; `kind` is that of the artefact."""
    from kerasbert.saving.trained_classifier import reading_of

    outputs = classifier.outputs
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
                "decision": head.task.decision,
            }
            for name, head in classifier.model.heads.items()
        },
        "outputs": {"builder": outputs.builder, "arguments": outputs.arguments()},
        "label_kinds": dict(classifier.label_kinds),
        "metrics": reading_of(classifier.metrics),
        **describe_parts(classifier.uncertainty, with_arrays=False),
    }


def described_scope(classifier: "TrainedClassifier") -> dict[str, Any]:
    """Describe, for an export that gives out-of-scope scores, from which score texts are rejected; empty without scores."""
    part = classifier.out_of_scope
    return {} if part is None else {"out_of_scope": {"threshold": part.threshold, "keep": part.keep}}


def vocabulary_lines(tokens: Tokenizer) -> str:
    """Return the vocabulary as a text whose line n is token n, also where it leaves ids out."""
    token_of = {number: token for token, number in tokens.backend.get_vocab().items()}
    return "".join(token_of.get(number, "") + "\n" for number in range(tokens.vocabulary_size))


def is_exported_file(path: Path) -> bool:
    """Return whether a path is that of a lone TFLite or ONNX file."""
    return path.suffix.lower() in (TFLITE_SUFFIX, ONNX_SUFFIX) and path.is_file()


def is_export(path: Path) -> bool:
    """Return whether a path is a lone TFLite or ONNX file or a folder that describes itself as an export."""
    return is_exported_file(path) or any((path / name).is_file() for name in (DESCRIPTION_FILE, FLAT_DESCRIPTION_FILE))


def heads_in(description: Mapping[str, Any]) -> list[HeadFacts]:
    """List the heads of an export, from its description."""
    return [
        HeadFacts(name, head["task"], tuple(head["label_names"]), _used_thresholds(head))
        for name, head in description["heads"].items()
    ]


def _used_thresholds(head: Mapping[str, Any]) -> tuple[float, ...]:
    task = TASKS.get(head["task"])
    return tuple(head["thresholds"]) if task is None or task.uses_thresholds else ()


def read_export(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """Read the description of an exported folder, or of a lone `.tflite` or `.onnx`; None for others.

    Raises:
        ArtifactError: when a file was changed or cut since, or the description is malformed.
        ConfigError: when it is an ONNX file and the package `onnx` is missing.
    """
    path = local_path(path, error=ArtifactError)
    if is_exported_file(path):
        return _read_file(path)
    recover_folder(path)
    for name in (DESCRIPTION_FILE, FLAT_DESCRIPTION_FILE):
        if (path / name).is_file():
            return read_locked(path, partial(_read_description, path, path / name))
    return None


def _read_description(folder: Path, file: Path) -> dict[str, Any]:
    verify_manifest(folder)
    try:
        description = read_json_object(file)
    except ConfigError as error:
        raise ArtifactError(f"{str(folder)!r} cannot be read: {error}") from error
    check_form(description, FORM, repr(str(file)))
    return description


def _read_file(file: Path) -> dict[str, Any] | None:
    content = _attached(file) if file.suffix.lower() == TFLITE_SUFFIX else _onnx_metadata(file)
    if content is None:
        return None
    try:
        description = parse_json_object(content, f"the description in {file}")
    except ConfigError as error:
        raise ArtifactError(f"{error} Copy the file again.") from error
    check_form(description, FORM, f"the description in {str(file)!r}")
    return description


def _attached(file: Path) -> bytes | None:
    """Return the description that is attached to a TFLite file as a zip; None where there is none."""
    try:
        with zipfile.ZipFile(file) as attached:
            size = attached.getinfo(FLAT_DESCRIPTION_FILE).file_size
            if size > MAXIMUM_BYTES:
                raise ArtifactError(
                    f"{str(file)!r} claims a description of {size:,} bytes; a whole one has at most {MAXIMUM_BYTES:,}."
                )
            return attached.read(FLAT_DESCRIPTION_FILE)
    except (zipfile.BadZipFile, KeyError):
        return None
    except (OSError, ValueError, NotImplementedError) as error:
        raise ArtifactError(
            f"What is attached to {str(file)!r} cannot be read: {error}; copy the file again."
        ) from error


def _onnx_metadata(file: Path) -> bytes | None:
    """Return the description in the metadata of an ONNX file; None where there is none."""
    try:
        import onnx
    except ImportError as error:
        raise ConfigError("An ONNX file is read with the package onnx: pip install 'kerasbert[onnx]'.") from error
    try:
        model = onnx.load(str(file), load_external_data=False)
    except Exception as error:  # protobuf's own, which is of no public class
        raise ArtifactError(f"{str(file)!r} is no ONNX file, or was cut: {error}") from error
    return next((entry.value.encode() for entry in model.metadata_props if entry.key == ONNX_KEY), None)
