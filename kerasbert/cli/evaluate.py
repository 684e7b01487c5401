"""`kerasbert evaluate`: how good a saved classifier is on labelled texts."""

import dataclasses
import json
import warnings
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from kerasbert._core.checks import check_number
from kerasbert._core.errors import KerasbertWarning
from kerasbert.cli.command_options import draws_options
from kerasbert.cli.compare import Compared, check_together
from kerasbert.cli.data import Reading
from kerasbert.cli.options import Folder, Format, ReadingOptions, app, refuse_useless, say, with_output
from kerasbert.cli.tables import print_comparison, print_scores
from kerasbert.evaluation.baseline import BaselineScores, score_baseline
from kerasbert.evaluation.comparison import evaluate_with_baseline
from kerasbert.evaluation.report.writing import METRICS_FILE, check_report_folder, write_report
from kerasbert.reading.data_checks import overlap_message, text_keys
from kerasbert.reading.examples import Examples
from kerasbert.saving.trained_classifier import TrainedClassifier, trained_of
from kerasbert.text_classifier import load


@app.command()
@draws_options({"Data": ReadingOptions})
def evaluate(
    context: typer.Context,
    folder: Folder,
    data: Annotated[Path, typer.Argument(help="Labelled data: .csv, .tsv, .jsonl or .parquet.")],
    output_format: Annotated[Format, typer.Option("--format", help="How to write the scores.")] = Format.table,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="TRAIN", help="Training data: also fit TF-IDF with logistic regression on it, and say which wins."
        ),
    ] = None,
    compare: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|FILE", help="Another classifier, on the same data, or other data: both side by side."
        ),
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="One threshold for every label, in place of the stored ones.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Folder to write a report to: a page, its numbers and its pictures.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing report.")] = False,
    **options: Any,
) -> None:
    """Evaluate a classifier on labelled texts: accuracy, and precision, recall, F1 per label, micro and macro."""
    refuse_useless(context, with_output(("overwrite",), "--report", report))
    check_together(compare, baseline, output_format)
    if report is not None:
        check_report_folder(report, overwrite)
    classifier = trained_of(load(folder))
    if threshold is not None:
        classifier = _with_threshold(context, classifier, threshold)
    rows = {name: options.pop(name) for name in ("on_error", "encoding")}
    reading = Reading.of_classifier(classifier, **options)
    examples = reading.read(data, **rows)
    cells = reading.cells(examples)
    if compare is not None:
        beside = Compared.of(folder, data, compare, reading, rows)
        beside.evaluate(classifier, examples, cells, output_format, report=report, overwrite=overwrite)
        return
    other: BaselineScores | None = None
    notes: list[str] = []
    if baseline is not None:
        train = reading.read(baseline, **rows)
        other, notes = _baseline(classifier, train, examples, reading)
    comparison = None
    if report is None and other is not None:
        scores, comparison = evaluate_with_baseline(classifier, examples.texts, cells, other, examples.text_pairs)
    elif report is None:
        intervals = output_format is not Format.csv
        scores = classifier.evaluate(examples.texts, cells, examples.text_pairs, intervals=intervals)
    else:
        aside: Any = {"text_pairs": examples.text_pairs, "baseline": other, "warnings": notes, "overwrite": overwrite}
        page = write_report(classifier, examples.texts, cells, report, **aside)
        metrics = json.loads(page.with_name(METRICS_FILE).read_text(encoding="utf-8"))
        scores, comparison = _with_intervals(metrics["scores"], metrics["intervals"]), metrics["comparison"]
        say(f"The report is at {page}")
    _print(scores, other, comparison, output_format)


def _with_threshold(context: typer.Context, classifier: TrainedClassifier, threshold: float) -> TrainedClassifier:
    """The classifier with one threshold for every label."""
    if not any(task.uses_thresholds for task in classifier.outputs.tasks.values()):
        refuse_useless(context, {"threshold": "goes with labels that have thresholds, binary and multilabel ones"})
    limit = check_number("threshold", threshold, 0, 1)
    thresholds = {head: np.full_like(own, limit) for head, own in classifier.thresholds.items()}
    return dataclasses.replace(classifier, thresholds=thresholds)


def _print(
    scores: dict[str, Any], other: dict[str, Any] | None, comparison: dict[str, Any] | None, output_format: Format
) -> None:
    if output_format is Format.json:
        content = scores if other is None else {"model": scores, "baseline": other, "comparison": comparison}
        print(json.dumps(content, indent=2, ensure_ascii=False))
        return
    print_scores(scores, as_csv=output_format is Format.csv)
    if comparison is not None:
        print_comparison(comparison)


def _baseline(
    classifier: TrainedClassifier, train: Examples, test: Examples, reading: Reading
) -> tuple[BaselineScores, list[str]]:
    """Score the baseline; list what is wrong with the comparison."""
    keys = text_keys(train.texts, train.text_pairs)
    notes = [note] if (note := overlap_message(keys, test.texts, test.text_pairs)) else []
    for note in notes:
        warnings.warn(note, KerasbertWarning, stacklevel=2)
    given = [_one_text(train), reading.cells(train), _one_text(test), reading.cells(test)]
    return score_baseline(classifier.outputs, *given), notes


def _one_text(examples: Examples) -> list[str]:
    """Return the texts, and of pairs, which the baseline does not know, both joined."""
    if not examples.text_pairs:
        return list(examples.texts)
    return list(map("\n".join, zip(examples.texts, examples.text_pairs, strict=True)))


def _with_intervals(scores: dict[str, Any], intervals: dict[str, Any]) -> dict[str, Any]:
    if "accuracy" in scores:
        return {**scores, "intervals": intervals}
    return {head: own | ({"intervals": intervals[head]} if head in intervals else {}) for head, own in scores.items()}
