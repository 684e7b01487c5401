"""`kerasbert compile`: a saved classifier gets the file of an inference engine beside its weights."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.errors import ConfigError
from kerasbert._core.progress import waiting
from kerasbert.cli.command_options import draws_options
from kerasbert.cli.data import Reading
from kerasbert.cli.help import add_command
from kerasbert.cli.options import DATA_FILES, Folder, ReadingOptions, app, refuse_useless, say
from kerasbert.cli.starting import load_classifier
from kerasbert.engines.settings import AGREEMENT, ENGINES, FLOAT32, PRECISIONS

READING = ("text_column", "text_pair_column")


@dataclasses.dataclass(kw_only=True)
class CompileOptions:
    """How a classifier is compiled.

    Args:
        engine: inference engine.
        precision: what products are computed in; fastest: the one that is fastest on this machine among those whose labels
            agree.
        threads: threads that it is timed with. None: as many as the engine likes.
        agreement: share of the texts that must get the same labels in a lower precision, the lower limit of its 95 %
            interval.
    """

    engine: str = dataclasses.field(default="openvino", metadata={"choices": ENGINES})
    precision: str = dataclasses.field(default=FLOAT32, metadata={"choices": PRECISIONS})
    threads: int | None = None
    agreement: float = AGREEMENT


@add_command(app, example="kerasbert compile DIR --engine openvino --precision fastest --data test.csv")
@draws_options(
    {"Engine": CompileOptions, "Data": ReadingOptions}, only=["engine", "precision", "threads", "agreement", *READING]
)
def compile(
    context: typer.Context,
    folder: Folder,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", help=f"Real texts to compare on, {DATA_FILES}; needed for another precision than float32."
        ),
    ] = None,
    **options: Any,
) -> None:
    """Prepare a saved classifier for an inference engine, which `kerasbert predict --engine` then runs without TensorFlow."""
    asked = {name: options.pop(name) for name in READING}
    if data is None:
        refuse_useless(context, dict.fromkeys(READING, "goes with --data"))
        if options["precision"] != FLOAT32:
            raise ConfigError(f"`precision` {options['precision']!r} needs real texts to compare on; give --data FILE.")
    classifier = load_classifier(folder)
    given: dict[str, Any] = {}
    if data is not None:
        examples = Reading.of_classifier(classifier, **asked).reader(with_labels=False).read(data)
        given = {"texts": examples.texts, "text_pairs": examples.text_pairs or None}
    from kerasbert.engines.compile import compile_for_inference

    with waiting(f"compiling for {options['engine']}"):
        compiled = compile_for_inference(classifier, options.pop("engine"), **options, **given)
        compiled.save(folder, overwrite=True)
    facts: Any = compiled.engine
    say(f"precision: {facts.facts.precision}")
    for title, value in facts.facts.report.items():
        say(f"{title.replace('_', ' ')}: {value}")
    print(folder)
