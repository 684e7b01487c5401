"""`kerasbert export`: a saved classifier as an artefact that other programs load."""

import enum
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.errors import ConfigError, DataError
from kerasbert.cli.evaluate import reading_of
from kerasbert.cli.options import Delimiter, Folder, Labels, app, say
from kerasbert.cli.reading import label_cells
from kerasbert.data.readers import read_examples
from kerasbert.text_classifier import TextClassifier, open_classifier


class ExportFormat(enum.StrEnum):
    """What can be written."""

    saved_model = "saved_model"
    huggingface = "huggingface"
    onnx = "onnx"


class ExportPrecision(enum.StrEnum):
    """What the exported encoder computes in."""

    float32 = "float32"
    bfloat16 = "bfloat16"


@app.command()
def export(
    folder: Folder,
    output_format: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="saved_model: for TF Serving, from raw text. huggingface: for PyTorch. onnx: from token ids.",
        ),
    ] = ExportFormat.saved_model,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="Folder to write; for saved_model that of all versions. [default: saved_models/ and DIR's name]",
        ),
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="saved_model: a whole number that is not taken. [default: the next]")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="huggingface, onnx: replace an existing folder.")
    ] = False,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", help="Real texts to compare with: .csv, .jsonl or .parquet; labelled, accuracy is measured."
        ),
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Column of the texts. [default: as in training]")] = None,
    labels: Labels = None,
    label_delimiter: Delimiter = None,
    precision: Annotated[
        ExportPrecision,
        typer.Option("--precision", help="saved_model: of the encoder; bfloat16 is faster where there is hardware."),
    ] = ExportPrecision.float32,
    warmup: Annotated[
        bool,
        typer.Option("--warmup/--no-warmup", help="saved_model: write warm-up requests; needs tensorflow-serving-api."),
    ] = True,
) -> None:
    """Write a classifier for other programs; the artefact is loaded back and compared before it appears."""
    classifier = open_classifier(folder)
    if classifier.metrics_.get("reading", {}).get("text_pair"):
        raise ConfigError(
            "The classifier reads pairs of texts, and an exported one takes single texts; train one without --text-pair."
        )
    texts = (
        {} if data is None else _labelled(classifier, data, {"text": text, "label_delimiter": label_delimiter}, labels)
    )
    place = output or Path("saved_models") / folder.resolve().name
    if output_format is ExportFormat.saved_model:
        _refuse(output_format, {"--overwrite": overwrite})
        options: dict[str, Any] = {"version": version, "dtype": precision.value, "warmup": warmup}
        result = classifier.export_saved_model(place, **texts, **options)
    else:
        _refuse(output_format, {"--version": version, "--precision": precision is not ExportPrecision.float32})
        write = classifier.export_onnx if output_format is ExportFormat.onnx else classifier.save_pretrained
        result = write(place, **texts, overwrite=overwrite)
    for name, value in result.report.items():
        say(f"{name.replace('_', ' ')}: {value}")
    print(result.path)


def _refuse(output_format: ExportFormat, options: dict[str, Any]) -> None:
    given = [name for name, value in options.items() if value]
    if given:
        raise typer.BadParameter(f"{given[0]} does not go with --format {output_format.value}.")


def _labelled(classifier: TextClassifier, data: Path, given: dict[str, Any], labels: str | None) -> dict[str, Any]:
    """The texts of a file and, where it has the columns, their labels."""
    reading = reading_of(classifier, given, labels)
    column = reading.get("text", "text")
    try:
        examples = read_examples(data, text=column, labels=reading["columns"])
    except DataError as error:
        if labels is not None:
            raise
        examples = read_examples(data, text=column)
        say(f"Accuracy is not measured, because the data has no labels: {error}")
        return {"texts": examples.texts}
    return {"texts": examples.texts, "labels": label_cells(examples, reading)}
