"""`open_artefact`: an exported classifier that answers texts as its own runtime computes them, without the classifier.

Each format has one function here, from a folder to `Ask`; decisions, names and scores are those of `Answers`.
"""

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np

from kerasbert._core.checks import check_texts, shorten
from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert._core.names import OUT_OF_SCOPE_SCORE
from kerasbert._core.paths import local_path
from kerasbert.export.comparison import BATCH, Ask, in_units
from kerasbert.export.description import ONNX_SUFFIX, is_exported_file, read_export
from kerasbert.export.litert import TFLITE_FILE, ask_tflite, check_litert, uncut
from kerasbert.export.onnx_runtime import FILES, SCORES, ask_onnx, model_file
from kerasbert.export.onnx_runtime import FOLDER as ONNX_FOLDER
from kerasbert.labels.kinds import NAMES, kind_for
from kerasbert.saving.answers import DeclaredAnswers
from kerasbert.tasks.plans import outputs_from
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.uncertainty.table import read_parts

TOKENIZER_FILE = "tokenizer.json"


@final
@dataclasses.dataclass(frozen=True, eq=False)
class Artefact(DeclaredAnswers):
    """An export, opened to answer texts.

    Args:
        declared, thresholds, label_kinds, metrics, uncertainty: see `DeclaredAnswers`.
        ask: from texts to head -> (n, C) probabilities of all labels.
        export_format: `"saved_model"`, `"tflite"` or `"onnx"`.
        rejects_above: the out-of-scope score above which texts are rejected; None for an export that gives no such scores.

    Example:
        >>> open_artefact("onnx/intents").predict(["where is my parcel"])  # doctest: +SKIP
        array(['shipping'], dtype=object)
    """

    ask: Ask
    export_format: str
    rejects_above: float | None = None

    def probabilities(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Run the export, some texts at a time: head or level name -> float32 (n, units), one unit for a binary head.

        Args:
            texts: n texts.
            text_pairs: None; an export reads single texts.

        Raises:
            ConfigError: when there are text pairs.
            TypeError: when `texts` is one text or holds something else than texts.
        """
        return self._by_head(self._parts(texts, text_pairs))

    def probabilities_and_scores(
        self, texts: Sequence[str], text_pairs: Sequence[str] | None = None
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Run the export once: what `probabilities` gives, and the out-of-scope scores, (n,).

        Raises:
            ConfigError: when it gives no scores, or there are text pairs.
            TypeError: as `probabilities`.
        """
        if self.rejects_above is None:
            return super().probabilities_and_scores(texts, text_pairs)
        parts = self._parts(texts, text_pairs)
        return self._by_head(parts), np.concatenate(
            [np.zeros(0, "float32"), *(part[OUT_OF_SCOPE_SCORE] for part in parts)]
        )

    @property
    def rejection_threshold(self) -> float | None:
        """The score above which texts are rejected; None where there are no scores."""
        return self.rejects_above

    def _parts(self, texts: Sequence[str], text_pairs: Sequence[str] | None) -> list[dict[str, np.ndarray]]:
        if text_pairs:
            raise ConfigError("`text_pairs` must be None for an export, which reads single texts.")
        texts = check_texts("texts", texts)
        return [dict(self.ask(texts[start : start + BATCH])) for start in range(0, len(texts), BATCH)]

    def _by_head(self, parts: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
        tasks = self.outputs.tasks
        empty = {head: np.zeros((0, task.units), "float32") for head, task in tasks.items()}
        return {
            head: np.concatenate([columns, *(in_units(part, empty)[head] for part in parts)])
            for head, columns in empty.items()
        }


def open_artefact(path: str | os.PathLike[str]) -> Artefact:
    """Open an exported folder, or the TFLite or ONNX file in it.

    Args:
        path: what `export_saved_model`, `export_tflite` or `export_onnx` wrote.

    Raises:
        ArtifactError: when it is no such export, was changed since, or an older version wrote it.
        ConfigError: when its runtime is not installed.
    """
    path = local_path(path, error=ArtifactError)
    folder = _folder_of(path)
    description = read_export(folder) or read_export(path)
    if description is None:
        raise ArtifactError(
            f"{str(path)!r} is no export that describes itself; give the folder that `kerasbert export` wrote."
        )
    opener = OPENERS.get(description["format"])
    if opener is None or "outputs" not in description:
        known = ", ".join(OPENERS)
        raise ArtifactError(
            f"{str(path)!r} cannot be run: it must be an export of this version in one of the formats {known}; got "
            f"{shorten(description['format'])} of kerasbert {shorten(description.get('kerasbert_version', '?'))}. Export "
            f"the classifier again."
        )
    ask = opener(folder, description)
    if is_exported_file(path) and path != folder / _own_file(description):
        raise ArtifactError(
            f"{str(path)!r} must be the file that an exported folder is about, {_own_file(description)!r}; give the folder."
        )
    return artefact_of(description, ask)


def _folder_of(path: Path) -> Path:
    """Return the exported folder that a file lies in."""
    if not is_exported_file(path):
        return path
    inside = path.suffix.lower() == ONNX_SUFFIX and path.parent.name == ONNX_FOLDER
    return path.parent.parent if inside else path.parent


def _own_file(description: Mapping[str, Any]) -> str:
    is_onnx = description["format"] == "onnx"
    return model_file(Path(), description["quantize"]).as_posix() if is_onnx else TFLITE_FILE


def artefact_of(description: Mapping[str, Any], ask: Ask) -> Artefact:
    """Return an export by its description.

    Raises:
        ArtifactError: when the description does not describe one.
    """
    try:
        outputs = outputs_from(description["outputs"]["builder"], description["outputs"]["arguments"])
        heads = description["heads"]
        thresholds = {head: np.array(heads[head]["thresholds"], dtype=float) for head in outputs.tasks}
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ArtifactError(
            f"The description of the export does not describe a classifier ({type(error).__name__}: {error})."
        ) from error
    for head, task in outputs.tasks.items():
        if thresholds[head].shape != (task.units,):
            raise ArtifactError(
                f"The description of the export must have {task.units} thresholds of {shorten(head)}; got "
                f"{len(thresholds[head])}."
            )
    kinds, metrics = description.get("label_kinds", {}), description.get("metrics", {})
    kinds = {head: kind_for(kinds.get(head, NAMES), task.label_names) for head, task in outputs.tasks.items()}
    uncertainty = read_parts(description, {}, outputs, "The description of the export")
    rejects_above = description.get("out_of_scope", {}).get("threshold")
    return Artefact(
        outputs, thresholds, kinds, metrics, ask, description["format"], rejects_above, uncertainty=uncertainty
    )


def tokenizer_of(folder: Path, description: Mapping[str, Any], max_length: int) -> Tokenizer:
    """Return the tokenizer that lies beside an export of token ids, cutting texts at `max_length`.

    Raises:
        ArtifactError: when there is none.
    """
    if not (folder / TOKENIZER_FILE).is_file():
        raise ArtifactError(
            f"{str(folder)!r} lacks {TOKENIZER_FILE}, without which a text has no token ids; give the folder that "
            f"`kerasbert export` wrote, or export again."
        )
    splits = description.get("split_special_tokens")
    return Tokenizer.from_folder(folder, max_length=max_length, split_special_tokens=splits)


def _open_saved_model(folder: Path, description: Mapping[str, Any]) -> Ask:
    from kerasbert.export.parity import ask_saved_model

    return ask_saved_model(folder, list(description["heads"]))


def _open_tflite(folder: Path, description: Mapping[str, Any]) -> Ask:
    check_litert()
    length = description.get("report", {}).get("length")
    if isinstance(length, int):
        return ask_tflite(folder, tokenizer_of(folder, description, length), length)
    # A file of open length is given whole texts, which it cuts itself.
    return ask_tflite(folder, uncut(tokenizer_of(folder, description, description["max_length"])), None)


def _open_onnx(folder: Path, description: Mapping[str, Any]) -> Ask:
    for name, known in (("quantize", FILES), ("gives", SCORES)):
        if description.get(name) not in known:
            raise ArtifactError(
                f"The description of {str(folder)!r} must have `{name}`, one of {', '.join(known)}; got "
                f"{shorten(description.get(name))}. Export the classifier again."
            )
    return ask_onnx(folder, tokenizer_of(folder, description, description["max_length"]), description)


OPENERS: dict[str, Callable[[Path, Mapping[str, Any]], Ask]] = {
    "saved_model": _open_saved_model,
    "tflite": _open_tflite,
    "onnx": _open_onnx,
}
