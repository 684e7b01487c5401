"""`kerasbert doubt`: texts out of scope and unsure predictions that a saved classifier leaves without a label."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.files import check_output
from kerasbert._core.progress import waiting
from kerasbert.cli.command_options import draws_options
from kerasbert.cli.data import Reading, both_texts, load_and_read
from kerasbert.cli.help import add_command
from kerasbert.cli.options import DATA_FILES, Folder, ReadingOptions, app, refuse_useless, say
from kerasbert.reading.examples import Examples
from kerasbert.reading.read_options import ReadOptions
from kerasbert.uncertainty.out_of_scope import KEEP


@add_command(app, example="kerasbert doubt DIR valid.csv --reference train.csv --precision 0.95 --output doubting")
@draws_options({"Data": ReadingOptions, "Files": ReadOptions})
def doubt(
    context: typer.Context,
    folder: Folder,
    data: Annotated[Path, typer.Argument(help=f"Labelled data that it was not trained on: {DATA_FILES}.")],
    output: Annotated[Path, typer.Option(help="Folder to write; it appears when it is whole.")],
    reference: Annotated[
        Path | None,
        typer.Option(
            metavar="TRAIN",
            help="Labelled texts of every label, such as the training data: fit the score that tells texts out of scope.",
        ),
    ] = None,
    out_of_scope: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Texts that belong to none of the labels, at least 10, to fit it by."),
    ] = None,
    keep: Annotated[float, typer.Option(help="Share of the texts in scope that it is to keep.")] = KEEP,
    precision: Annotated[
        float | None,
        typer.Option(help="Choose the confidence from which at least this share of the predictions is right."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing saved model.")] = False,
    **options: Any,
) -> None:
    """Fit what lets a classifier give no label: to texts out of scope (--reference), and where it is unsure (--precision).

    `predict --reject` and `predict --abstain` go by it. Calibrate first: `kerasbert calibrate` drops what is fitted here.
    """
    if reference is None and precision is None:
        raise typer.BadParameter("give --reference, --precision or both: there is nothing else to fit.")
    if reference is None:
        refuse_useless(context, dict.fromkeys(("out_of_scope", "keep"), "goes with --reference"))
    check_output(output, overwrite, kind="classifier")
    on_error = options.pop("on_error")

    def read(reading: Reading) -> tuple[Examples, Examples | None, Examples | None]:
        files, of_texts = reading.reader(on_error=on_error), reading.reader(with_labels=False, on_error=on_error)
        outside = None if out_of_scope is None else of_texts.read(out_of_scope)
        return files.read(data), None if reference is None else files.read(reference), outside

    trained, reading, (examples, known, outside) = load_and_read(folder, read, **options)
    with waiting(f"fitting on {len(examples.texts):,} texts"):
        if precision is not None:
            given = examples.texts, reading.cells(examples), examples.text_pairs
            trained = trained.with_abstention(*given, precision=precision)
        if known is not None:
            trained = trained.with_out_of_scope(
                known.texts,
                reading.cells(known),
                known.text_pairs,
                validation=both_texts(examples),
                out_of_scope_texts=None if outside is None else both_texts(outside),
                keep=keep,
            )
        trained.save(output, overwrite=overwrite)
    for part, is_new in ((trained.abstention, precision is not None), (trained.out_of_scope, known is not None)):
        if is_new:
            say(repr(part))
    say(f"Saved to {output}.")
