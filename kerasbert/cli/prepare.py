"""`kerasbert prepare`: data files of any size in, a folder of token ids to train from out."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.names import DEFAULT_ENCODER
from kerasbert.cli.data import Reading
from kerasbert.cli.options import (
    Delimiter,
    Encoding,
    Head,
    Labels,
    OnError,
    Task,
    Text,
    TextPair,
    app,
    refuse_useless,
    say,
)
from kerasbert.cli.reading import parse_heads
from kerasbert.cli.streams import make_cache, preparing
from kerasbert.reading._files import UTF_8


@app.command("prepare")
def prepare_command(
    context: typer.Context,
    data: Annotated[
        list[str],
        typer.Argument(
            help="Files or quoted patterns: .csv, .tsv, .jsonl (each also .gz), .parquet or .tfrecord.",
            metavar="DATA...",
        ),
    ],
    task: Annotated[Task, typer.Option(help="As for train.")],
    output: Annotated[Path, typer.Option(help="Folder to write; it appears when it is whole.")],
    text: Text = "text",
    text_pair: TextPair = None,
    labels: Labels = None,
    label_delimiter: Delimiter = None,
    head: Head = None,
    label_names: Annotated[
        str | None, typer.Option("--label-names", help="Labels in order, A,B,C; others are refused.")
    ] = None,
    encoder: Annotated[str, typer.Option(help="Name or folder of the checkpoint to be trained.")] = DEFAULT_ENCODER,
    max_length: Annotated[
        int | None, typer.Option(help="Longest text in tokens; longer ones are cut. [default: 128]")
    ] = None,
    long_texts: Annotated[str, typer.Option(help="What becomes of longer texts: truncate or head_tail.")] = "truncate",
    on_error: OnError = "stop",
    encoding: Encoding = UTF_8,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace tokens of other data.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Tokenise data of any size once; train reads it as often as it likes."""
    useless = {}
    if task in (Task.multitask, Task.hierarchical):
        useless["label_names"] = "goes with --task binary, multiclass or multilabel"
    if task is Task.multitask:
        useless["labels"] = "goes with one head; --head NAME=COLUMN:TASK names the columns of several"
    if task is Task.hierarchical:
        useless["label_delimiter"] = "goes with tasks in which a cell holds several labels"
    refuse_useless(context, useless)
    heads = parse_heads(task, head)
    columns: dict[str, Any] = {"text_column": text, "text_pair_column": text_pair, "label_delimiter": label_delimiter}
    options = {
        **preparing(Reading.of_task(task, labels, heads, **columns), task, heads),
        "label_names": None if label_names is None else label_names.split(","),
        "encoder": encoder,
        "max_length": max_length,
        "long_texts": long_texts,
        "on_error": on_error,
        "encoding": encoding,
        "overwrite": overwrite,
    }
    make_cache(data, output, options, quiet=quiet)
    say(f"Next: kerasbert train {output} --task {task.value} --output DIR")
