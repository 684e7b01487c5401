"""`export_saved_model`: a version folder that TF Serving and plain TensorFlow load, and that takes raw text."""

import os
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from kerasbert._core.checks import check_bool, check_choice, shorten
from kerasbert._core.errors import ArtifactError, ConfigError
from kerasbert._core.files import FolderWriter
from kerasbert._core.names import VOCABULARY_FILE
from kerasbert._core.paths import local_output
from kerasbert.export.canonical_graph import MODEL_FILE, make_canonical, write_fingerprint
from kerasbert.export.comparison import (
    HALF_TOLERANCE,
    TOLERANCE,
    Export,
    check_parity,
    describe_report,
    folder_size,
    stored,
    texts_to_compare,
)
from kerasbert.export.description import DESCRIPTION_FILE, describe, described_scope, vocabulary_lines
from kerasbert.export.parity import count_different_sets, parity_report
from kerasbert.export.precision import in_precision
from kerasbert.export.serving_module import SETS, ServingModule
from kerasbert.export.warmup import WARMUP_FILE, check_serving_api, replay_warmup, write_warmup
from kerasbert.saving.card import CARD_FILE, model_card
from kerasbert.saving.trained_classifier import ClassifierLike, TrainedClassifier, trained_of
from kerasbert.saving.writing import write_json
from kerasbert.uncertainty.sets import PredictionSets

# Largest accepted difference of a probability, by the precision of the encoder.
TOLERANCES = {"float32": TOLERANCE, "bfloat16": HALF_TOLERANCE}
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
LARGEST_VERSION = 2**63 - 1
CLASSIFY_METHOD = "tensorflow/serving/classify"
EXPORTED_CARD_FILE = f"assets.extra/{CARD_FILE}"
USAGE = """A version folder for TensorFlow Serving, which needs TensorFlow alone. In this folder's parent:

```python
import tensorflow

model = tensorflow.saved_model.load(".")
print(model.signatures["serving_default"](text=tensorflow.constant(["a text to label"])))
```"""


def export_saved_model(
    classifier: ClassifierLike,
    folder: str | os.PathLike[str],
    *,
    version: int | str | None = None,
    texts: Sequence[str] | None = None,
    labels: Any = None,
    dtype: str = "float32",
    warmup: bool = True,
    allow_loss: bool = False,
) -> Export:
    """Write a trained classifier as `FOLDER/VERSION/`, beside its place and renamed when it is whole and proven.

    Before the rename the model is loaded back, answers the warm-up requests and is compared with the classifier.

    Args:
        classifier: a trained `TextClassifier`, or its `TrainedClassifier`, of single texts.
        folder: of all versions, such as `saved_models/NAME`, which a server may be watching.
        version: a whole number >= 1; None for the next one. An existing version is never overwritten.
        texts: real texts to compare and warm up with; None takes a few made ones.
        labels: the labels of these texts, as for `fit`, to measure accuracies.
        dtype: `"float32"`, or `"bfloat16"` for a faster encoder on processors that have it; heads stay in float32.
        warmup: whether to write warm-up requests, for which `tensorflow-serving-api` is needed.
        allow_loss: whether to write a model that differs too much all the same; description and card say so.

    Returns:
        The folder and the report, also in `assets.extra/kerasbert.json` and the card beside it: see `parity_report`, with
        `size_bytes`, `load_seconds`, `precision` and `warmup_requests`.

    Raises:
        ConfigError: when the tokenizer is not BERT's WordPiece, an argument is out of its range, or Keras does not run on
            TensorFlow.
        ArtifactError: when the version exists, the folder cannot be written, or the model differs from the classifier.

    Example:
        >>> export_saved_model(classifier, "saved_models/intents").path  # doctest: +SKIP
        PosixPath('saved_models/intents/1')

    Reference:
        Olston et al., "TensorFlow-Serving: Flexible, High-Performance ML Serving", 2017, for version folders.
    """
    check_choice("dtype", dtype, TOLERANCES)
    check_bool("allow_loss", allow_loss)
    if check_bool("warmup", warmup):
        check_serving_api()
    if keras.backend.backend() != "tensorflow":
        raise ConfigError(f"A SavedModel needs Keras on TensorFlow; it runs on {keras.backend.backend()}.")
    classifier = trained_of(classifier)
    chosen = texts_to_compare(texts)
    following = (lambda: version_folder(folder, None)) if version is None else None
    # Of two exports at once the second takes the number after that of the first.
    writer = FolderWriter(version_folder(folder, version), kind="saved_model", next_path=following)
    with writer as beside:
        signatures = _write(classifier, beside, dtype)
        if warmup:
            write_warmup(beside, signatures, chosen)
        report = _prove(beside, classifier, (chosen, labels if texts is not None else None), dtype, allow_loss)
        card = model_card(classifier, usage=USAGE, library="tensorflow", measured=describe_report(stored(report)))
        (beside / EXPORTED_CARD_FILE).parent.mkdir(exist_ok=True)
        (beside / EXPORTED_CARD_FILE).write_text(card, encoding="utf-8")
        described = {**describe(classifier, "saved_model"), **described_scope(classifier), "report": stored(report)}
        write_json(beside / DESCRIPTION_FILE, described)
    return Export(writer.path, report)


def version_folder(folder: str | os.PathLike[str], version: int | str | None) -> Path:
    """Return the folder of a new version; None is the one after the highest.

    Raises:
        ConfigError: when the version is no whole number >= 1, written without leading zeros.
        ArtifactError: when it exists already.

    Example:
        >>> version_folder("no/such/folder", None).name
        '1'
    """
    folder = local_output(folder)
    present = [int(one.name) for one in folder.iterdir() if one.name.isdecimal()] if folder.is_dir() else []
    following = max(present, default=0) + 1
    if version is None:
        return folder / str(following)
    is_number = not isinstance(version, bool) and isinstance(version, (int, str))
    if not is_number or not re.fullmatch("[1-9][0-9]*", str(version), re.ASCII) or int(version) > LARGEST_VERSION:
        raise ConfigError(
            f"`version` must be a whole number from 1, written without leading zeros, which is all that TF Serving takes; "
            f"got {shorten(version)}."
        )
    if (folder / str(version)).exists():
        raise ArtifactError(
            f"Version {version} of {str(folder)!r} exists, and versions are never overwritten; leave the version out for "
            f"the next one, {following}."
        )
    return folder / str(version)


def _write(classifier: TrainedClassifier, folder: Path, dtype: str) -> list[str]:
    model = in_precision(classifier.model, POLICIES[dtype])
    sets = PredictionSets.of(classifier.uncertainty)
    module = ServingModule(model, classifier.tokenizer, classifier.thresholds, sets, classifier.out_of_scope)
    signatures = module.signatures()
    try:
        tf.saved_model.save(module, str(folder), signatures=signatures)
    except tf.errors.OpError as error:
        # A disk that is full or refuses the write, in TensorFlow's words: "{{node}} FILE; REASON [Op:NAME]".
        reason = error.message.rpartition("; ")[2].partition(" [Op:")[0]
        raise ArtifactError(f"The model could not be written to {str(folder.parent)!r}: {reason}.") from error
    _finish(folder)
    (folder / "assets").mkdir(exist_ok=True)
    (folder / "assets" / VOCABULARY_FILE).write_text(vocabulary_lines(classifier.tokenizer), encoding="utf-8")
    return list(signatures)


def _finish(folder: Path) -> None:
    """Mark the signatures of the Classify API, which `tf.saved_model.save` gives no name for, and make the bytes canonical."""
    from tensorflow.core.protobuf import saved_model_pb2

    file = folder / MODEL_FILE
    saved = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    for graph in saved.meta_graphs:
        for name, signature in graph.signature_def.items():
            if name.startswith("classify"):
                signature.method_name = CLASSIFY_METHOD
    make_canonical(saved)
    file.write_bytes(saved.SerializeToString(deterministic=True))
    write_fingerprint(folder)


def _prove(
    folder: Path, classifier: TrainedClassifier, data: tuple[list[str], Any], dtype: str, allow_loss: bool
) -> dict[str, Any]:
    start = time.perf_counter()
    loaded = tf.saved_model.load(str(folder))
    report: dict[str, Any] = {"load_seconds": round(time.perf_counter() - start, 3), "precision": dtype}
    has_warmup = (folder / WARMUP_FILE).is_file()
    report["warmup_requests"] = replay_warmup(folder, loaded.signatures) if has_warmup else 0
    report.update(parity_report(loaded, classifier, *data))
    if SETS in loaded.signatures:
        report["different_sets"] = count_different_sets(loaded, classifier, data[0])
    report["size_bytes"] = folder_size(folder)
    in_float32 = classifier.model.encoder.compute_dtype == "float32"
    check_parity(report, TOLERANCES[dtype] if in_float32 else HALF_TOLERANCE, allow_loss=allow_loss)
    return report
