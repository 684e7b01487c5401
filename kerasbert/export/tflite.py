"""`export_tflite`: one file that phones load, with vocabulary, labels and thresholds inside."""

import copy
import dataclasses
import json
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_bool, check_choice, check_int, check_texts, shorten
from kerasbert._core.errors import ConfigError, KerasbertWarning
from kerasbert._core.files import atomic_dir_write, check_output
from kerasbert._core.names import SINGLE_HEAD, VOCABULARY_FILE
from kerasbert.export.comparison import Export, check_no_prompt, in_units, latencies, stored, texts_to_compare
from kerasbert.export.description import FLAT_DESCRIPTION_FILE, describe, vocabulary_lines
from kerasbert.export.litert import TFLITE_FILE, LiteRT, check_litert, token_rows, uncut
from kerasbert.export.mediapipe_tokens import MediaPipeTokenizer, count_other_ids
from kerasbert.export.precision import in_precision
from kerasbert.export.quantization_loss import check_loss, compare
from kerasbert.export.tflite_card import tflite_card
from kerasbert.export.tflite_graph import QUANTIZATIONS, convert, cut_of
from kerasbert.export.tflite_metadata import HeadMetadata, add_metadata, minimum_runtime
from kerasbert.saving.trained_classifier import ClassifierLike, TrainedClassifier, trained_of
from kerasbert.saving.writing import write_json
from kerasbert.tokenization.graph_tokenizer import check_exportable
from kerasbert.tokenization.tokenizer import Tokenizer
from kerasbert.tokenization.tokenizer_settings import MINIMUM_MAX_LENGTH

DYNAMIC = "dynamic"
# More calibrate no better, and take long.
CALIBRATION_TEXTS = 200
LEAST_CALIBRATION_TEXTS = 20


def export_tflite(
    classifier: ClassifierLike,
    folder: str | os.PathLike[str],
    *,
    quantize: str = "none",
    length: int | str | None = None,
    texts: Sequence[str] | None = None,
    labels: Any = None,
    calibration: Sequence[str] | None = None,
    overwrite: bool = False,
    allow_loss: bool = False,
) -> Export:
    """Write a trained classifier as `FOLDER/model.tflite`, beside its place and renamed when it is whole and proven.

    The file needs LiteRT's built-in ops alone and carries what MediaPipe's TextClassifier asks for, so that it takes raw
    text there. Before the rename it is loaded into LiteRT and compared with the classifier.

    Args:
        classifier: a trained `TextClassifier`, or its `TrainedClassifier`, of single texts.
        folder: to appear; it will hold the file, a card and the report.
        quantize: `"none"`; `"float16"`, half the size; `"dynamic"`, a quarter of the size and the fastest; or `"int8"`,
            in which the large products also read 8-bit numbers.
        length: of the inputs in tokens, from 3 to the classifier's `max_length`, the default; `"dynamic"` takes texts of any
            length, and the file itself cuts those over `max_length` as the classifier does.
        texts: real texts to compare with; None takes a few made ones.
        labels: of `texts`, as for `fit`, to measure what is lost.
        calibration: some hundred real texts of other use than `texts`, for `"int8"` alone.
        overwrite: whether a folder that kerasbert wrote may be replaced.
        allow_loss: whether to write a file that lost too much all the same; description and card say so.

    Returns:
        The file and the report.

    Raises:
        ConfigError: when the tokenizer is not BERT's WordPiece, an argument is out of its range, or LiteRT is missing.
        ArtifactError: when the folder is in the way or cannot be written, the model needs an op that is not built in, or
            it differs from the classifier by more than its quantisation may.

    Example:
        >>> export_tflite(classifier, "tflite/intents", quantize="dynamic", length=128).path  # doctest: +SKIP
        PosixPath('tflite/intents/model.tflite')

    Reference:
        Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", 2018.
    """
    check_choice("quantize", quantize, QUANTIZATIONS)
    check_bool("allow_loss", allow_loss)
    check_litert()
    classifier = trained_of(classifier)
    _check_classifier(classifier)
    size = _check_length(length, classifier.tokenizer)
    chosen = texts_to_compare(texts)
    samples = _check_calibration(quantize, calibration)
    if samples and size is None:
        raise ConfigError("quantize='int8' needs a fixed `length`, for which it is calibrated; got 'dynamic'.")
    path = check_output(folder, overwrite, kind="tflite")
    reference = _as_exported(classifier, size)
    rows = token_rows(reference.tokenizer, samples, size) if samples else []
    cut = cut_of(reference.tokenizer) if size is None else None
    model = convert(reference.model, length=size, cut=cut, quantize=quantize, samples=rows)
    with atomic_dir_write(path, kind="tflite", overwrite=overwrite) as beside:
        file = beside / TFLITE_FILE
        file.write_bytes(_with_metadata(model, reference))
        # For whoever tokenizes outside of the file, as `open_artefact` does.
        classifier.tokenizer.save(beside)
        settings: dict[str, Any] = {"quantize": quantize, "length": DYNAMIC if size is None else size}
        settings["minimum_runtime"] = minimum_runtime(model)
        report = {**settings, **_measure(file, reference, chosen, labels, size)}
        check_loss(report, allow_loss=allow_loss)
        write_json(beside / FLAT_DESCRIPTION_FILE, {**describe(classifier, "tflite"), "report": stored(report)})
        (beside / "README.md").write_text(tflite_card(classifier, stored(report)), encoding="utf-8")
    return Export(path / TFLITE_FILE, report)


def _check_classifier(classifier: TrainedClassifier) -> None:
    if keras.backend.backend() != "tensorflow":
        raise ConfigError(f"A TFLite model needs Keras on TensorFlow; it runs on {keras.backend.backend()}.")
    if classifier.model.windows is not None:
        raise ConfigError(
            "A TFLite model reads a text at once, and this classifier reads it in windows; train one with "
            "long_texts='truncate'."
        )
    if classifier.data.get("pairs"):
        raise ConfigError(
            "A TFLite model takes single texts, and this classifier reads pairs; train one on single texts."
        )
    check_no_prompt(classifier, "A TFLite model")
    check_exportable(classifier.tokenizer, "A TFLite model")
    MediaPipeTokenizer(classifier.tokenizer)
    _warn_of_case(classifier.tokenizer)
    for head in classifier.model.heads.values():
        broken = [name for name in head.label_names if name.splitlines() != [name]]
        if broken:
            raise ConfigError(f"`label_names` must be single lines, as the file lists them; got {shorten(broken[0])}.")


def _warn_of_case(tokens: Tokenizer) -> None:
    if tokens.tokens("A") != tokens.tokens("a"):
        warnings.warn(
            "the vocabulary tells capitals from small letters, and MediaPipe lowers them: it will read other tokens, and "
            "give other scores, than this classifier. Tokenise in the app and use LiteRT, or train on an uncased encoder.",
            KerasbertWarning,
            stacklevel=4,
        )


def _check_length(length: int | str | None, tokens: Tokenizer) -> int | None:
    """Return the length of the inputs; None for open ones."""
    if length == DYNAMIC:
        return None
    if isinstance(length, str):
        raise ConfigError(f"`length` must be a number of tokens or {DYNAMIC!r}; got {shorten(length)}.")
    if tokens.long_texts.way == "head_tail":
        raise ConfigError(
            f"`length` must be {DYNAMIC!r} (--length {DYNAMIC}) for a classifier that reads the beginning and the end of "
            f"long texts (long_texts='head_tail'): of a text that is longer than its inputs a file of fixed length is "
            f"given the beginning alone; got {length}. Or train one with long_texts='truncate'."
        )
    longest, why = tokens.max_length, "the tokens that the classifier was trained to read"
    return longest if length is None else check_int("length", length, MINIMUM_MAX_LENGTH, longest, why)


def _check_calibration(quantize: str, texts: Sequence[str] | None) -> list[str]:
    if (quantize == "int8") != (texts is not None):
        raise ConfigError(
            "`calibration` must be given with quantize='int8', and only with it: some hundred real texts, which show what "
            "numbers the model computes with."
        )
    if texts is None:
        return []
    found = list(check_texts("calibration", texts))
    if len(found) < LEAST_CALIBRATION_TEXTS:
        raise ConfigError(f"`calibration` must hold at least {LEAST_CALIBRATION_TEXTS} texts; got {len(found)}.")
    every = max(len(found) // CALIBRATION_TEXTS, 1)
    return found[::every][:CALIBRATION_TEXTS]


def _as_exported(classifier: TrainedClassifier, length: int | None) -> TrainedClassifier:
    """Return the classifier as the file will compute it: in float32, on texts of its length."""
    tokenizer = copy.copy(classifier.tokenizer)
    tokenizer.max_length = length or classifier.max_length
    return dataclasses.replace(classifier, model=in_precision(classifier.model, "float32"), tokenizer=tokenizer)


def _with_metadata(model: bytes, classifier: TrainedClassifier) -> bytes:
    heads = [_head_metadata(classifier, name, head) for name, head in classifier.model.heads.items()]
    content = json.dumps(describe(classifier, "tflite"), ensure_ascii=False).encode()
    attached = {VOCABULARY_FILE: vocabulary_lines(classifier.tokenizer).encode(), FLAT_DESCRIPTION_FILE: content}
    names = " and ".join(classifier.model.heads)
    return add_metadata(model, description=f"Text classifier ({names}).", heads=heads, attached=attached)


def _head_metadata(classifier: TrainedClassifier, name: str, head: Any) -> HeadMetadata:
    task, thresholds = head.task, np.asarray(classifier.thresholds[name])
    sentence = f"Probabilities. {task.decision}"
    if not task.exclusive:
        sentence += f" The threshold of each label is in {FLAT_DESCRIPTION_FILE}."
    elif task.uses_thresholds:
        sentence += f" The threshold is {float(thresholds[0]):.4g}."
    # The schema knows one threshold for all labels: the lowest hides no label that another one would choose.
    threshold = None if task.exclusive else float(thresholds.min())
    file = "labels.txt" if name == SINGLE_HEAD else f"{name}_labels.txt"
    return HeadMetadata(name, sentence, head.label_names, threshold, file)


def _measure(
    file: Path, reference: TrainedClassifier, texts: list[str], labels: Any, length: int | None
) -> dict[str, Any]:
    runtime = LiteRT(file)
    # A file of open length is given whole texts, which it cuts itself.
    given = uncut(reference.tokenizer) if length is None else reference.tokenizer
    answers, seconds = runtime.answers(token_rows(given, texts, length))
    expected = reference.probabilities(texts)
    encoded = reference.tokenizer.encode(texts)
    return {
        "texts": len(texts),
        **compare(reference, expected, in_units(answers, expected), labels),
        "cut_texts": encoded.num_truncated,
        "mediapipe_other_ids": count_other_ids(given, texts, length),
        "size_bytes": file.stat().st_size,
        "load_seconds": round(runtime.load_seconds, 3),
        "threads": 1,
        **latencies(seconds),
        "texts_per_second": round(len(texts) / sum(seconds), 1),
    }
