"""`kerasbert predict`: labels for texts."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.errors import DataError
from kerasbert.cli.options import Folder, Format, TextPair, app, say
from kerasbert.cli.tables import print_predictions
from kerasbert.data._files import check_file
from kerasbert.data.examples import Examples
from kerasbert.data.readers import read_examples
from kerasbert.text_classifier import TextClassifier, open_classifier


@app.command()
def predict(
    folder: Folder,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", help="Texts; none reads standard input.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="A .csv, .tsv, .jsonl or .parquet, or a text file of one text a line.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Column of the texts. [default: as in training]")] = None,
    text_pair: TextPair = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the predictions.")] = Format.table,
) -> None:
    """Label texts given as arguments, in a file, or on standard input (one a line)."""
    if texts and file is not None:
        raise typer.BadParameter("give texts or --file, not both.")
    classifier = open_classifier(folder)
    reading = classifier.metrics_.get("reading", {})
    pair_column = text_pair or reading.get("text_pair")
    examples = _texts_to_label(texts, file, text or reading.get("text", "text"), pair_column)
    rows = list(predict_rows(classifier, examples))
    if output_format is Format.json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
    else:
        print_predictions(rows, as_csv=output_format is Format.csv)


def predict_rows(classifier: TextClassifier, examples: Examples) -> Iterator[dict[str, Any]]:
    """One plain dict for each text: `text`, `labels` and `scores` (label -> probability), or these by head."""
    probabilities = classifier.predict_proba(examples.texts, examples.text_pairs)
    chosen = classifier.predict(examples.texts, examples.text_pairs)
    classes = classifier.classes_
    for index, text in enumerate(examples.texts):
        if isinstance(chosen, dict):
            heads = {
                head: {
                    "labels": _as_list(chosen[head][index]),
                    "scores": _scores(classes[head], probabilities[head][index]),
                }
                for head in chosen
            }
            yield {"text": text, "heads": heads}
        else:
            yield {"text": text, "labels": _as_list(chosen[index]), "scores": _scores(classes, probabilities[index])}


def _texts_to_label(texts: list[str] | None, file: Path | None, column: str, pair_column: str | None) -> Examples:
    if texts:
        return read_examples(list(texts))
    if file is None:
        if sys.stdin.isatty():
            say("Reading texts from standard input, one a line; end with Ctrl-D.")
        return read_examples(sys.stdin.read().splitlines())
    if file.suffix.lower() in (".txt", ""):
        check_file(file, empty=True)
        try:
            return read_examples(file.read_text(encoding="utf-8").splitlines())
        except UnicodeDecodeError as error:
            raise DataError(f"{str(file)!r} is not UTF-8 at byte {error.start}; save it as UTF-8.") from error
        except OSError as error:
            raise DataError(f"{str(file)!r} cannot be read: {error.strerror}.") from error
    return read_examples(file, text=column, text_pair=pair_column)


def _scores(names: Sequence[str], probabilities: Any) -> dict[str, float]:
    return {str(name): round(float(value), 6) for name, value in zip(names, probabilities, strict=True)}


def _as_list(labels: Any) -> list[str]:
    return [str(label) for label in labels] if isinstance(labels, list) else [str(labels)]
