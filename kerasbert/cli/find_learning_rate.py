"""`kerasbert find-learning-rate`: a learning-rate range test."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.names import DEFAULT_ENCODER
from kerasbert._core.pictures import check_picture_file
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
from kerasbert.reading._files import UTF_8
from kerasbert.text_classifier import TextClassifier


@app.command("find-learning-rate")
def find_learning_rate_command(
    context: typer.Context,
    data: Annotated[Path, typer.Argument(help="Training data: .csv, .tsv, .jsonl or .parquet.")],
    task: Annotated[Task, typer.Option(help="As for train.")],
    picture: Annotated[Path, typer.Option(help="Picture to write: .png, .svg or .pdf.")],
    text: Text = "text",
    text_pair: TextPair = None,
    labels: Labels = None,
    label_delimiter: Delimiter = None,
    head: Head = None,
    on_error: OnError = "stop",
    encoding: Encoding = UTF_8,
    encoder: Annotated[str, typer.Option(help="Name or folder of a checkpoint.")] = DEFAULT_ENCODER,
    max_length: Annotated[int | None, typer.Option(help="Longest text in tokens. [default: 128]")] = None,
    batch_size: Annotated[int, typer.Option(help="Texts in a step.")] = 32,
    steps: Annotated[int, typer.Option(help="Batches, each at a higher rate.")] = 100,
    seed: Annotated[int, typer.Option(help="Of order, weights and dropout.")] = 0,
) -> None:
    """Train for some batches at ever higher learning rates, and show where the loss falls fastest."""
    if task is Task.multitask:
        reason = "goes with one head; --head NAME=COLUMN:TASK names the columns of several"
        refuse_useless(context, {"labels": reason})
    check_picture_file(picture)
    heads = parse_heads(task, head)
    columns: dict[str, Any] = {"text_column": text, "text_pair_column": text_pair, "label_delimiter": label_delimiter}
    reading = Reading.of_task(task, labels, heads, **columns)
    examples = reading.read(data, on_error=on_error, encoding=encoding)
    classifier = TextClassifier(
        task.value,
        heads=None if heads is None else {name: head_task for name, (_, head_task) in heads.items()},
        encoder=encoder,
        max_length=max_length,
        batch_size=batch_size,
        seed=seed,
    )
    cells = reading.cells(examples)
    found = classifier.find_learning_rate(examples.texts, cells, text_pairs=examples.text_pairs, steps=steps)
    found.save_picture(picture)
    print(f"{found.suggestion:.2e}")
    say(f"{found.summary()} See {picture}.")
