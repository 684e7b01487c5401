"""`kerasbert train`: labelled texts in, a saved classifier out."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from kerasbert._core.errors import DivergedError
from kerasbert._core.options import options_of
from kerasbert._core.paths import local_output
from kerasbert._core.progress import waiting
from kerasbert.batches.lengths import NUM_LENGTHS
from kerasbert.batches.token_cache import TokenCache
from kerasbert.cli.command_options import Settled, draws_options, settle
from kerasbert.cli.data import Reading
from kerasbert.cli.help import add_command
from kerasbert.cli.options import DATA_FILES, DataOptions, StreamOptions, app, refuse_useless, say
from kerasbert.cli.starting import start_tensorflow
from kerasbert.cli.streams import open_or_make_cache, preparing
from kerasbert.cli.train_options import Way, check_reading, situation_of, useless_options, way_of
from kerasbert.cli.unfinished import check_train_output, save_unless_saved, unfinished_folder
from kerasbert.reading.examples import Examples
from kerasbert.reading.read_options import ReadOptions
from kerasbert.reading.sources import find_sources
from kerasbert.saving.format import CLASSIFIER_FILE
from kerasbert.saving.settings_file import SECTIONS
from kerasbert.tasks.table import TASKS
from kerasbert.training.checkpoints.checkpoint import LAST_GOOD
from kerasbert.training.settings import RunSettings

if TYPE_CHECKING:
    from kerasbert.text_classifier import TextClassifier

PANELS = {
    "Data": DataOptions,
    "Files": ReadOptions,
    "Streams": StreamOptions,
    **SECTIONS,
    "Run": RunSettings,
}
# What goes to the constructor of the classifier; heads are said by --head.
ARGUMENTS = [name for name in options_of(*SECTIONS.values()) if name != "heads"]
# Options that ask for a stream.
STREAMING = ("max_steps", "token_budget", "augment", "cache")


class Source(NamedTuple):
    """The data of a training; `train` is None where its token cache is yet to be made."""

    reading: Reading
    train: Examples | TokenCache | None
    validation: Examples | None

    def validation_data(self) -> tuple[Any, ...] | None:
        """Return the validation data as `fit` takes it."""
        if self.validation is None:
            return None
        return self.validation.texts, self.reading.cells(self.validation), self.validation.text_pairs


@add_command(app, example="kerasbert train train.csv --task multiclass --output DIR --validation valid.csv")
@draws_options(PANELS)
def train(
    context: typer.Context,
    data: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...",
            help=f"Training data: {DATA_FILES}; or of any size: several files, quoted patterns, .gz, .tfrecord, or a folder "
            "from prepare.",
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder to write; it appears when it is whole.")],
    validation: Annotated[Path | None, typer.Option(help="Data to choose the best epoch and thresholds on.")] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Settings, such as settings.toml of a saved classifier; options override them."),
    ] = None,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="Repeat to the last bit: one device, one thread, slower.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing saved model.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    **options: Any,
) -> None:
    """Train a classifier on labelled texts and save it.

    While it runs, checkpoints are kept in OUTPUT.unfinished; the same command goes on from there when it was killed.
    """
    settled = settle(context, *PANELS.values(), config=config)
    values = settled.values
    way = way_of(data, streaming=values["stream"] or any(values[name] is not None for name in STREAMING))
    refuse_useless(context, useless_options(situation_of(settled, way, validation_given=validation is not None)))
    local_output(output)
    unfinished = unfinished_folder(output)
    if values["resume"] and not unfinished.exists() and (output / CLASSIFIER_FILE).is_file():
        say(f"{output} is finished already.")
        return
    perhaps_saved = check_train_output(output, overwrite=overwrite, resume=values["resume"])
    source = _read(data, validation, settled, way, quiet=quiet)
    devices = _devices(values, deterministic=deterministic)
    if source.train is None:
        source = _with_cache(source, data, output, settled, quiet=quiet)
    classifier = _new_classifier(settled, source.reading, verbose=not quiet)
    with waiting("preparing the training", shown=not quiet):
        _fit(classifier, source, values, unfinished, devices)
    with waiting("evaluating", shown=not quiet):
        metrics = _metrics(classifier, source)
    from kerasbert.training.devices import is_chief

    if is_chief(devices):
        save_unless_saved(classifier, output, metrics, overwrite=overwrite, perhaps_saved=perhaps_saved)
        say(f"Saved to {output}. Next: kerasbert evaluate {output} DATA, or kerasbert predict {output} TEXT")


def _read(data: list[str], validation: Path | None, settled: Settled, way: Way, *, quiet: bool) -> Source:
    """Read the data, or open its token cache; of a cache that is yet to be made only the files are found."""
    values = settled.values
    reading = Reading.of_options(settled.task, values, settled.heads)
    train: Examples | TokenCache | None = None
    if way is Way.cache:
        train = open_or_make_cache(data, Path(data[0]), {}, quiet=quiet)
        check_reading(train, settled)
        reading = reading.of_cache(train)
    elif way is Way.memory:
        train = reading.reader(on_error=values["on_error"]).read(data[0])
    else:
        find_sources(data, reading.files)
    held_out = None if validation is None else reading.reader(on_error=values["on_error"]).read(validation)
    return Source(reading, train, held_out)


def _devices(values: Mapping[str, Any], *, deterministic: bool) -> Any:
    """Start TensorFlow, and return the devices that train."""
    start_tensorflow()
    from kerasbert.training.determinism import make_deterministic
    from kerasbert.training.devices import as_strategy

    # Several machines are connected, and threads settled, before TensorFlow does anything else.
    devices = as_strategy("one" if deterministic and values["strategy"] == "auto" else values["strategy"])
    if deterministic:
        make_deterministic(values["seed"])
    return devices


def _with_cache(source: Source, data: list[str], output: Path, settled: Settled, *, quiet: bool) -> Source:
    """Make the token cache of data that is streamed, or open the one that is there."""
    values = settled.values
    made = {name: values[name] for name in ("encoder", "max_length", "long_texts", "prompt", "subclasses")}
    made |= {**preparing(source.reading, settled), "label_names": _label_names(settled, source.reading)}
    folder = Path(values["cache"] or output.with_name(output.name + ".tokens"))
    train = open_or_make_cache(data, folder, made, quiet=quiet)
    return source._replace(reading=source.reading.of_cache(train), train=train)


def _label_names(settled: Settled, reading: Reading) -> list[str] | None:
    """The names that are given, or several columns of 0 and 1, which are named by their labels."""
    names: list[str] | None = settled.values["label_names"]
    if names is None and settled.task in TASKS and len(reading.label_columns) > 1:
        return list(reading.label_columns)
    return names


def _new_classifier(settled: Settled, reading: Reading, *, verbose: bool) -> "TextClassifier":
    arguments = {name: settled.values[name] for name in ARGUMENTS}
    arguments["label_names"] = _label_names(settled, reading)
    heads = None if settled.heads is None else {name: task for name, (_, task) in settled.heads.items()}
    from kerasbert.text_classifier import TextClassifier

    return TextClassifier(**arguments, heads=heads, verbose=verbose)


def _fit(
    classifier: "TextClassifier", source: Source, values: Mapping[str, Any], unfinished: Path, devices: Any
) -> None:
    """Train; keep the weights from before a batch that diverges beside the output."""
    running: dict[str, Any] = {name: values[name] for name in ("checkpoint_every", "resume", "log_dir")}
    running |= {"checkpoint_dir": unfinished, "strategy": devices or "one", "validation": source.validation_data()}
    try:
        if isinstance(source.train, TokenCache):
            classifier.fit(source.train, **running)
        elif source.train is not None:
            classifier.fit(source.train, source.reading.cells(source.train), **running)
            _report_shapes(classifier)
    except DivergedError:
        kept = unfinished / LAST_GOOD
        classifier.save(kept, overwrite=True)
        say(f"The classifier with the weights from before that batch is in {kept}.")
        raise


def _metrics(classifier: "TextClassifier", source: Source) -> dict[str, Any]:
    """Describe the data for the saved folder, and evaluate on the validation data."""
    from kerasbert.saving.trained_classifier import trained_of

    num_texts = trained_of(classifier).data["num_texts"]
    metrics: dict[str, Any] = {"reading": source.reading.to_dict(), "num_training_examples": num_texts}
    held_out = source.validation_data()
    if held_out is not None:
        metrics["validation"] = classifier.evaluate(*held_out, intervals=True)
    return metrics


def _report_shapes(classifier: "TextClassifier") -> None:
    from kerasbert.saving.trained_classifier import trained_of

    padding, trained = classifier.padding, trained_of(classifier)
    shapes, num_cut = padding["shapes"], padding["cut"]
    lengths = ", ".join(map(str, shapes)) if len(shapes) <= NUM_LENGTHS else f"{min(shapes)} to {max(shapes)}"
    cut = f"; {num_cut} of {trained.data['num_texts']} texts were cut at {trained.max_length}" if num_cut else ""
    say(f"Padded lengths {lengths}; {padding['padding']:.1%} of the tokens are padding{cut}.")
