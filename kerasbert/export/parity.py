"""Does an exported model say what the classifier says, and how fast: the report that every export ends with."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kerasbert._core.errors import ArtifactError
from kerasbert.export.serving_module import field_name

BATCH = 32
TIMED_CALLS = 50
# Of several lengths, for comparison and warm-up when the caller gives no texts.
SAMPLE_TEXTS = [
    "",
    "Thanks!",
    "Where is my parcel? It should have come last week.",
    "Ça va? 我爱 👍 " * 4,
    "one word " * 60,
]


def parity_report(loaded: Any, classifier: Any, texts: Sequence[str]) -> dict[str, Any]:
    """Compare a loaded SavedModel with its classifier, and time it.

    Args:
        loaded: from `tf.saved_model.load`.
        classifier: the `TextClassifier`.
        texts: at least one.

    Returns:
        `texts`; `largest_difference` of a probability; `different_labels`, texts with another set of labels;
        `latency_p50_ms` and `latency_p95_ms` of one text; `texts_per_second` in batches of 32.
    """
    serve = loaded.signatures["serving_default"]
    parts, seconds = [], 0.0
    for start in range(0, len(texts), BATCH):
        batch = tf.constant([text.encode() for text in texts[start : start + BATCH]])
        begin = time.perf_counter()
        parts.append({name: value.numpy() for name, value in serve(text=batch).items()})
        seconds += time.perf_counter() - begin
    got = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {
        "texts": len(texts),
        **_differences(classifier, texts, got),
        **latencies(_latencies(serve, texts)),
        "texts_per_second": round(len(texts) / seconds, 1),
    }


def latencies(seconds: Sequence[float]) -> dict[str, float]:
    """`latency_p50_ms` and `latency_p95_ms` of single calls."""
    halfway, nearly_all = np.percentile(seconds, [50, 95]) * 1000
    return {"latency_p50_ms": round(float(halfway), 3), "latency_p95_ms": round(float(nearly_all), 3)}


def check_parity(report: dict[str, Any], tolerance: float) -> None:
    """Refuse an export that differs from its classifier.

    Raises:
        ArtifactError: when a probability differs by more than the tolerance.
    """
    if not report["largest_difference"] <= tolerance:
        raise ArtifactError(
            f"The exported model differs from the classifier: a probability by {report['largest_difference']:.3g}, more "
            f"than {tolerance:g}. Nothing was written; please report it."
        )


def folder_size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _differences(classifier: Any, texts: Sequence[str], got: dict[str, np.ndarray]) -> dict[str, Any]:
    expected, decided = classifier.predict_proba(texts), classifier.predict(texts)
    heads = list(classifier.model_.heads)
    largest, different = 0.0, np.zeros(len(texts), dtype=bool)
    for head in heads:
        several = isinstance(expected, dict)
        probabilities, chosen = (expected[head], decided[head]) if several else (expected, decided)
        largest = max(largest, float(np.abs(got[field_name(head, "probabilities")] - probabilities).max()))
        names = classifier.model_.heads[head].label_names
        labels, counts = got[field_name(head, "labels")], got[field_name(head, "count")]
        for row, value in enumerate(chosen):
            served = {label.decode() for label in labels[row, : counts[row]]}
            different[row] |= served != label_set(value, names)
    return {"largest_difference": largest, "different_labels": int(different.sum())}


def label_set(value: Any, names: Sequence[str]) -> set[str]:
    """The labels of one text, as `TextClassifier.predict` gives them, as a set of names."""
    if isinstance(value, np.ndarray):
        return {names[index] for index in np.flatnonzero(value).tolist()}
    return set(map(str, value)) if isinstance(value, list) else {str(value)}


def _latencies(serve: Any, texts: Sequence[str]) -> list[float]:
    latencies = []
    for index in range(TIMED_CALLS):
        text = tf.constant([texts[index % len(texts)].encode()])
        begin = time.perf_counter()
        for value in serve(text=text).values():
            value.numpy()
        latencies.append(time.perf_counter() - begin)
    return latencies
