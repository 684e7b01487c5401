"""`kerasbert export`: a saved classifier as an artefact that other programs load."""

import enum
from pathlib import Path
from typing import Annotated

import typer

from kerasbert._core.errors import ConfigError
from kerasbert.cli.options import Folder, app, say
from kerasbert.data.readers import read_examples
from kerasbert.text_classifier import load


class ExportFormat(enum.StrEnum):
    """What can be written."""

    saved_model = "saved_model"


class ExportPrecision(enum.StrEnum):
    """What the exported encoder computes in."""

    float32 = "float32"
    bfloat16 = "bfloat16"


@app.command()
def export(
    folder: Folder,
    output_format: Annotated[
        ExportFormat, typer.Option("--format", help="saved_model: for TF Serving, from raw text.")
    ] = ExportFormat.saved_model,
    output: Annotated[
        Path | None, typer.Option("--output", help="Folder of all versions. [default: saved_models/ and DIR's name]")
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="A whole number that is not taken. [default: the next]")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Real texts to compare and warm up with: .csv, .jsonl or .parquet.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Column of the texts. [default: as in training]")] = None,
    precision: Annotated[
        ExportPrecision, typer.Option("--precision", help="Of the encoder; bfloat16 is faster where there is hardware.")
    ] = ExportPrecision.float32,
    warmup: Annotated[
        bool, typer.Option("--warmup/--no-warmup", help="Write warm-up requests; needs tensorflow-serving-api.")
    ] = True,
) -> None:
    """Write a classifier as OUTPUT/VERSION/ for TF Serving; it is loaded back and compared before it appears."""
    classifier = load(folder)
    reading = classifier.metrics_.get("reading", {})
    if reading.get("text_pair"):
        raise ConfigError(
            "The classifier reads pairs of texts, and an exported one takes single texts; train one without --text-pair."
        )
    texts = None
    if data is not None:
        texts = read_examples(data, text=text or reading.get("text", "text")).texts
    result = classifier.export_saved_model(
        output or Path("saved_models") / folder.resolve().name,
        version=version,
        texts=texts,
        dtype=precision.value,
        warmup=warmup,
    )
    for name, value in result.report.items():
        say(f"{name.replace('_', ' ')}: {value}")
    print(result.path)
