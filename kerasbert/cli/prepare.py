"""`kerasbert prepare`: data files of any size in, a folder of token ids to train from out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.options import options_of
from kerasbert.classifiers.settings import ModelSettings
from kerasbert.cli.command_options import draws_options, settle
from kerasbert.cli.data import Reading
from kerasbert.cli.help import add_command
from kerasbert.cli.options import DataOptions, app, refuse_useless, say
from kerasbert.cli.starting import start_tensorflow
from kerasbert.cli.streams import make_cache, preparing
from kerasbert.cli.train_options import Way, situation_of, useless_options
from kerasbert.reading.read_options import ReadOptions
from kerasbert.tasks.settings import TaskSettings
from kerasbert.training.settings import BatchSettings

PANELS = {"Data": DataOptions, "Files": ReadOptions, "Task": TaskSettings, "Model": ModelSettings}
DRAWN = ("label_names", "encoder", "max_length", "long_texts", "prompt")


@add_command(app, "prepare", example="kerasbert prepare 'data/*.jsonl.gz' --task multilabel --output tokens")
@draws_options(PANELS, only=["task", *options_of(DataOptions, ReadOptions), *DRAWN])
def prepare_command(
    context: typer.Context,
    data: Annotated[
        list[str],
        typer.Argument(
            help="Files or quoted patterns: .csv, .tsv, .jsonl (each also .gz), .parquet or .tfrecord.",
            metavar="DATA...",
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder to write; it appears when it is whole.")],
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace tokens of other data.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    **options: Any,
) -> None:
    """Tokenise data of any size once; train reads it as often as it likes."""
    settled = settle(context, *PANELS.values(), BatchSettings)
    refuse_useless(context, useless_options(situation_of(settled, Way.stream)))
    reading = Reading.of_options(settled.task, settled.values, settled.heads)
    made = {name: settled.values[name] for name in DRAWN}
    start_tensorflow()
    make_cache(data, output, {**made, **preparing(reading, settled), "overwrite": overwrite}, quiet=quiet)
    say(f"Next: kerasbert train {output} --task {settled.task} --output DIR")
