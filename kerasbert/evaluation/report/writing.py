"""`write_report`: evaluate a classifier and write a page, numbers and pictures."""

import datetime
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasbert._core.checks import check_texts
from kerasbert._core.files import atomic_dir_write, check_output
from kerasbert._core.names import SINGLE_HEAD
from kerasbert._version import __version__
from kerasbert.classifiers.given_pooling import pooling_name
from kerasbert.evaluation.comparison import collect_outcomes, compare_heads
from kerasbert.evaluation.outcomes import Outcome
from kerasbert.evaluation.report.drawing import check_installed, house_style, save_png, svg_of
from kerasbert.evaluation.report.findings import (
    Number,
    evaluate_head,
    headline,
    headline_of_levels,
    other_numbers,
    rows_of_labels,
)
from kerasbert.evaluation.report.gallery import Picture, pictures_of_head, pictures_of_history
from kerasbert.evaluation.report.page import clean, render_page, shorten_text
from kerasbert.labels.cells import LabelCells
from kerasbert.objectives.ranked_scores import AVERAGES
from kerasbert.objectives.scores import tell_absent_labels
from kerasbert.saving.trained_classifier import ClassifierLike, TrainedClassifier, trained_of
from kerasbert.tasks.outputs import Outputs
from kerasbert.tasks.task import Task

PAGE_FILE = "report.html"
METRICS_FILE = "metrics.json"
PICTURES_FOLDER = "pictures"
HIERARCHY = "hierarchy"
# Wider pictures, in inches, take the whole width of the page and can be moved sideways on a telephone.
WIDE = 5.2
# Texts, and second ones.
Texts = tuple[Sequence[str], Sequence[str] | None]


def write_report(
    classifier: ClassifierLike,
    texts: Sequence[str],
    labels: Any,
    folder: str | os.PathLike[str],
    *,
    text_pairs: Sequence[str] | None = None,
    baseline: Mapping[str, Any] | None = None,
    intervals: Mapping[str, Any] | None = None,
    warnings: Sequence[str] = (),
    probabilities: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Path:
    """Evaluate a classifier on labelled texts and write a report: a page, its numbers and its pictures.

    `report.html` is one file that opens anywhere without a network; `metrics.json` holds the same as plain data, and
    `pictures/` its pictures as PNG. The texts go through the model once. Needs `pip install 'kerasbert[report]'`.

    Args:
        classifier: a trained `TextClassifier`, or its `TrainedClassifier`.
        texts: n >= 1 texts that neither training nor the choice of thresholds has seen.
        labels: as for `fit`.
        folder: to write; it appears when it is complete.
        text_pairs: n second texts.
        baseline: what `score_baseline` returns for the same texts, with which the model is compared text by text. Scores
            alone (by head for several heads) are shown without a verdict.
        intervals: score name, such as `"accuracy"` or `"macro_f1"`, -> (low, high) with 95 % confidence; by head for
            several heads. None: from `bootstrap_intervals`.
        warnings: shown at the top.
        probabilities: what `TrainedClassifier.probabilities` returned for the texts; None: the texts go through the model.
        overwrite: whether an existing report may be replaced.

    Returns:
        Path of `report.html`.

    Raises:
        DataError: when there is no text, or a text or label cannot be used.
        ArtifactError: when the folder cannot be written or holds something else.
        ConfigError: when the classifier is not trained, or matplotlib or Jinja2 is missing.

    Example:
        >>> write_report(TextClassifier(), ["good"], ["a"], "report")
        Traceback (most recent call last):
        ...
        kerasbert._core.errors.NotFittedError: This TextClassifier is not trained yet; call `fit` first, or \
`kerasbert.load(folder)`.

    Reference:
        docs/report.md and docs/metrics.md.
    """
    check_installed()
    check_report_folder(folder, overwrite)
    classifier = trained_of(classifier)
    texts = check_texts("texts", texts)
    pairs = None if text_pairs is None else check_texts("text_pairs", text_pairs)
    outcomes, together = collect_outcomes(classifier, texts, labels, pairs, probabilities)
    findings = {head: evaluate_head(outcome) for head, outcome in outcomes.items() if len(outcome)}
    for found in findings.values():
        _place_mistakes(found, labels, len(texts))
    metrics = _metrics(classifier, findings, together)
    metrics |= {"num_texts": len(texts), "num_cut": int(classifier.tokenizer.encode(texts, pairs).num_truncated)}
    if intervals is None:
        intervals = _intervals(outcomes)
    metrics |= {"baseline": baseline, "intervals": intervals, "warnings": list(warnings)}
    metrics["comparison"] = compare_heads(
        outcomes, {head: found["scores"] for head, found in findings.items()}, baseline
    )
    with atomic_dir_write(folder, kind="report", overwrite=overwrite) as beside, house_style():
        (beside / PICTURES_FOLDER).mkdir()
        several = list(outcomes) != [SINGLE_HEAD]
        heads = []
        for head, found in findings.items():
            prefix = f"{head}_" if several else ""
            pictures = _draw(pictures_of_head(outcomes[head], found, prefix), beside)
            heads.append(_section(outcomes[head].task, head, found, metrics, pictures, (texts, pairs)))
        history = _draw(pictures_of_history(metrics["history"], list(outcomes) if several else ()), beside)
        content = _content(classifier, metrics, outcomes) | {"heads": heads, "history": history}
        (beside / PAGE_FILE).write_text(render_page(content), encoding="utf-8")
        text = json.dumps(metrics, indent=2, ensure_ascii=False, allow_nan=False, default=_plain_value)
        (beside / METRICS_FILE).write_text(text + "\n", encoding="utf-8")
    return Path(folder).absolute() / PAGE_FILE


def check_report_folder(folder: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """Check that a report can be written to a folder, and return its absolute path.

    Raises:
        ArtifactError: when it cannot be made, or holds anything but a report that may be replaced.
    """
    return check_output(folder, overwrite, kind="report")


def _intervals(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    found = {head: part.task.intervals(part.y_true, part.y_pred) for head, part in outcomes.items() if len(part)}
    return found if list(outcomes) != [SINGLE_HEAD] else found[SINGLE_HEAD]


def _metrics(
    classifier: TrainedClassifier, findings: Mapping[str, Any], together: Mapping[str, Any] | None
) -> dict[str, Any]:
    scores = {head: found["scores"] for head, found in findings.items()}
    if together is not None:
        scores[HIERARCHY] = dict(together)
    return {
        "kerasbert_version": __version__,
        "created": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "task": classifier.task,
        "scores": scores.get(SINGLE_HEAD, scores),
        "heads": dict(findings),
        "settings": _settings(classifier),
        "history": dict(classifier.history),
    }


def _settings(classifier: TrainedClassifier) -> dict[str, Any]:
    left_out = ("task", "heads", "subclasses", "label_names", "verbose")
    settings = {name: value for name, value in classifier.settings.items() if name not in left_out}
    # Of a folder only its name: paths of the training machine are private.
    return settings | {"encoder": Path(str(settings.get("encoder", classifier.model.name))).name}


def _draw(pictures: Sequence[Picture], folder: Path) -> list[dict[str, Any]]:
    from markupsafe import Markup

    drawn = []
    for picture in pictures:
        save_png(picture.figure, folder / PICTURES_FOLDER / f"{picture.name}.png")
        words = {"title": picture.title, "caption": picture.caption, "wide": picture.figure.get_figwidth() > WIDE}
        drawn.append(words | {"svg": Markup(svg_of(picture.figure, picture.alt))})
    return drawn


def _section(
    task: Task,
    head: str,
    found: Mapping[str, Any],
    metrics: Mapping[str, Any],
    pictures: list[dict[str, Any]],
    texts: Texts,
) -> dict[str, Any]:
    intervals = _of_head(metrics["intervals"], head)
    pairs = found["confused_pairs"] if len(found["label_names"]) > 2 else []
    return dict(found) | {
        "name": head,
        "num_labels": len(found["label_names"]),
        "exclusive": task.exclusive,
        "numbers": _with_intervals(headline(task, found["scores"]), intervals),
        "others": other_numbers(found),
        "absent": tell_absent_labels(found["scores"]),
        "comparison": _of_head(metrics["comparison"], head),
        "rows": rows_of_labels(found),
        "has_thresholds": any(value is not None for value in found["thresholds"].values()),
        "pictures": pictures,
        "pairs": pairs,
        "mistakes": [_with_text(mistake, *texts) for mistake in found["surest_mistakes"]],
    }


def _place_mistakes(found: Mapping[str, Any], labels: Any, number: int) -> None:
    """Locate each mistake: by its line in a file, else by the number of its text, both from 1."""
    columns = labels.values() if isinstance(labels, Mapping) else [labels]
    column = next((one for one in columns if isinstance(one, LabelCells) and len(one) == number), None)
    for mistake in found["surest_mistakes"]:
        row = mistake["row"]
        mistake["place"] = f"text {row}" if column is None else f"{column.unit} {column.rows[row - 1]}"


def _of_head(values: Mapping[str, Any] | None, head: str) -> Mapping[str, Any]:
    return (values or {}) if head == SINGLE_HEAD else (values or {}).get(head, {})


def _with_intervals(numbers: Sequence[Number], intervals: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [number._asdict() | {"interval": intervals.get(number.key)} for number in numbers]


def _with_text(mistake: Mapping[str, Any], texts: Sequence[str], pairs: Sequence[str] | None) -> dict[str, Any]:
    row = mistake["row"] - 1
    return dict(mistake) | {
        "text": shorten_text(texts[row]),
        "pair": None if pairs is None else shorten_text(pairs[row]),
    }


def _content(
    classifier: TrainedClassifier, metrics: Mapping[str, Any], outcomes: Mapping[str, Outcome]
) -> dict[str, Any]:
    several = list(outcomes) != [SINGLE_HEAD]
    together = metrics["scores"].get(HIERARCHY) if classifier.model.hierarchy is not None else None
    of_levels = _of_head(metrics["intervals"], HIERARCHY)
    encoder = metrics["settings"]["encoder"]
    return {
        "title": _title(classifier.outputs),
        "lead": f"Evaluated on {metrics['num_texts']:,} labelled texts. Fine-tuned from {encoder}.",
        "warnings": metrics["warnings"],
        "overview": several,
        "levels": None if together is None else _with_intervals(headline_of_levels(together), of_levels),
        "inconsistent": 0 if together is None else together["inconsistent"],
        "num_texts": metrics["num_texts"],
        "averages": AVERAGES,
        "empty_heads": [head for head in outcomes if head not in metrics["heads"]],
        "facts": _facts(classifier, metrics, outcomes),
        "version": metrics["kerasbert_version"],
        "created": metrics["created"],
    }


def _title(outputs: Outputs) -> str:
    if outputs.hierarchy is not None:
        return f"Hierarchical classifier of {len(outputs.tasks)} levels"
    if SINGLE_HEAD not in outputs.tasks:
        return f"Multi-task classifier of {len(outputs.tasks)} heads"
    task = outputs.tasks[SINGLE_HEAD]
    count = len(task.label_names)
    if task.units < count:
        return f"{task.title} classifier: " + " or ".join(clean(shorten_text(name, 40)) for name in task.label_names)
    return f"{task.title} classifier of {count:,} label{'s' if count > 1 else ''}"


def _facts(
    classifier: TrainedClassifier, metrics: Mapping[str, Any], outcomes: Mapping[str, Outcome]
) -> list[tuple[str, str]]:
    settings, config = metrics["settings"], classifier.model.encoder.config
    epochs = max((len(values) for values in metrics["history"].values()), default=None)
    data = classifier.data or {"num_texts": classifier.metrics.get("num_training_examples")}
    facts = [
        ("Encoder", f"{settings['encoder']}, {config.num_hidden_layers} layers of {config.hidden_size}"),
        ("Parameters", f"{classifier.model.count_params() / 1e6:,.1f} million"),
        ("Labels", ", ".join(f"{len(outcome.label_names):,}" for outcome in outcomes.values())),
        ("Training texts", _count(data["num_texts"])),
        ("Validation texts", _count(data.get("num_held_out") or None)),
        ("Test texts", f"{metrics['num_texts']:,}, {metrics['num_cut']:,} of them cut"),
        ("Longest text", f"{classifier.tokenizer.max_length} tokens"),
        ("Longer texts", classifier.tokenizer.long_texts.way.replace("_", " and ")),
        ("Epochs", settings.get("epochs") if epochs is None else epochs),
        ("Batch size", settings.get("batch_size")),
        ("Learning rate", _rates(settings)),
        ("Pooling", pooling_name(classifier.model.features.pooling) if "pooling" in settings else None),
        ("Dropout in the head", settings.get("dropout")),
        ("Precision", settings.get("precision")),
        ("Seed", settings.get("seed")),
    ]
    return [(name, str(value)) for name, value in facts if value is not None]


def _rates(settings: Mapping[str, Any]) -> str | None:
    if not {"learning_rate", "head_learning_rate"} <= set(settings):
        return None
    return f"{settings['learning_rate']:g}, of the head {settings['head_learning_rate']:g}"


def _count(number: int | None) -> str | None:
    return None if number is None else f"{number:,}"


def _plain_value(value: Any) -> Any:
    """Convert NumPy values and constructor arguments of any type to what JSON can hold."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return str(value) if not isinstance(value, (set, tuple)) else list(value)
