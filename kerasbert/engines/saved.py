"""Take the engine of a saved classifier: beside its model, or alone, without TensorFlow and Keras."""

import dataclasses
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, final

import numpy as np

from kerasbert._core.errors import ArtifactError
from kerasbert._core.files import verify_manifest
from kerasbert._core.locks import read_locked
from kerasbert._core.paths import local_path
from kerasbert._core.staging import recover_folder
from kerasbert.caching.cache import PredictionCache
from kerasbert.caching.columns import known_or_computed
from kerasbert.engines.compiled import CompiledEngine
from kerasbert.engines.engine_file import MODEL_FILE, EngineFacts, read_facts
from kerasbert.engines.runtimes import check_engine, check_precision
from kerasbert.labels.kinds import NAMES, kind_for
from kerasbert.saving.answers import DeclaredAnswers
from kerasbert.saving.format import CLASSIFIER_FILE
from kerasbert.saving.inspection import (
    check_is_folder,
    outputs_and_description,
    read_long_texts,
    read_metrics,
    thresholds_of,
)
from kerasbert.tasks.outputs import Outputs
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_settings import splits_special_tokens
from kerasbert.uncertainty.fitted import FittedPart
from kerasbert.uncertainty.out_of_scope import OutOfScope
from kerasbert.uncertainty.table import KEY as UNCERTAINTY
from kerasbert.uncertainty.table import read_parts

if TYPE_CHECKING:
    from kerasbert.saving.trained_classifier import TrainedClassifier


@final
@dataclasses.dataclass(frozen=True, eq=False)
class EngineClassifier(DeclaredAnswers):
    """A saved classifier that answers by its engine alone, out-of-scope scores aside; made by `open_with_engine`.

    Args:
        declared, thresholds, label_kinds, metrics, uncertainty: see `DeclaredAnswers`.
        tokenizer: of the classifier.
        engine: what computes.
        cache: where results are kept, so that no text is computed twice; None: nowhere.

    Example:
        >>> open_with_engine("models/intents", "openvino").predict_proba(["Where is my parcel?"])  # doctest: +SKIP
        array([[0.98, 0.02]], dtype=float32)
    """

    tokenizer: Tokenizer
    engine: CompiledEngine
    cache: PredictionCache | None = None

    @property
    def classes(self) -> Any:
        """Labels in the order of the probabilities' columns; a dict by head for several heads."""
        return self.outputs.classes(self.label_kinds)

    def without_cache(self) -> Self:
        """See `Answers.without_cache`."""
        return dataclasses.replace(self, cache=None)

    def probabilities(self, texts: Sequence[str], text_pairs: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """See `Answers.probabilities`."""
        tokens: Any = self.tokenizer.encode(texts, text_pairs)
        widths = {head: task.units for head, task in self.outputs.tasks.items()}

        def compute(part: Any) -> dict[str, np.ndarray]:
            return self.engine.run(part)[0]

        return known_or_computed(self.cache, lambda: self.engine.state, "probabilities", tokens, widths, compute)


def open_with_engine(folder: str | os.PathLike[str], engine: str, *, threads: int | None = None) -> EngineClassifier:
    """Open a saved classifier to answer by the engine that it was saved with; loads neither TensorFlow nor Keras.

    Args:
        folder: written by `TextClassifier.save` after `compile_for_inference`, or by `kerasbert compile`.
        engine: `"openvino"` or `"onnxruntime"`.
        threads: that compute, >= 1; None leaves their number to the engine.

    Raises:
        ArtifactError: when the folder is missing or was changed, or has no such engine.
        ConfigError: when the engine is unknown or not installed, or this processor lacks its precision.

    Example:
        >>> open_with_engine("models/intents", "openvino").predict(["Where is my parcel?"])  # doctest: +SKIP
        array(['shipping'], dtype=object)
    """
    check_engine(engine, threads)
    folder = local_path(folder, error=ArtifactError)
    recover_folder(folder)
    check_is_folder(folder)
    return read_locked(folder, lambda: _open(folder, engine, threads))


def with_saved_engine(
    trained: "TrainedClassifier", folder: Path, engine: str, *, threads: int | None = None
) -> "TrainedClassifier":
    """Return a classifier that was loaded from a folder with the engine that lies there.

    Raises:
        ArtifactError: as `open_with_engine`, and when the engine was made from other weights.
        ConfigError: as `open_with_engine`.
    """
    from kerasbert.classifiers.fingerprint import weights_fingerprint

    check_engine(engine, threads)
    facts = _checked_facts(folder, engine)
    if facts.weights != weights_fingerprint(trained.model):
        raise ArtifactError(f"{str(folder)!r} holds an engine of other weights than its own; compile it again.")
    own: Any = {"pad_id": trained.tokenizer.pad_id, "threads": threads, "model": trained.model}
    return dataclasses.replace(trained, engine=CompiledEngine(folder / MODEL_FILE, facts, trained.outputs, **own))


def _open(folder: Path, engine: str, threads: int | None) -> EngineClassifier:
    verify_manifest(folder)
    outputs, description = outputs_and_description(folder)
    facts = _checked_facts(folder, engine)
    kinds = description.get("label_kinds", {})
    tokenizer = Tokenizer.from_folder(
        folder,
        max_length=_max_length(description, folder),
        long_texts=read_long_texts(description.get("settings", {}), folder),
        split_special_tokens=splits_special_tokens(folder),
    )
    return EngineClassifier(
        outputs,
        thresholds_of(description, outputs, folder / CLASSIFIER_FILE),
        {head: kind_for(kinds.get(head, NAMES), task.label_names) for head, task in outputs.tasks.items()},
        read_metrics(folder),
        tokenizer,
        CompiledEngine(folder / MODEL_FILE, facts, outputs, pad_id=tokenizer.pad_id, threads=threads),
        uncertainty=_uncertainty(description, outputs, folder),
    )


def _uncertainty(description: Mapping[str, Any], outputs: Outputs, folder: Path) -> dict[str, FittedPart]:
    """Read what was fitted beside the weights; out-of-scope scores need hidden states, and are left out."""
    stored = description.get(UNCERTAINTY, {})
    if isinstance(stored, Mapping):
        stored = {name: plain for name, plain in stored.items() if name != OutOfScope.name}
    return read_parts({UNCERTAINTY: stored}, {}, outputs, repr(str(folder / CLASSIFIER_FILE)))


def _checked_facts(folder: Path, engine: str) -> EngineFacts:
    facts = read_facts(folder, engine)
    check_precision(engine, facts.precision)
    return facts


def _max_length(description: Mapping[str, Any], folder: Path) -> int:
    length = description["arguments"].get("max_length")
    if not isinstance(length, int):
        raise ArtifactError(f"{str(folder / CLASSIFIER_FILE)!r} must have a `max_length`; got {length!r}.")
    return length
