"""`kerasbert evaluate`: how good a saved classifier is on labelled texts."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kerasbert.cli.options import Delimiter, Folder, Format, Labels, Task, TextPair, app
from kerasbert.cli.reading import label_cells, label_columns
from kerasbert.cli.tables import print_scores
from kerasbert.data.readers import read_examples
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
) -> None:
    """Judge a classifier on labelled texts: accuracy, and precision, recall, F1 per label, micro and macro."""
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
    scores = classifier.evaluate(examples.texts, label_cells(examples, reading), examples.text_pairs)
    if output_format is Format.json:
        print(json.dumps(scores, indent=2, ensure_ascii=False))
    else:
        print_scores(scores, as_csv=output_format is Format.csv)
