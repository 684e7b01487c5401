"""`kerasbert calibrate`: probabilities that can be believed, and sets of labels with a promise, for a saved classifier."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.checks import check_choice
from kerasbert._core.files import check_output
from kerasbert._core.progress import waiting
from kerasbert.cli.command_options import draws_options
from kerasbert.cli.data import Reading, both_texts, load_and_read
from kerasbert.cli.help import add_command
from kerasbert.cli.options import DATA_FILES, Folder, Format, ReadingOptions, app, say
from kerasbert.cli.tables import print_table
from kerasbert.reading.examples import Examples
from kerasbert.reading.read_options import ReadOptions
from kerasbert.uncertainty.calibration import Calibration
from kerasbert.uncertainty.fitted import one_of
from kerasbert.uncertainty.out_of_scope import KEEP
from kerasbert.uncertainty.set_scores import METHODS


@add_command(app, example="kerasbert calibrate DIR valid.csv --output calibrated")
@draws_options({"Data": ReadingOptions, "Files": ReadOptions})
def calibrate(
    folder: Folder,
    data: Annotated[Path, typer.Argument(help=f"Labelled data that it was not trained on: {DATA_FILES}.")],
    output: Annotated[Path, typer.Option(help="Folder to write; it appears when it is whole.")],
    always: Annotated[
        bool, typer.Option("--always", help="Calibrate too where the data shows no gain with 95 % confidence.")
    ] = False,
    method: Annotated[
        str, typer.Option(help=f"How the labels of sets are scored: {', '.join(METHODS)}; lac gives the smallest.")
    ] = METHODS[0],
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="TRAIN", help="Labelled texts of every label: also fit the score that tells texts out of scope."
        ),
    ] = None,
    out_of_scope: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Texts that belong to none of the labels, at least 10, to fit it by."),
    ] = None,
    keep: Annotated[
        float | None, typer.Option(help=f"Share of texts in scope that it is to keep, {KEEP} unless said otherwise.")
    ] = None,
    precision: Annotated[
        float | None,
        typer.Option(
            help="Also choose the confidence from which so many predictions are right; see predict --abstain."
        ),
    ] = None,
    output_format: Annotated[
        Format, typer.Option("--format", help="How to write the measures before and after.")
    ] = Format.table,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing saved model.")] = False,
    **options: Any,
) -> None:
    """Scale the logits of a classifier so that its probabilities can be believed, and fit its prediction sets.

    No decision changes. `predict --coverage` gives the sets, and every export computes the calibrated probabilities.
    """
    check_choice("method", method, METHODS)
    check_output(output, overwrite, kind="classifier")
    if reference is None and (out_of_scope is not None or keep is not None):
        raise typer.BadParameter("--out-of-scope and --keep go with --reference, the texts that show what is in scope.")
    on_error = options.pop("on_error")

    def read(reading: Reading) -> tuple[Examples, Examples | None, Examples | None]:
        files, of_texts = reading.reader(on_error=on_error), reading.reader(with_labels=False, on_error=on_error)
        outside = None if out_of_scope is None else of_texts.read(out_of_scope)
        return files.read(data), None if reference is None else files.read(reference), outside

    classifier, reading, (examples, known, outside) = load_and_read(folder, read, **options)
    cells = reading.cells(examples)
    with waiting(f"calibrating on {len(examples.texts):,} texts"):
        trained = classifier.calibrated(examples.texts, cells, examples.text_pairs, always=always)
        trained = trained.with_sets(examples.texts, cells, examples.text_pairs, method=method)
        if precision is not None:
            trained = trained.with_abstention(examples.texts, cells, examples.text_pairs, precision=precision)
        if known is not None:
            trained = trained.with_out_of_scope(
                known.texts,
                reading.cells(known),
                known.text_pairs,
                validation=both_texts(examples),
                out_of_scope_texts=None if outside is None else both_texts(outside),
                keep=KEEP if keep is None else keep,
            )
        trained.save(output, overwrite=overwrite)
    found = one_of(Calibration, trained.uncertainty)
    if output_format is Format.json:
        import json

        print(json.dumps(found.to_plain(), indent=2))
    else:
        rows = [list(row.values()) for row in found.rows()]
        columns = [name.replace("_", " ") for name in next(iter(found.rows()))]
        print_table("", columns, rows, as_csv=output_format is Format.csv)
    for part in (trained.abstention, trained.out_of_scope):
        if part is not None:
            say(repr(part))
    say(f"{repr(found).splitlines()[0]}. {trained.prediction_sets!r}. Saved to {output}.")
