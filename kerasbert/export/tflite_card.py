"""The card beside a TFLite file."""

from collections.abc import Mapping
from typing import Any

from kerasbert.saving.card import as_markdown, model_card
from kerasbert.saving.trained_classifier import TrainedClassifier

USAGE = """`model.tflite` takes raw text in MediaPipe's TextClassifier, which finds vocabulary and labels in the file:

```python
from mediapipe.tasks.python.text import TextClassifier

with TextClassifier.create_from_model_path("model.tflite") as classifier:
    print(classifier.classify("a text to label").classifications[0].categories)
```

So does `BertNLClassifier` of the older TensorFlow Lite Task Library, for a classifier with one head. LiteRT itself takes token ids: `ids`, `mask` and `segment_ids`, int32 (1, {length}). The decision rules, thresholds
included, are in `kerasbert.json`, here and attached to the file."""

ROWS = {
    "quantize": "quantisation",
    "length": "length of the inputs in tokens",
    "minimum_runtime": "oldest TensorFlow Lite runtime",
    "texts": "texts compared",
    "largest_difference": "largest difference of a probability",
    "mean_difference": "mean difference of a probability",
    "different_decisions": "texts with other labels than the classifier's",
    "cut_texts": "texts longer than the inputs, which are cut",
    "mediapipe_other_ids": "texts that MediaPipe reads as other tokens",
    "size_bytes": "bytes",
    "load_seconds": "seconds to load",
    "latency_p50_ms": "milliseconds for one text on one thread, half of all",
    "latency_p95_ms": "milliseconds for one text on one thread, 95 % of all",
    "texts_per_second": "texts a second",
}
MEDIAPIPE = """MediaPipe lowers ASCII letters only and keeps accents and control characters, so that its scores are other ones where
the table counts other tokens. All else was measured with LiteRT."""

ALLOWED = "**This file lost more than its quantisation may; whoever exported it allowed that:**\n\n"


def tflite_card(classifier: TrainedClassifier, report: Mapping[str, Any]) -> str:
    """Write the card of an exported file: Markdown with YAML front matter."""
    length = report["length"] if isinstance(report["length"], int) else "any length"
    return model_card(classifier, usage=USAGE.format(length=length), measured=_measured(report))


def _measured(report: Mapping[str, Any]) -> str:
    rows = [f"| {title} | {_plain(report[name])} |" for name, title in ROWS.items() if name in report]
    parts = ["\n".join(["| | |", "|---|---|", *rows]), MEDIAPIPE]
    if "allowed_losses" in report:
        parts.insert(0, ALLOWED + "\n".join(f"- {as_markdown(loss)}." for loss in report["allowed_losses"]))
    if "scores" in report:
        parts.append(_scores(report["scores"]))
    return "\n\n".join(parts)


def _scores(heads: Mapping[str, Any]) -> str:
    lines = ["| head | score | classifier | this file |", "|---|---|---|---|"]
    for head, scores in heads.items():
        for name, value in scores["classifier"].items():
            title = name.replace("_", " ")
            lines.append(f"| {as_markdown(head)} | {title} | {value:.4f} | {scores['exported'][name]:.4f} |")
    return "\n".join(lines)


def _plain(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) and value < 1 else str(value)
