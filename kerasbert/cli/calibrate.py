"""`kerasbert calibrate`: probabilities that can be believed, and sets of labels with a promise, for a saved classifier."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.checks import check_choice
from kerasbert._core.files import check_output
from kerasbert._core.progress import waiting
from kerasbert.cli.command_options import draws_options
from kerasbert.cli.data import Reading, load_and_read
from kerasbert.cli.help import add_command
from kerasbert.cli.options import DATA_FILES, Folder, Format, ReadingOptions, app, say
from kerasbert.cli.tables import print_table
from kerasbert.reading.examples import Examples
from kerasbert.reading.read_options import ReadOptions
from kerasbert.uncertainty.calibration import Calibration
from kerasbert.uncertainty.fitted import one_of
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
    each_label: Annotated[
        bool, typer.Option("--each-label", help="Sets keep their promise for the texts of each label by themselves.")
    ] = False,
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
    on_error = options.pop("on_error")

    def read(reading: Reading) -> Examples:
        return reading.reader(on_error=on_error).read(data)

    classifier, reading, examples = load_and_read(folder, read, **options)
    cells = reading.cells(examples)
    with waiting(f"calibrating on {len(examples.texts):,} texts"):
        trained = classifier.calibrated(examples.texts, cells, examples.text_pairs, always=always)
        trained = trained.with_sets(examples.texts, cells, examples.text_pairs, method=method, each_label=each_label)
        trained.save(output, overwrite=overwrite)
    found = one_of(Calibration, trained.uncertainty)
    if output_format is Format.json:
        import json

        print(json.dumps(found.to_plain(), indent=2))
    else:
        rows = [list(row.values()) for row in found.rows()]
        columns = [name.replace("_", " ") for name in next(iter(found.rows()))]
        print_table("", columns, rows, as_csv=output_format is Format.csv)
    say(f"{repr(found).splitlines()[0]}. {trained.prediction_sets!r}. Saved to {output}.")
