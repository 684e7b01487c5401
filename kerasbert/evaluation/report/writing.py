"""`write_report`: evaluate a classifier and write a page, numbers and pictures."""

import dataclasses
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
from kerasbert.evaluation.calibration import calibration_of
from kerasbert.evaluation.comparison import Judged, compare_heads, judge_texts
from kerasbert.evaluation.label_errors import likely_label_errors
from kerasbert.evaluation.outcomes import Outcome
from kerasbert.evaluation.report.drawing import check_installed, house_style, save_png, svg_of
from kerasbert.evaluation.report.findings import evaluate_head
from kerasbert.evaluation.report.gallery import Picture, pictures_of_head
from kerasbert.evaluation.report.history_pictures import pictures_of_history
from kerasbert.evaluation.report.page import render_page
from kerasbert.evaluation.report.sections import HIERARCHY, TextsOfPage, content_of_page, section_of_head
from kerasbert.evaluation.side_by_side import Data, compare_sides, judge_other_side
from kerasbert.reading.data_checks import text_keys
from kerasbert.reading.text_sketch import texts_in_sketch
from kerasbert.saving.trained_classifier import ClassifierLike, TrainedClassifier, trained_of
from kerasbert.uncertainty.calibration import Calibration, calibrated
from kerasbert.uncertainty.folding import has_summed_levels
from kerasbert.uncertainty.sets import PredictionSets

PAGE_FILE = "report.html"
METRICS_FILE = "metrics.json"
PICTURES_FOLDER = "pictures"
# Wider pictures, in inches, take the whole width of the page and can be moved sideways on a telephone.
WIDE = 5.2
# Vectors of more texts are not kept, and no nearest texts sought.
MAX_VECTORS = 50_000
# With fewer texts that a sketch of the training texts can tell about, it is not known whether they were trained on.
LEAST_TESTED = 20


def write_report(
    classifier: ClassifierLike,
    texts: Sequence[str],
    labels: Any,
    folder: str | os.PathLike[str],
    *,
    text_pairs: Sequence[str] | None = None,
    baseline: Mapping[str, Any] | None = None,
    compare: ClassifierLike | Data | None = None,
    compare_names: Sequence[str] = ("this", "the other"),
    intervals: Mapping[str, Any] | None = None,
    warnings: Sequence[str] = (),
    judged: Judged | None = None,
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
        compare: another classifier of the same task, which predicts the same texts; or `(texts, labels)` or `(texts,
            labels, text_pairs)` of another data set, which this classifier predicts too.
        compare_names: of the two classifiers or data sets, for the page.
        intervals: score name, such as `"accuracy"` or `"macro_f1"`, -> (low, high) with 95 % confidence; by head for
            several heads. None: from `bootstrap_intervals`.
        warnings: shown at the top.
        judged: what `judge_texts` returned for the texts; None: the texts go through the model.
        overwrite: whether an existing report may be replaced.

    Returns:
        Path of `report.html`.

    Raises:
        DataError: when there is no text, or a text or label cannot be used.
        ArtifactError: when the folder cannot be written or holds something else.
        ConfigError: when the classifier is not trained, `compare` has another task, or matplotlib or Jinja2 is missing.

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
    if judged is None:
        judged = judge_texts(classifier, texts, labels, pairs, with_vectors=len(texts) <= MAX_VECTORS)
    given = TextsOfPage.of(texts, pairs, labels)
    metrics = _metrics(classifier, judged, given, labels)
    metrics |= {"baseline": baseline, "warnings": list(warnings)}
    metrics["intervals"] = _intervals(judged.outcomes) if intervals is None else intervals
    scores = {head: found["scores"] for head, found in metrics["heads"].items()}
    metrics["comparison"] = compare_heads(judged.outcomes, scores, baseline)
    metrics["side_by_side"] = None
    if compare is not None:
        other = judge_other_side(classifier, compare, texts, labels, pairs, names=compare_names)
        metrics["side_by_side"] = compare_sides(judged.outcomes, other)
    with atomic_dir_write(folder, kind="report", overwrite=overwrite) as beside:
        _write(classifier, judged.outcomes, metrics, given, beside)
    return Path(folder).absolute() / PAGE_FILE


def check_report_folder(folder: str | os.PathLike[str], overwrite: bool = False) -> Path:
    """Check that a report can be written to a folder, and return its absolute path.

    Raises:
        ArtifactError: when it cannot be made, or holds anything but a report that may be replaced.
    """
    return check_output(folder, overwrite, kind="report")


def _write(
    classifier: TrainedClassifier,
    outcomes: Mapping[str, Outcome],
    metrics: Mapping[str, Any],
    given: TextsOfPage,
    folder: Path,
) -> None:
    (folder / PICTURES_FOLDER).mkdir()
    several = list(outcomes) != [SINGLE_HEAD]
    heads = []
    with house_style():
        for place, (head, found) in enumerate(metrics["heads"].items(), 1):
            pictures = pictures_of_head(outcomes[head], found, f"{head}_" if several else "", place)
            drawn = _draw(pictures, folder)
            heads.append(section_of_head(outcomes[head].task, head, found, metrics, given) | {"pictures": drawn})
        history = _draw(pictures_of_history(metrics["history"], list(outcomes) if several else ()), folder)
    content = content_of_page(classifier, metrics, outcomes) | {"heads": heads, "history": history}
    (folder / PAGE_FILE).write_text(render_page(content), encoding="utf-8")
    text = json.dumps(metrics, indent=2, ensure_ascii=False, allow_nan=False, default=_plain_value)
    (folder / METRICS_FILE).write_text(text + "\n", encoding="utf-8")


def _intervals(outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    found = {head: part.task.intervals(part.y_true, part.y_pred) for head, part in outcomes.items() if len(part)}
    return found if list(outcomes) != [SINGLE_HEAD] else found[SINGLE_HEAD]


def _metrics(classifier: TrainedClassifier, judged: Judged, given: TextsOfPage, labels: Any) -> dict[str, Any]:
    overlap = _training_overlap(classifier, given)
    findings = {head: evaluate_head(outcome) for head, outcome in judged.outcomes.items() if len(outcome)}
    _add_uncertainty(classifier, judged, findings, labels)
    for head, found in findings.items():
        for mistake in found["surest_mistakes"]:
            mistake["place"] = given.place(mistake["row"])
        found["label_errors"] = None
        if judged.vectors is not None and not (overlap and overlap["trained_on"]):
            found["label_errors"] = likely_label_errors(judged.outcomes[head], judged.vectors)
            for error in found["label_errors"]:
                error["place"] = given.place(error["row"])
    scores = {head: found["scores"] for head, found in findings.items()}
    if judged.together is not None:
        scores[HIERARCHY] = dict(judged.together)
    return {
        "kerasbert_version": __version__,
        "created": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "task": classifier.task,
        "num_texts": len(given.texts),
        "num_cut": int(classifier.tokenizer.encode(given.texts, given.pairs).num_truncated),
        "training_overlap": overlap,
        "scores": scores.get(SINGLE_HEAD, scores),
        "heads": findings,
        "settings": _settings(classifier),
        "history": dict(classifier.history),
    }


def _add_uncertainty(
    classifier: TrainedClassifier, judged: Judged, findings: dict[str, dict[str, Any]], labels: Any
) -> None:
    """Add to the findings of each head its calibration before it was calibrated, and the measures of its prediction sets."""
    outputs = classifier.outputs
    calibration, sets = Calibration.of(classifier.uncertainty), PredictionSets.of(classifier.uncertainty)
    if calibration is not None and calibration.scalings:
        summed = has_summed_levels(classifier.model)
        before = calibrated(outputs, judged.probabilities, calibration.undoing, summed=summed)
        for head, found in findings.items():
            outcome = judged.outcomes[head]
            own = dataclasses.replace(outcome, probabilities=before[head][outcome.rows])
            found["uncalibrated"] = calibration_of(own)
    if sets is not None:
        measured = sets.measure(outputs, classifier.encode_labels(labels), judged.probabilities)
        for head, found in findings.items():
            found["scores"]["sets"] = measured[head]


def _training_overlap(classifier: TrainedClassifier, given: TextsOfPage) -> dict[str, Any] | None:
    """Say how many of a sample of the texts were trained on; None where it is not known."""
    sketch = classifier.data.get("text_sketch")
    keys = text_keys(given.texts, given.pairs)
    found = texts_in_sketch(sketch or {}, keys)
    if not found.trained_on and found.tested < min(LEAST_TESTED, len(np.unique(keys))):
        return None
    return {**found._asdict(), "share": found.share, "trained_on": found.trained_on}


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
        words = {"title": picture.title, "sentence": picture.sentence, "caption": picture.caption}
        svg = Markup(svg_of(picture.figure, picture.alt, picture.links))
        drawn.append(words | {"wide": picture.figure.get_figwidth() > WIDE, "svg": svg})
    return drawn


def _plain_value(value: Any) -> Any:
    """Convert NumPy values and constructor arguments of any type to what JSON can hold."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    return str(value) if not isinstance(value, (set, tuple)) else list(value)
