"""`kerasbert predict`: labels for texts."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.errors import DataError
from kerasbert.cli.command_options import draws_options
from kerasbert.cli.data import Reading
from kerasbert.cli.options import DATA_FILES, Folder, Format, ReadingOptions, app, is_file_name, refuse_useless, say
from kerasbert.cli.tables import print_predictions
from kerasbert.reading._files import check_encoding, check_file, decode_lines, read_bytes
from kerasbert.reading.examples import Examples
from kerasbert.reading.read_options import READ_OPTIONS, ReadOptions
from kerasbert.reading.readers import read_examples
from kerasbert.saving.trained_classifier import TrainedClassifier, trained_of
from kerasbert.text_classifier import load

TEXT_COLUMNS = ("text_column", "text_pair_column")
# Files of one text a line.
PLAIN = (".txt", "")


@app.command()
@draws_options({"Data": ReadingOptions, "Files": ReadOptions}, only=[*TEXT_COLUMNS, "on_error", *READ_OPTIONS])
def predict(
    context: typer.Context,
    folder: Folder,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", help="Texts; none reads standard input.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help=f"A {DATA_FILES}, or a text file of one text a line.")
    ] = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the predictions.")] = Format.table,
    **options: Any,
) -> None:
    """Label texts given as arguments, in a file, or on standard input (one a line)."""
    if texts and file is not None:
        raise typer.BadParameter("give texts or --file, not both.")
    _refuse_file_names(texts or [])
    has_columns = file is not None and file.suffix.lower() not in PLAIN
    if not has_columns:
        reason = "goes with --file and a file that has columns, such as .csv or .jsonl"
        of_cells = [name for name in READ_OPTIONS if name != "encoding"]
        refuse_useless(context, dict.fromkeys((*TEXT_COLUMNS, "on_error", *of_cells), reason))
    if texts:
        refuse_useless(context, {"encoding": "goes with --file, or with standard input"})
    classifier = trained_of(load(folder))
    reading = Reading.of_classifier(classifier, **{name: options[name] for name in (*TEXT_COLUMNS, *READ_OPTIONS)})
    if file is not None and has_columns:
        examples = reading.read(file, with_labels=False, on_error=options["on_error"])
    elif reading.text_pair_column is not None:
        raise typer.BadParameter(
            f"the classifier reads pairs of texts; give --file and a file with the columns {reading.text_column!r} and "
            f"{reading.text_pair_column!r}."
        )
    else:
        examples = read_examples(texts or _lines(file, options["encoding"]))
    predictions = list(predict_rows(classifier, examples))
    if output_format is Format.json:
        for row in predictions:
            print(json.dumps(row, ensure_ascii=False))
    else:
        print_predictions(predictions, as_csv=output_format is Format.csv)


def _refuse_file_names(texts: Sequence[str]) -> None:
    """Refuse a file that is given where a text is wanted: its name would be labelled."""
    for text in texts:
        if is_file_name(text):
            raise typer.BadParameter(
                f"{text!r} is the name of a file; give it as --file {text}. To label these very words, write them to "
                f"standard input."
            )


def _lines(file: Path | None, encoding: str) -> list[str]:
    """Read the lines of a text file, or of standard input."""
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
    """Predict each text: a dict of `text`, and of `labels` and `scores` (label -> probability) or these by head."""
    y_pred, probabilities = classifier.predict_with_proba(examples.texts, examples.text_pairs)
    classes = classifier.classes
    for index, text in enumerate(examples.texts):
        if isinstance(y_pred, dict):
            heads = {
                head: _decision(own[index], classes[head], probabilities[head][index]) for head, own in y_pred.items()
            }
            yield {"text": text, "heads": heads}
        else:
            yield {"text": text, **_decision(y_pred[index], classes, probabilities[index])}


def _decision(labels: Any, classes: Sequence[Any], probabilities: Any) -> dict[str, Any]:
    chosen = labels if isinstance(labels, list) else [labels]
    scores = {str(name): round(float(value), 6) for name, value in zip(classes, probabilities, strict=True)}
    return {"labels": list(map(str, chosen)), "scores": scores}
