"""Tell what a folder or file holds, without running or loading any of it."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ArtifactError, CheckpointError, ConfigError, KerasBertError
from kerasbert._core.files import checked_member, verify_manifest, words_for
from kerasbert._core.json_files import check_form, is_share, read_json_object
from kerasbert._core.manifest import read_manifest
from kerasbert._core.names import CONFIG_FILE, MANIFEST_FILE, PACKAGE, SAFETENSORS_FILE
from kerasbert._core.staging import recover_folder
from kerasbert.saving.format import CLASSIFIER_FILE, METRICS_FILE, METRICS_FORM, check_description
from kerasbert.tasks.outputs import Outputs
from kerasbert.tasks.plans import outputs_from
from kerasbert.tokenization.long_texts import LongTexts, long_texts_of

LARGEST_ATTACHMENT = 2**30


class HeadFacts(NamedTuple):
    """One head or level of a saved classifier.

    Args:
        name: of the head.
        task: of the head.
        label_names: C names.
        thresholds: the numbers it decides by, C, or 1 of a binary head; empty where the most probable label is taken.
    """

    name: str
    task: str
    label_names: tuple[str, ...]
    thresholds: tuple[float, ...]


def check_is_folder(folder: Path) -> None:
    """Refuse what can be no saved classifier, because it is no folder.

    Raises:
        ArtifactError: naming what to give.
    """
    if not folder.is_dir():
        raise ArtifactError(
            f"Saved model {str(folder)!r} is not a folder; give the folder that `save` or `train` wrote."
        )


def files_of(folder: Path) -> list[tuple[str, int]]:
    """List names, relative to the folder, and bytes of the files in a folder, or of a file itself, by name."""
    if folder.is_file():
        return [(folder.name, folder.stat().st_size)]
    return sorted(
        (file.relative_to(folder).as_posix(), file.stat().st_size) for file in folder.rglob("*") if file.is_file()
    )


def manifest_state(folder: Path) -> tuple[bool | None, str]:
    """Return whether a folder is as it was written, None where there is no manifest; and a sentence."""
    recover_folder(folder)
    if not (folder / MANIFEST_FILE).is_file() or not _is_perhaps_ours(folder):
        return None, "no manifest of kerasbert, so whether files were changed cannot be told"
    try:
        # A tokenizer often comes to an encoder later; a classifier is whole when it is written.
        verify_manifest(folder, alone=not (folder / CONFIG_FILE).is_file())
    except KerasBertError as error:
        return False, str(error)
    return True, "every file is as it was written"


def _is_perhaps_ours(folder: Path) -> bool:
    """Return whether a manifest is not plainly that of another program, such as of a web application."""
    try:
        content = read_json_object(folder / MANIFEST_FILE)
    except KerasBertError:
        return True
    return content.get("program") == PACKAGE or "files" in content


def kind_in_words(folder: Path) -> str | None:
    """Return what kerasbert wrote a folder as, such as "a token cache"; None where that cannot be told."""
    try:
        kind = read_manifest(folder).kind
    except KerasBertError:
        return None
    return None if kind is None else words_for(kind)


def read_classifier_file(folder: Path) -> dict[str, Any]:
    """Read the `classifier.json` of a saved classifier, in the form of the newest version.

    Raises:
        ArtifactError: when the description is malformed.
    """
    file = folder / CLASSIFIER_FILE
    try:
        description = read_json_object(file)
    except ConfigError as error:
        raise ArtifactError(f"{str(file)!r} does not describe a classifier: {error}") from error
    return check_description(description, folder)


def count_parameters(folder: Path) -> int | None:
    """Count the weights in `model.safetensors`, by its header alone; None where there is no such file.

    Raises:
        CheckpointError: when the file is malformed.
    """
    from kerasbert.encoders.checkpoints.safetensors_source import SafetensorsSource

    if not (folder / SAFETENSORS_FILE).is_file():
        return None
    source = SafetensorsSource(folder / SAFETENSORS_FILE, strip_prefix=False)
    return sum(math.prod(map(int, source.shape(name))) for name in source.names())


def outputs_of(folder: Path) -> Outputs:
    """Return what a saved classifier predicts, from its description.

    Raises:
        ArtifactError: when the description is malformed.
    """
    return outputs_and_description(folder)[0]


def read_metrics(folder: Path) -> dict[str, Any]:
    """Read the `metrics.json` of a saved classifier.

    Raises:
        ArtifactError: when it is malformed.
    """
    try:
        metrics = read_json_object(folder / METRICS_FILE)
    except ConfigError as error:
        raise ArtifactError(f"Saved model {str(folder)!r} cannot be read: {error}") from error
    check_form(metrics, METRICS_FORM, repr(str(folder / METRICS_FILE)))
    return metrics


def thresholds_of(description: Mapping[str, Any], outputs: Outputs, file: Path) -> dict[str, np.ndarray]:
    """Return the decision thresholds that a description keeps, (units,) by head; 0.5 where it says nothing.

    Raises:
        ArtifactError: when they are not one number from 0 to 1 for each unit; the message names `file`.
    """
    stored = description.get("thresholds", {})
    thresholds = {}
    for name, task in outputs.tasks.items():
        values = stored.get(name, [0.5] * task.units) if isinstance(stored, Mapping) else None
        if not isinstance(values, list) or len(values) != task.units or not all(map(is_share, values)):
            raise ArtifactError(
                f"{str(file)!r}: thresholds of {name!r} must be {task.units} numbers from 0 to 1; got {shorten(values)}."
            )
        thresholds[name] = np.array(values, dtype=float)
    return thresholds


def read_long_texts(settings: Mapping[str, Any], folder: Path) -> LongTexts:
    """Return what the settings of a saved classifier say of long texts.

    Raises:
        ArtifactError: when they are malformed.
    """
    try:
        return long_texts_of(settings)
    except (ConfigError, TypeError) as error:
        raise ArtifactError(f"{str(folder / CLASSIFIER_FILE)!r} cannot be read: {error}") from error


def read_attachment(folder: Path, name: str) -> bytes:
    """Read a file that is attached to a saved classifier.

    Raises:
        ArtifactError: when it is missing, too large, or its name leads out of the folder.
    """
    try:
        file = checked_member(folder, name)
        if file.stat().st_size > LARGEST_ATTACHMENT:
            raise ArtifactError(
                f"{str(file)!r} has {file.stat().st_size} bytes; at most {LARGEST_ATTACHMENT} are read."
            )
        return file.read_bytes()
    except CheckpointError as error:
        raise ArtifactError(f"Saved model {str(folder)!r} cannot be read: {error}") from error


def heads_of(folder: Path) -> list[HeadFacts]:
    """List the heads of a saved classifier, from its description.

    Raises:
        ArtifactError: when the description is malformed.
    """
    outputs, description = outputs_and_description(folder)
    tasks = outputs.tasks
    try:
        limits = {name: description["thresholds"][name] for name, task in tasks.items() if task.uses_thresholds}
        return [
            HeadFacts(name, task.name, tuple(task.label_names), tuple(map(float, limits.get(name, ()))))
            for name, task in tasks.items()
        ]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _no_classifier(folder, error) from error


def outputs_and_description(folder: Path) -> tuple[Outputs, dict[str, Any]]:
    """Return what a saved classifier predicts, and its description.

    Raises:
        ArtifactError: when the description is malformed.
    """
    description = read_classifier_file(folder)
    try:
        outputs = outputs_from(description["builder"], description["arguments"])
        for name, task in outputs.tasks.items():
            check_form(list(task.label_names), [str], f"the labels of {shorten(name)}")
        return outputs, description
    except ArtifactError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise _no_classifier(folder, error) from error


def _no_classifier(folder: Path, error: Exception) -> ArtifactError:
    file = str(folder / CLASSIFIER_FILE)
    return ArtifactError(f"{file!r} does not describe a classifier ({type(error).__name__}: {error}).")
