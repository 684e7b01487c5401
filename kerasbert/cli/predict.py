"""`kerasbert predict`: labels for texts."""

import dataclasses
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasbert._core.errors import DataError
from kerasbert._core.names import OUT_OF_SCOPE_SCORE
from kerasbert._core.options import filled, options_of
from kerasbert._core.progress import waiting
from kerasbert.caching.settings import CacheOptions
from kerasbert.cli.artefacts import opener
from kerasbert.cli.caching import cached
from kerasbert.cli.command_options import draws_options
from kerasbert.cli.data import Reading, load_and_read
from kerasbert.cli.help import add_command
from kerasbert.cli.options import (
    DATA_FILES,
    EngineOptions,
    Folder,
    Format,
    ReadingOptions,
    app,
    is_file_name,
    refuse_useless,
    say,
)
from kerasbert.cli.predictions import predict_rows
from kerasbert.cli.tables import print_predictions
from kerasbert.production.prediction_rows import PredictionColumns, PredictionCsv, as_json, label_names
from kerasbert.reading._files import check_encoding, check_file, decode_lines, standard_input
from kerasbert.reading.examples import Examples
from kerasbert.reading.formats import PLAIN_ENDINGS
from kerasbert.reading.read_options import READ_OPTIONS, ReadOptions
from kerasbert.reading.readers import columns_of, read_examples
from kerasbert.reading.sources import source_of

if TYPE_CHECKING:
    from kerasbert.saving.trained_classifier import TrainedClassifier

TEXT_COLUMNS = ("text_column", "text_pair_column")
# Texts that are read, predicted and written at a time, whatever the size of the data.
PIECE = 2000
Coverage = Annotated[
    float | None,
    typer.Option(help="Also give sets of labels that hold the true one in this share of texts, such as 0.95."),
]
Reject = Annotated[
    bool,
    typer.Option(
        "--reject", help="Leave the labels of texts that are out of scope empty, and write the out-of-scope scores."
    ),
]
Abstain = Annotated[
    bool, typer.Option("--abstain", help="Leave the labels of texts that a person should look at empty.")
]


@add_command(
    app,
    example="""
    kerasbert predict DIR "my card was stolen"
    kerasbert predict DIR --file new.csv --keep-columns --format csv > labelled.csv
    """,
)
@draws_options(
    {"Engine": EngineOptions, "Data": ReadingOptions, "Files": ReadOptions, "Cache": CacheOptions},
    only=["engine", "threads", *TEXT_COLUMNS, "on_error", *READ_OPTIONS, *options_of(CacheOptions)],
)
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
    keep_columns: Annotated[
        bool, typer.Option("--keep-columns", help="Write the other columns of the file too, with --format csv or json.")
    ] = False,
    coverage: Coverage = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="A,B", help="Write these columns of the file too.")
    ] = None,
    reject: Reject = False,
    abstain: Abstain = False,
    **options: Any,
) -> None:
    """Label texts given as arguments, in a file of any size, or on standard input (one a line)."""
    engine, threads, on_error = (options.pop(name) for name in ("engine", "threads", "on_error"))
    open_with = opener(context, engine, threads)
    if texts and file is not None:
        raise typer.BadParameter("give texts or --file, not both.")
    _refuse_file_names(texts or [])
    has_columns = file is not None and file.suffix.lower() not in PLAIN_ENDINGS
    if not has_columns:
        of_cells = [name for name in READ_OPTIONS if name != "encoding"]
        reason = "goes with --file and a file that has columns, such as .csv or .jsonl"
        refuse_useless(
            context, dict.fromkeys((*TEXT_COLUMNS, "on_error", *of_cells, "keep_columns", "columns"), reason)
        )
    if output_format is Format.table:
        refuse_useless(context, dict.fromkeys(("keep_columns", "columns"), "goes with --format csv or json"))
    if keep_columns and columns is not None:
        raise typer.BadParameter("--columns goes without --keep-columns, which keeps all.")
    if texts:
        refuse_useless(context, {"encoding": "goes with --file, or with standard input"})
    if file is not None:
        check_file(file, largest=None, empty=not has_columns)

    def start(reading: Reading) -> tuple[Iterator[Examples], list[str]]:
        if file is not None and has_columns:
            kept = _kept(file, reading, columns) if keep_columns or columns is not None else []
            reader = dataclasses.replace(reading.reader(with_labels=False, on_error=on_error), label_columns=kept)
            return _started(reader.read_pieces(file, PIECE)), kept
        if reading.text_pair_column is not None:
            raise typer.BadParameter(
                f"the classifier reads pairs of texts; give --file and a file with the columns {reading.text_column!r} "
                f"and {reading.text_pair_column!r}."
            )
        return _text_pieces(iter(texts) if texts else _lines(file, options["encoding"])), []

    given = {name: options[name] for name in (*TEXT_COLUMNS, *READ_OPTIONS)}
    with cached(context, filled(CacheOptions, None, options)) as cache:
        classifier, _, (pieces, kept) = load_and_read(folder, start, open_with, **given)
        asked = {"reject": reject, "abstain": abstain, "coverage": coverage}
        _predict_pieces(dataclasses.replace(classifier, cache=cache), pieces, output_format, kept, asked)


def _predict_pieces(
    classifier: "TrainedClassifier",
    pieces: Iterator[Examples],
    output_format: Format,
    kept: Sequence[str],
    asked: Mapping[str, Any],
) -> None:
    """Predict pieces of data and write each, before the next is read."""
    if asked["coverage"] is not None:
        classifier.prediction_sets.check(classifier.outputs, asked["coverage"])
    writer: PredictionCsv | None = None
    others = (OUT_OF_SCOPE_SCORE,) if asked["reject"] else ()
    done = 0
    while True:
        examples = next(pieces, None)
        with waiting(f"predicting; {done:,} texts are done"):
            rows = [] if examples is None else predict_rows(classifier, examples, **asked)
        if output_format is Format.csv:
            parts = {"labels": "labels"} | ({} if asked["coverage"] is None else {"set": "set"})
            columns = PredictionColumns(label_names(classifier), kept=kept, parts=parts, others=others)
            writer = writer or PredictionCsv(sys.stdout, columns)
            writer.write(rows)
        elif output_format is Format.json:
            sys.stdout.writelines(as_json(row) + "\n" for row in rows)
        elif rows or not done:
            print_predictions(rows, with_header=not done, others=others)
        sys.stdout.flush()
        if examples is None:
            return
        done += len(rows)


def _started(pieces: Iterator[Examples]) -> Iterator[Examples]:
    """The same, with the first piece read: what is wrong with the columns is told before the model is loaded."""
    return itertools.chain(list(itertools.islice(pieces, 1)), pieces)


def _kept(file: Path, reading: Reading, columns: str | None) -> list[str]:
    """The columns that are kept: those that are named, or all but that of the texts."""
    if columns is not None:
        return [name for name in columns.split(",") if name != reading.text_column]
    return [name for name in columns_of(source_of(file, reading.files)) if name != reading.text_column]


def _refuse_file_names(texts: Sequence[str]) -> None:
    """Refuse a file that is given where a text is wanted: its name would be labelled."""
    for text in texts:
        if is_file_name(text):
            raise typer.BadParameter(
                f"{text!r} is the name of a file; give it as --file {text}. To label these very words, write them to "
                f"standard input."
            )


def _text_pieces(texts: Iterator[str]) -> Iterator[Examples]:
    while piece := list(itertools.islice(texts, PIECE)):
        yield read_examples(piece)


def _lines(file: Path | None, encoding: str) -> Iterator[str]:
    """The lines of a text file, or of standard input."""
    name = check_encoding(encoding)
    if file is not None:
        with file.open("rb") as stream:
            yield from decode_lines(stream, str(file), name)
        return
    if sys.stdin is None or sys.stdin.closed:
        raise DataError("Standard input is closed; give texts, or --file.")
    try:
        if sys.stdin.isatty():
            say("Reading texts from standard input, one a line; end with Ctrl-D.")
        yield from decode_lines(standard_input(), "standard input", name)
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"Standard input cannot be read: {error}; give texts, or --file.") from error
