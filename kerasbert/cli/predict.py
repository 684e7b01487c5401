"""`kerasbert predict`: labels for texts."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.errors import DataError
from kerasbert.cli.data import Reading, read_data
from kerasbert.cli.options import Encoding, Folder, Format, OnError, TextPair, app, is_file_name, refuse_useless, say
from kerasbert.cli.tables import print_predictions
from kerasbert.reading._files import UTF_8, check_encoding, check_file, decode_lines, read_bytes
from kerasbert.reading.examples import Examples
from kerasbert.reading.readers import read_examples
from kerasbert.saving.trained_classifier import TrainedClassifier, trained_of
from kerasbert.text_classifier import load

# Files of one text a line.
PLAIN = (".txt", "")


@app.command()
def predict(
    context: typer.Context,
    folder: Folder,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", help="Texts; none reads standard input.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="A .csv, .tsv, .jsonl or .parquet, or a text file of one text a line.")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text-column", help="Column of the texts. [default: as in training]")
    ] = None,
    text_pair: TextPair = None,
    on_error: OnError = "stop",
    encoding: Encoding = UTF_8,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the predictions.")] = Format.table,
) -> None:
    """Label texts given as arguments, in a file, or on standard input (one a line)."""
    if texts and file is not None:
        raise typer.BadParameter("give texts or --file, not both.")
    _refuse_file_names(texts or [])
    has_columns = file is not None and file.suffix.lower() not in PLAIN
    if not has_columns:
        reason = "goes with --file and a file that has columns, such as .csv or .jsonl"
        refuse_useless(context, dict.fromkeys(("text", "text_pair", "on_error"), reason))
    if texts:
        refuse_useless(context, {"encoding": "goes with --file, or with standard input"})
    classifier = trained_of(load(folder))
    reading = Reading.of_classifier(classifier, text_column=text, text_pair_column=text_pair)
    text, text_pair = reading.text_column, reading.text_pair_column
    if file is not None and has_columns:
        examples = read_data(file, text_column=text, text_pair_column=text_pair, on_error=on_error, encoding=encoding)
    elif text_pair is not None:
        raise typer.BadParameter(
            f"the classifier reads pairs of texts; give --file and a file with the columns {text!r} and {text_pair!r}."
        )
    else:
        examples = read_examples(texts or _lines(file, encoding))
    rows = list(predict_rows(classifier, examples))
    if output_format is Format.json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
    else:
        print_predictions(rows, as_csv=output_format is Format.csv)


def _refuse_file_names(texts: Sequence[str]) -> None:
    """Refuse a file that is given where a text is wanted: its name would be labelled."""
    for text in texts:
        if is_file_name(text):
            raise typer.BadParameter(
                f"{text!r} is the name of a file; give it as --file {text}. To label these very words, write them to "
                f"standard input."
            )


def _lines(file: Path | None, encoding: str) -> list[str]:
    """The lines of a text file, or of standard input."""
    if file is not None:
        check_file(file, empty=True)
        return decode_lines(read_bytes(file), str(file), check_encoding(encoding))
    if sys.stdin is None or sys.stdin.closed:
        raise DataError("Standard input is closed; give texts, or --file.")
    try:
        if sys.stdin.isatty():
            say("Reading texts from standard input, one a line; end with Ctrl-D.")
        # Not as text, which would end lines at a carriage return too.
        content = sys.stdin.buffer.read() if hasattr(sys.stdin, "buffer") else sys.stdin.read().encode("utf-8")
    except (OSError, ValueError) as error:
        raise DataError(f"Standard input cannot be read: {error}; give texts, or --file.") from error
    return decode_lines(content, "standard input", check_encoding(encoding))


def predict_rows(classifier: TrainedClassifier, examples: Examples) -> Iterator[dict[str, Any]]:
    """One plain dict for each text: `text`, `labels` and `scores` (label -> probability), or these by head."""
    chosen, probabilities = classifier.predict_with_proba(examples.texts, examples.text_pairs)
    classes = classifier.classes
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


def _scores(names: Sequence[str], probabilities: Any) -> dict[str, float]:
    return {str(name): round(float(value), 6) for name, value in zip(names, probabilities, strict=True)}


def _as_list(labels: Any) -> list[str]:
    return [str(label) for label in labels] if isinstance(labels, list) else [str(labels)]
