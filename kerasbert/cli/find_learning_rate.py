"""`kerasbert find-learning-rate`: a learning-rate range test."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.options import options_of
from kerasbert._core.pictures import check_picture_file
from kerasbert.classifiers.settings import ModelSettings
from kerasbert.cli.command_options import draws_options, settle
from kerasbert.cli.data import Reading
from kerasbert.cli.options import DataOptions, app, refuse_useless, say
from kerasbert.cli.train_options import Way, situation_of, useless_options
from kerasbert.tasks.settings import TaskSettings
from kerasbert.text_classifier import TextClassifier
from kerasbert.training.learning_rate_finder import FOLLOWED
from kerasbert.training.settings import BatchSettings, TrainingSettings

PANELS = {
    "Data": DataOptions,
    "Task": TaskSettings,
    "Model": ModelSettings,
    "Batches": BatchSettings,
    "Training": TrainingSettings,
}
ARGUMENTS = [
    *(name for name in options_of(TaskSettings, ModelSettings) if name not in ("task", "heads")),
    *("batch_size", "sampling", "seed", *FOLLOWED),
]


@app.command("find-learning-rate")
@draws_options(PANELS, only=["task", *options_of(DataOptions), *ARGUMENTS])
def find_learning_rate_command(
    context: typer.Context,
    data: Annotated[Path, typer.Argument(help="Training data: .csv, .tsv, .jsonl or .parquet.")],
    picture: Annotated[Path, typer.Option(help="Picture to write: .png, .svg or .pdf.")],
    steps: Annotated[int, typer.Option(help="Batches; 100 are one pass over the rates, 300 the mean of three.")] = 100,
    **options: Any,
) -> None:
    """Train for some batches at ever higher learning rates, and show where the loss falls fastest."""
    settled = settle(context, *PANELS.values())
    values, task, heads = settled.values, settled.task, settled.heads
    refuse_useless(context, useless_options(situation_of(settled, Way.memory)))
    check_picture_file(picture)
    reading = Reading.of_options(task, values, heads)
    examples = reading.read(data, on_error=values["on_error"], encoding=values["encoding"])
    tasks = None if heads is None else {name: own for name, (_, own) in heads.items()}
    classifier = TextClassifier(task, heads=tasks, **{name: values[name] for name in ARGUMENTS})
    cells = reading.cells(examples)
    found = classifier.find_learning_rate(examples.texts, cells, text_pairs=examples.text_pairs, steps=steps)
    found.save_picture(picture)
    print(f"{found.suggestion:.2e}")
    say(f"{found.summary()} See {picture}.")
