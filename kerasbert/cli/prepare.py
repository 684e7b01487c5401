"""`kerasbert prepare`: data files of any size in, a folder of token ids to train from out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.options import options_of
from kerasbert.classifiers.settings import ModelSettings
from kerasbert.cli.command_options import draws_options, settle
from kerasbert.cli.data import Reading
from kerasbert.cli.options import DataOptions, Task, app, refuse_useless, say
from kerasbert.cli.reading import parse_heads
from kerasbert.cli.streams import make_cache, preparing
from kerasbert.tasks.settings import TaskSettings

PANELS = {"Data": DataOptions, "Task": TaskSettings, "Model": ModelSettings}
DRAWN = ("label_names", "encoder", "max_length", "long_texts")


@app.command("prepare")
@draws_options(PANELS, only=["task", *options_of(DataOptions), *DRAWN])
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
    settled = settle(context, *PANELS.values())
    values, task = settled.values, settled.task
    useless = {}
    if task in (Task.multitask, Task.hierarchical):
        useless["label_names"] = "goes with --task binary, multiclass or multilabel"
    if task is Task.multitask:
        useless["label_column"] = "goes with one head; --head NAME=COLUMN:TASK names the columns of several"
    if task is Task.hierarchical:
        useless["label_delimiter"] = "goes with tasks in which a cell holds several labels"
    refuse_useless(context, useless)
    heads = parse_heads(task, values["head"])
    columns = {name: values[name] for name in ("text_column", "text_pair_column", "label_delimiter")}
    reading = Reading.of_task(task, values["label_column"], heads, **columns)
    made = {name: values[name] for name in (*DRAWN, "on_error", "encoding")}
    make_cache(data, output, {**made, **preparing(reading, task, heads), "overwrite": overwrite}, quiet=quiet)
    say(f"Next: kerasbert train {output} --task {task.value} --output DIR")
