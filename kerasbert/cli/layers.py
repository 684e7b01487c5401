"""`kerasbert layers`: the layers of a layerwise classifier, and the smaller model that stops at one."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.files import atomic_dir_write, check_output
from kerasbert._core.progress import waiting
from kerasbert.cli.command_options import draws_options
from kerasbert.cli.data import Reading, load_and_read
from kerasbert.cli.help import add_command
from kerasbert.cli.options import DATA_FILES, Folder, Format, ReadingOptions, app, refuse_useless, say, with_output
from kerasbert.cli.tables import print_table
from kerasbert.reading.examples import Examples
from kerasbert.reading.read_options import READ_OPTIONS, ReadOptions

ROWS = ("on_error", *READ_OPTIONS)


@add_command(app, example="kerasbert layers DIR test.csv --keep 4 --save-as SMALLER")
@draws_options({"Data": ReadingOptions, "Files": ReadOptions}, only=ROWS)
def layers(
    context: typer.Context,
    folder: Folder,
    data: Annotated[Path, typer.Argument(help=f"Labelled data: {DATA_FILES}.")],
    output: Annotated[
        Path | None, typer.Option(help="Folder to write: layers.json and the picture layers.png.")
    ] = None,
    keep: Annotated[int | None, typer.Option(help="Layer at which the smaller classifier of --save-as stops.")] = None,
    save_as: Annotated[Path | None, typer.Option(help="Folder of the smaller classifier; needs --keep.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing outputs.")] = False,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the table.")] = Format.table,
    **options: Any,
) -> None:
    """Score each layer of a classifier trained with --layerwise, its vote and early exit; cut it at a layer."""
    if (keep is None) != (save_as is None):
        raise typer.BadParameter("--keep LAYER and --save-as DIR go together.")
    refuse_useless(context, with_output(("overwrite",), "--output or --save-as", output or save_as))
    for target, kind in ((output, "layers"), (save_as, "classifier")):
        if target is not None:
            check_output(target, overwrite, kind=kind)
    files = {name: options[name] for name in READ_OPTIONS}
    classifier, reading, examples = load_and_read(folder, lambda own: _read(own, data, options["on_error"]), **files)
    from kerasbert.evaluation.layer_scores import score_layers
    from kerasbert.text_classifier import truncate

    with waiting("scoring the layers"):
        report = score_layers(classifier, examples.texts, reading.cells(examples))
    if output is not None:
        with atomic_dir_write(output, kind="layers", overwrite=overwrite) as beside:
            (beside / "layers.json").write_text(json.dumps(report.to_dict(), indent=2) + "\n", encoding="utf-8")
            report.save_picture(beside / "layers.png")
    if output_format is Format.json:
        print(json.dumps(report.to_dict(), indent=2))
    else:
        columns = ["way", "weight", report.measure, "saving", "ms a text"]
        as_csv = output_format is Format.csv
        rows = report.values() if as_csv else report.cells()
        print_table(f"{folder}: {report.num_texts} texts", columns, rows, as_csv=as_csv)
        say(report.time_note())
    if keep is not None and save_as is not None:
        truncate(classifier, keep).save(save_as, overwrite=overwrite, metrics={"reading": reading.to_dict()})
        say(f"Saved the classifier that stops at layer {keep} to {save_as}.")


def _read(reading: Reading, data: Path, on_error: str) -> Examples:
    if reading.text_pair_column:
        raise typer.BadParameter("the classifier reads pairs of texts, which are not scored layer by layer.")
    return reading.reader(on_error=on_error).read(data)
