"""`kerasbert find-learning-rate`: a learning-rate range test."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.options import options_of
from kerasbert._core.pictures import check_picture_file
from kerasbert._core.progress import waiting
from kerasbert.classifiers.settings import ModelSettings
from kerasbert.cli.command_options import draws_options, settle
from kerasbert.cli.data import Reading
from kerasbert.cli.help import add_command
from kerasbert.cli.options import DATA_FILES, DataOptions, app, refuse_useless, say
from kerasbert.cli.starting import start_tensorflow
from kerasbert.cli.train_options import Way, situation_of, useless_options
from kerasbert.reading.read_options import ReadOptions
from kerasbert.tasks.settings import TaskSettings
from kerasbert.training.settings import FOLLOWED, BatchSettings, TrainingSettings

PANELS = {
    "Data": DataOptions,
    "Files": ReadOptions,
    "Task": TaskSettings,
    "Model": ModelSettings,
    "Batches": BatchSettings,
    "Training": TrainingSettings,
}
ARGUMENTS = [
    *(name for name in options_of(TaskSettings, ModelSettings) if name not in ("task", "heads")),
    *("batch_size", "sampling", "seed", *FOLLOWED),
]


@add_command(
    app,
    "find-learning-rate",
    example="kerasbert find-learning-rate train.csv --task multiclass --picture rates.png",
)
@draws_options(PANELS, only=["task", *options_of(DataOptions, ReadOptions), *ARGUMENTS])
def find_learning_rate_command(
    context: typer.Context,
    data: Annotated[Path, typer.Argument(help=f"Training data: {DATA_FILES}.")],
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
    examples = reading.reader(on_error=values["on_error"]).read(data)
    start_tensorflow()
    from kerasbert.text_classifier import TextClassifier

    tasks = None if heads is None else {name: own for name, (_, own) in heads.items()}
    classifier = TextClassifier(task, heads=tasks, **{name: values[name] for name in ARGUMENTS})
    cells = reading.cells(examples)
    with waiting("trying learning rates"):
        found = classifier.find_learning_rate(examples.texts, cells, text_pairs=examples.text_pairs, steps=steps)
    found.save_picture(picture)
    print(f"{found.suggestion:.2e}")
    say(f"{found.summary()} See {picture}.")
