"""`kerasbert evaluate`: how good a saved classifier is on labelled texts."""

import dataclasses
import json
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import numpy as np
import typer

from kerasbert._core.checks import check_number
from kerasbert._core.errors import KerasbertWarning
from kerasbert._core.files import check_output
from kerasbert._core.progress import waiting
from kerasbert.cli.artefacts import open_to_judge, opener
from kerasbert.cli.command_options import draws_options
from kerasbert.cli.compare import Compared, check_together
from kerasbert.cli.data import Reading, both_texts, load_and_read
from kerasbert.cli.help import add_command
from kerasbert.cli.options import (
    DATA_FILES,
    EngineOptions,
    Folder,
    Format,
    ReadingOptions,
    app,
    refuse_useless,
    say,
    with_output,
)
from kerasbert.cli.predictions import check_predictions_file, write_predictions
from kerasbert.cli.starting import start_tensorflow
from kerasbert.cli.tables import print_comparison, print_detection, print_scores
from kerasbert.reading._files import check_file
from kerasbert.reading.data_checks import overlap_message, text_keys
from kerasbert.reading.examples import Examples
from kerasbert.reading.read_options import ReadOptions

if TYPE_CHECKING:
    from kerasbert.evaluation.baseline import BaselineScores
    from kerasbert.evaluation.outcomes import Outcome
    from kerasbert.saving.answers import Answers
    from kerasbert.saving.trained_classifier import TrainedClassifier


PredictionsFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="A .csv or .jsonl to write: of each text its labels, the predicted ones, their scores, and the rank of the "
        "error; 1 is the worst.",
    ),
]
OutOfScopeFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="Texts that belong to none of the labels: also say how well they are told from the others."
    ),
]


# What reads more of a classifier than its engine gives.
IN_KERAS = ("report", "compare", "out_of_scope")


@add_command(app, example="kerasbert evaluate DIR test.csv --report report")
@draws_options({"Engine": EngineOptions, "Data": ReadingOptions, "Files": ReadOptions})
def evaluate(
    context: typer.Context,
    folder: Folder,
    data: Annotated[Path, typer.Argument(help=f"Labelled data: {DATA_FILES}.")],
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
    predictions: PredictionsFile = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing report, or existing predictions.")
    ] = False,
    out_of_scope: OutOfScopeFile = None,
    **options: Any,
) -> None:
    """Evaluate a classifier on labelled texts: accuracy, and precision, recall, F1 per label, micro and macro."""
    check_together(context, compare, baseline, output_format)
    refuse_useless(context, with_output(("overwrite",), "--report or --predictions", report or predictions))
    _check_outputs(report, predictions, overwrite)
    on_error, engine, threads = (options.pop(name) for name in ("on_error", "engine", "threads"))
    open_with = opener(context, engine, threads, partial(open_to_judge, context), refused=IN_KERAS)
    _check_out_of_scope(out_of_scope, compare, output_format)

    def read(reading: Reading) -> tuple[Examples, Examples | None, Examples | None]:
        files, of_texts = reading.reader(on_error=on_error), reading.reader(with_labels=False, on_error=on_error)
        outside = None if out_of_scope is None else of_texts.read(out_of_scope)
        return files.read(data), None if baseline is None else files.read(baseline), outside

    classifier, reading, (examples, train, outside) = load_and_read(folder, read, open_with, **options)
    if threshold is not None:
        classifier = _with_threshold(context, classifier, threshold)
    if compare is not None:
        beside = Compared.of(folder, data, compare, reading, {"on_error": on_error})
        beside.evaluate(
            classifier, examples, reading.cells(examples), output_format, report=report, overwrite=overwrite
        )
        return
    judged = _judge(classifier, examples, train, reading, report=report, overwrite=overwrite)
    if predictions is not None:
        write_predictions(classifier, examples, judged.probabilities, judged.outcomes, predictions)
        say(f"The predictions are in {predictions}")
    found = None if outside is None else classifier.evaluate_out_of_scope(both_texts(examples), both_texts(outside))
    _print(judged, output_format, found)


def _check_out_of_scope(file: Path | None, compare: Path | None, output_format: Format) -> None:
    """Check, before anything is loaded, that texts out of scope can be read, and told of."""
    if file is None:
        return
    check_file(file)
    if compare is not None or output_format is Format.csv:
        raise typer.BadParameter("--out-of-scope goes without --compare, and with --format table or json.")


def _check_outputs(report: Path | None, predictions: Path | None, overwrite: bool) -> None:
    """Check, before anything is loaded, that report and predictions can be written."""
    if report is not None:
        check_output(report, overwrite, kind="report")
    if predictions is not None:
        check_predictions_file(predictions, overwrite)


class Judgement(NamedTuple):
    """What an evaluation found.

    Args:
        probabilities: of the texts, by head.
        outcomes: by head.
        scores: as `TextClassifier.evaluate` returns them.
        baseline: the scores of the baseline.
        comparison: of the two.
    """

    probabilities: Mapping[str, np.ndarray]
    outcomes: Mapping[str, "Outcome"]
    scores: dict[str, Any]
    baseline: "BaselineScores | None"
    comparison: dict[str, Any] | None


def _with_threshold(context: typer.Context, classifier: "TrainedClassifier", threshold: float) -> "TrainedClassifier":
    """The classifier with one threshold for every label."""
    if not any(task.uses_thresholds for task in classifier.outputs.tasks.values()):
        refuse_useless(context, {"threshold": "goes with labels that have thresholds, binary and multilabel ones"})
    limit = check_number("threshold", threshold, 0, 1)
    thresholds = {head: np.full_like(own, limit) for head, own in classifier.thresholds.items()}
    return dataclasses.replace(classifier, thresholds=thresholds)


def _judge(
    classifier: "TrainedClassifier",
    examples: Examples,
    train: Examples | None,
    reading: Reading,
    *,
    report: Path | None,
    overwrite: bool,
) -> Judgement:
    """Run the model once; score it, beside a baseline where there is training data, and write the report."""
    start_tensorflow()
    from kerasbert.evaluation.comparison import evaluate_with_baseline, judge_texts

    texts, pairs, cells = examples.texts, examples.text_pairs, reading.cells(examples)
    with waiting(f"predicting {len(texts):,} texts"):
        judged = judge_texts(classifier, texts, cells, pairs, with_vectors=report is not None)
    probabilities = judged.probabilities
    other, notes = (None, []) if train is None else _baseline(classifier, train, examples, reading)
    if report is not None:
        from kerasbert.evaluation.report.writing import METRICS_FILE, write_report

        aside: Any = {"text_pairs": pairs, "baseline": other, "warnings": notes, "overwrite": overwrite}
        with waiting("writing the report"):
            page = write_report(classifier, texts, cells, report, judged=judged, **aside)
        metrics = json.loads(page.with_name(METRICS_FILE).read_text(encoding="utf-8"))
        scores, comparison = _with_intervals(metrics["scores"], metrics["intervals"]), metrics["comparison"]
        classifier.add_doubts(scores, classifier.encode_labels(cells), probabilities)
        say(f"The report is at {page}")
    elif other is not None:
        scores, comparison = evaluate_with_baseline(classifier, texts, cells, other, pairs, probabilities)
    else:
        scores, comparison = classifier.evaluate_probabilities(probabilities, cells, intervals=True), None
    return Judgement(probabilities, judged.outcomes, scores, other, comparison)


def _print(judged: Judgement, output_format: Format, out_of_scope: Mapping[str, Any] | None) -> None:
    if output_format is Format.json:
        beside = {"model": judged.scores, "baseline": judged.baseline, "comparison": judged.comparison}
        shown = judged.scores if judged.baseline is None else beside
        shown = shown if out_of_scope is None else {**shown, "out_of_scope": out_of_scope}
        print(json.dumps(shown, indent=2, ensure_ascii=False))
        return
    print_scores(judged.scores, as_csv=output_format is Format.csv)
    if judged.comparison is not None:
        print_comparison(judged.comparison)
    if out_of_scope is not None:
        print_detection(out_of_scope)


def _baseline(
    classifier: "Answers", train: Examples, test: Examples, reading: Reading
) -> "tuple[BaselineScores, list[str]]":
    """Score the baseline; list what is wrong with the comparison."""
    from kerasbert.evaluation.baseline import score_baseline

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
