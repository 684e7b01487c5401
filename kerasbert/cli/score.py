"""`kerasbert score`: files of any size in, a folder of predictions out."""

import dataclasses
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.options import filled, options_of
from kerasbert._core.paths import local_output
from kerasbert._core.progress import rate_bar
from kerasbert.caching.settings import CacheOptions
from kerasbert.cli.caching import cached
from kerasbert.cli.command_options import draws_options, settle
from kerasbert.cli.data import Reading, load_and_read
from kerasbert.cli.help import add_command
from kerasbert.cli.options import EngineOptions, Folder, ReadingOptions, app, refuse_useless, say
from kerasbert.cli.starting import load_classifier
from kerasbert.production.inputs import ScoreInputs
from kerasbert.production.run_folder import check_run_folder
from kerasbert.production.settings import ScoreSettings
from kerasbert.reading.formats import taken_in_words
from kerasbert.reading.read_options import READ_OPTIONS, ReadOptions
from kerasbert.reading.readers import TextColumns

TEXT_COLUMNS = ("text_column", "text_pair_column")
# Done, and there is something to look at.
SOME_REJECTED = 3
PANELS = {
    "Engine": EngineOptions,
    "Data": ReadingOptions,
    "Files": ReadOptions,
    "Predictions": ScoreSettings,
    "Cache": CacheOptions,
}
DRAWN = ["engine", "threads", *TEXT_COLUMNS, *READ_OPTIONS, *options_of(ScoreSettings), *options_of(CacheOptions)]


@add_command(
    app,
    "score",
    example="""
    kerasbert score DIR 'new/*.jsonl.gz' --keep id --output predictions
    kerasbert score DIR new.parquet --format parquet --top 3 --output predictions
    """,
)
@draws_options(PANELS, only=DRAWN)
def score_command(
    context: typer.Context,
    folder: Folder,
    files: Annotated[
        list[str],
        typer.Argument(
            help="Files or quoted patterns: .csv, .tsv, .jsonl, .json, .xlsx, .parquet, or .txt of one text a line (most also "
            "as .gz); - for standard input.",
            metavar="FILES...",
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder to write; the same command goes on with it after a kill.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the predictions of another run.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    **options: Any,
) -> None:
    """Label files of any size: shards in the order of the rows, a kill costs nothing, processes share the work.

    Rows that cannot be used are set apart, and the exit code is 3 where there are some.
    """
    if options["engine"] is None:
        refuse_useless(context, {"threads": "goes with --engine"})
    values = settle(context, ScoreSettings, ReadOptions).values
    settings, files_as = filled(ScoreSettings, None, values), filled(ReadOptions, None, values)
    check_run_folder(local_output(output))

    def find(reading: Reading) -> TextColumns:
        columns = TextColumns(reading.text_column, reading.text_pair_column)
        inputs = ScoreInputs.find(files, columns, settings, files_as)
        for words in dict.fromkeys(taken_in_words(file) for file in inputs.files):
            if words:
                say(f"The files are read {words}.")
        return columns

    given = {name: options[name] for name in TEXT_COLUMNS}
    computed = {"engine": options["engine"], "threads": options["threads"]}
    with cached(context, filled(CacheOptions, None, options), quiet=quiet) as cache:
        classifier, _, columns = load_and_read(folder, find, partial(load_classifier, **computed), **given)
        from kerasbert.production.predictor import Predictor

        answering = dataclasses.replace(classifier, cache=cache)
        predictor = Predictor(answering, text_column=columns.text, text_pair_column=columns.pair)
        with rate_bar("scoring", shown=not quiet) as advance:
            summary = predictor.score_files(files, output, overwrite=overwrite, progress=advance, **values)
    say(summary.describe())
    if summary.rejected:
        raise typer.Exit(SOME_REJECTED)
