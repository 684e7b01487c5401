"""`kerasbert evaluate`: how good a saved classifier is on labelled texts."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kerasbert.cli.options import Delimiter, Folder, Format, Labels, Task, TextPair, app, say
from kerasbert.cli.reading import label_cells, label_columns
from kerasbert.cli.tables import print_scores
from kerasbert.data.readers import read_examples
from kerasbert.report import METRICS_FILE, check_report_folder, write_report
from kerasbert.text_classifier import load


@app.command()
def evaluate(
    folder: Folder,
    data: Annotated[Path, typer.Argument(help="Labelled data: .csv, .tsv, .jsonl or .parquet.")],
    text: Annotated[str | None, typer.Option("--text", help="Column of the texts. [default: as in training]")] = None,
    text_pair: TextPair = None,
    labels: Labels = None,
    label_delimiter: Delimiter = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the scores.")] = Format.table,
    report: Annotated[
        Path | None, typer.Option(help="Folder to write a report to: a page, its numbers and its pictures.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing report.")] = False,
) -> None:
    """Judge a classifier on labelled texts: accuracy, and precision, recall, F1 per label, micro and macro."""
    if report is not None:
        check_report_folder(report, overwrite)
    classifier = load(folder)
    reading = dict(classifier.metrics_.get("reading", {}))
    given = {"text": text, "text_pair": text_pair, "label_delimiter": label_delimiter}
    reading.update({name: value for name, value in given.items() if value is not None})
    if labels is not None:
        reading["columns"] = labels.split(",")
        if classifier.task == "hierarchical":
            reading["heads"] = dict(zip(classifier.model_.heads, reading["columns"], strict=False))
    columns: list[str] = reading.get("columns") or list(label_columns(Task(classifier.task), None, None))
    reading["columns"] = columns
    examples = read_examples(data, text=reading.get("text", "text"), text_pair=reading.get("text_pair"), labels=columns)
    judged = (examples.texts, label_cells(examples, reading))
    if report is None:
        scores = classifier.evaluate(*judged, examples.text_pairs)
    else:
        page = write_report(classifier, *judged, report, text_pairs=examples.text_pairs, overwrite=overwrite)
        scores = json.loads(page.with_name(METRICS_FILE).read_text(encoding="utf-8"))["scores"]
        say(f"The report is at {page}")
    if output_format is Format.json:
        print(json.dumps(scores, indent=2, ensure_ascii=False))
    else:
        print_scores(scores, as_csv=output_format is Format.csv)
