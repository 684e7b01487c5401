"""Compare an artefact with its classifier: the part of the parity report that every format has."""

import math
import os
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from kerasbert._core.checks import check_texts, shorten
from kerasbert._core.display import brief_repr
from kerasbert._core.errors import ArtifactError, ConfigError, KerasbertWarning
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.tasks.multiclass import Multiclass

BATCH = 32
# Largest accepted difference of a probability; the second where classifier or export computes in half precision.
TOLERANCE = 1e-5
HALF_TOLERANCE = 0.05
# What no two runs measure alike.
TIMES = ("load_seconds", "latency_p50_ms", "latency_p95_ms", "texts_per_second")
TIMED_CALLS = 50
# Of several lengths, for warm-up and comparison when the caller gives no texts.
SAMPLE_TEXTS = [
    "",
    "Thanks!",
    "Where is my parcel? It should have come last week.",
    "Ça va? 我爱 👍 " * 4,
    "one word " * 60,
]

Ask = Callable[[Sequence[str]], Mapping[str, np.ndarray]]


class Export(NamedTuple):
    """What was written.

    Args:
        path: the file or folder.
        report: how it compares with its classifier, its size, and the time to load it.
    """

    path: Path
    report: dict[str, Any]

    def __repr__(self) -> str:
        return brief_repr(self)


def texts_to_compare(texts: Sequence[str] | None) -> list[str]:
    """Return the caller's texts, or a few made ones of several lengths."""
    return list(SAMPLE_TEXTS if texts is None else check_texts("texts", texts)) or SAMPLE_TEXTS


def tolerance_of(classifier: TrainedClassifier) -> float:
    """Return what an export that computes in float32 may differ by from its classifier."""
    return TOLERANCE if classifier.model.encoder.compute_dtype == "float32" else HALF_TOLERANCE


def compare_probabilities(
    classifier: TrainedClassifier,
    ask: Ask,
    texts: Sequence[str],
    labels: Any = None,
    *,
    expected: Mapping[str, np.ndarray] | None = None,
) -> dict[str, Any]:
    """Ask an artefact for some texts, compare with the classifier, and time it.

    Args:
        ask: from texts to head -> (n, C) probabilities of all labels, or (n, 1) of a binary head's second one.
        texts: at least one.
        labels: as for `TextClassifier.fit`; None measures no accuracy.
        expected: the classifier's probabilities, where they are known already.

    Returns:
        `texts`; what `differences`, `time_calls` and, with labels, `accuracies` give; `texts_per_second` in batches of 32.
    """
    begin = time.perf_counter()
    parts = [dict(ask(texts[start : start + BATCH])) for start in range(0, len(texts), BATCH)]
    seconds = time.perf_counter() - begin
    expected = classifier.probabilities(texts) if expected is None else expected
    got = in_units({head: np.concatenate([part[head] for part in parts]) for head in parts[0]}, expected)
    return {
        "texts": len(texts),
        **differences(classifier, expected, got),
        **time_calls(ask, texts),
        "texts_per_second": round(len(texts) / seconds, 1),
        **({} if labels is None else accuracies(classifier, expected, got, labels)),
    }


def differences(
    classifier: TrainedClassifier, expected: Mapping[str, np.ndarray], got: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Measure `largest_difference` of probabilities, head -> (n, units), and `different_decisions` by the classifier's rules."""
    largest = max(float(np.abs(got[head] - values).max(initial=0.0)) for head, values in expected.items())
    decided, theirs = classifier.y_pred(expected), classifier.y_pred(got)
    is_other = [(theirs[head] != values).reshape(len(values), -1).any(axis=1) for head, values in decided.items()]
    return {"largest_difference": largest, "different_decisions": int(np.any(is_other, axis=0).sum())}


def time_calls(ask: Ask, texts: Sequence[str]) -> dict[str, float]:
    """Time calls of one text each, see `latencies`."""
    seconds = []
    for index in range(TIMED_CALLS):
        begin = time.perf_counter()
        ask([texts[index % len(texts)]])
        seconds.append(time.perf_counter() - begin)
    return latencies(seconds)


def latencies(seconds: Sequence[float]) -> dict[str, float]:
    """Return `latency_p50_ms` and `latency_p95_ms` of single calls."""
    halfway, nearly_all = np.percentile(seconds, [50, 95]) * 1000
    return {"latency_p50_ms": round(float(halfway), 3), "latency_p95_ms": round(float(nearly_all), 3)}


def accuracies(
    classifier: TrainedClassifier, expected: Mapping[str, np.ndarray], got: Mapping[str, np.ndarray], labels: Any
) -> dict[str, Any]:
    """Return `accuracy` and `accuracy_of_classifier`; dicts by head for several heads."""
    theirs, own = (classifier.evaluate_probabilities(values, labels) for values in (got, expected))
    return {"accuracy": _accuracy(theirs), "accuracy_of_classifier": _accuracy(own)}


def in_units(got: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Bring probabilities into the classifier's form: of a binary head the second label's alone, heads in its order."""
    return {head: got[head][:, -values.shape[1] :] for head, values in expected.items()}


def _accuracy(scores: Mapping[str, Any]) -> Any:
    if "accuracy" in scores:
        return scores["accuracy"]
    return {head: values["accuracy"] for head, values in scores.items() if head != "hierarchy"}


def check_parity(report: dict[str, Any], tolerance: float, *, allow_loss: bool = False) -> None:
    """Raise an ArtifactError for an export whose `largest_difference` is over the tolerance, unless `allow_loss` is set."""
    largest = report["largest_difference"]
    if not largest <= tolerance:
        loss = (
            f"The exported model differs from the classifier: a probability by {largest:.3g}, more than {tolerance:g}"
        )
        settle_losses(report, [loss], allow_loss=allow_loss and not math.isnan(largest), way_out="please report it")


def settle_losses(report: dict[str, Any], losses: Sequence[str], *, allow_loss: bool, way_out: str) -> None:
    """Refuse an export that lost too much, or record in its report that the loss was allowed.

    Args:
        report: gets `allowed_losses`, which description and card show.
        losses: a sentence for each loss over its limit, without the full stop.
        allow_loss: whether the export is wanted all the same.
        way_out: what else there is to do.

    Raises:
        ArtifactError: when there is a loss and it is not allowed.
    """
    if not losses:
        return
    if not allow_loss:
        raise ArtifactError(
            f"{losses[0]}. Nothing was written; {way_out}, or take it as it is with --allow-loss (allow_loss=True in "
            f"Python), which its description and its card will say."
        )
    report["allowed_losses"] = list(losses)
    for loss in losses:
        warnings.warn(f"{loss}; it is written because the loss was allowed.", KerasbertWarning, stacklevel=4)


def check_no_prompt(classifier: TrainedClassifier, what: str) -> None:
    """Refuse a classifier that puts a prompt in front of texts, where others tokenize the texts; `what` names the artefact."""
    prompt = classifier.tokenizer.prompt
    if prompt:
        raise ConfigError(
            f"{what} is given texts that other programs tokenize, and none of them puts `prompt` in front, "
            f"{shorten(prompt)}, which this classifier reads. A SavedModel and a saved folder do; or train with prompt=''."
        )


def check_plain_texts(classifier: TrainedClassifier) -> None:
    """Refuse what the tokenizers of other libraries have no option for: windows, the end of long texts, prompts."""
    check_no_prompt(classifier, "A model for other libraries")
    way = classifier.tokenizer.long_texts.way
    if way != "truncate":
        raise ConfigError(
            f"`long_texts` must be 'truncate', which is all that tokenizers of other libraries do; got {way!r}. A "
            f"SavedModel also takes 'head_tail', a saved folder all of them."
        )


def check_decides_by_probability(classifier: TrainedClassifier, library: str) -> None:
    """Refuse heads of exclusive labels that choose otherwise than by the largest probability, as other libraries do."""
    for head, task in classifier.outputs.tasks.items():
        asks_itself = task.exclusive and not task.uses_thresholds and type(task).predict is not Multiclass.predict
        if asks_itself:
            raise ConfigError(
                f"The head {head!r} must choose its most probable label, as {library} does; a head of the task {task.name!r} "
                f"decides otherwise: {task.decision} Export a SavedModel, which decides itself, or probabilities: "
                f"--format onnx --scores probabilities, or tflite."
            )


def stored(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an artefact keeps of its report: all of it, but no times where `SOURCE_DATE_EPOCH` asks for equal bytes.

    Reference:
        https://reproducible-builds.org/specs/source-date-epoch/
    """
    left_out = TIMES if "SOURCE_DATE_EPOCH" in os.environ else ()
    return {name: value for name, value in report.items() if name not in left_out}


def folder_size(folder: Path) -> int:
    """Sum the bytes of all files in a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def describe_report(report: Mapping[str, Any]) -> str:
    """Format the report as a Markdown table."""
    rows = [f"| {name.replace('_', ' ')} | {_plain(value)} |" for name, value in report.items()]
    return "\n".join(["| measured | value |", "|---|---|", *rows])


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_plain(one)}" for name, one in value.items())
    if isinstance(value, list):
        return "; ".join(map(str, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)
