"""`kerasbert export`: a saved classifier as an artefact that other programs load."""

import enum
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.errors import ConfigError, DataError
from kerasbert.cli.options import Folder, app, say
from kerasbert.cli.reading import label_cells, reading_of
from kerasbert.data.readers import read_examples
from kerasbert.text_classifier import TextClassifier, load


class ExportFormat(enum.StrEnum):
    """What can be written."""

    saved_model = "saved_model"
    tflite = "tflite"


class ExportPrecision(enum.StrEnum):
    """What the exported encoder computes in."""

    float32 = "float32"
    bfloat16 = "bfloat16"


class Quantization(enum.StrEnum):
    """How the weights of a TFLite file are kept."""

    none = "none"
    float16 = "float16"
    dynamic = "dynamic"
    int8 = "int8"


# Options that one format alone has.
OWN_OPTIONS = {
    ExportFormat.saved_model: ("version", "precision", "warmup"),
    ExportFormat.tflite: ("quantize", "length", "calibration", "overwrite"),
}


@app.command()
def export(
    folder: Folder,
    output_format: Annotated[
        ExportFormat,
        typer.Option("--format", help="saved_model: for TF Serving, from raw text. tflite: one file for phones."),
    ] = ExportFormat.saved_model,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="Folder of all versions of a SavedModel, or folder to appear for a TFLite file. [default: saved_models/ "
            "and DIR's name, or tflite/ and DIR's name, quantisation and length]",
        ),
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="A whole number that is not taken. [default: the next]")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="Real texts to compare (and warm up) with: .csv, .jsonl or .parquet. For tflite also their labels, to "
            "measure what is lost.",
        ),
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Column of the texts. [default: as in training]")] = None,
    precision: Annotated[
        ExportPrecision | None,
        typer.Option(
            "--precision",
            help="Of a SavedModel's encoder; bfloat16 is faster where there is hardware. [default: float32]",
        ),
    ] = None,
    warmup: Annotated[
        bool | None,
        typer.Option(
            "--warmup/--no-warmup",
            help="Write warm-up requests into a SavedModel; needs tensorflow-serving-api. [default: warmup]",
        ),
    ] = None,
    quantize: Annotated[
        Quantization | None,
        typer.Option(
            "--quantize",
            help="Of a TFLite file: float16 halves it; dynamic makes it a quarter and the fastest; int8 also computes on "
            "8-bit numbers. [default: none]",
        ),
    ] = None,
    length: Annotated[
        str | None,
        typer.Option(
            "--length", help="Tokens that a TFLite file reads, or 'dynamic'. [default: as the classifier was trained]"
        ),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option("--calibration", help="Some hundred real texts, such as the training data, for --quantize int8."),
    ] = None,
    overwrite: Annotated[
        bool | None, typer.Option("--overwrite", help="Replace an existing TFLite folder.", show_default=False)
    ] = None,
) -> None:
    """Write a classifier for TF Serving or for phones; it is loaded back and compared before it appears."""
    given: dict[str, Any] = {"version": version, "precision": precision, "warmup": warmup}
    given |= {"quantize": quantize, "length": length, "calibration": calibration, "overwrite": overwrite}
    own = {name: value for name, value in given.items() if value is not None}
    _check_options(output_format, own)
    classifier = load(folder)
    reading = classifier.metrics_.get("reading", {})
    if reading.get("text_pair"):
        raise ConfigError(
            "The classifier reads pairs of texts, and an exported one takes single texts; train one without --text-pair."
        )
    column = text or reading.get("text", "text")
    name = folder.resolve().name
    if output_format is ExportFormat.tflite:
        result = _export_tflite(classifier, output, name, _labelled(classifier, data, column), column, own)
    else:
        result = classifier.export_saved_model(
            output or Path("saved_models") / name,
            version=version,
            texts=None if data is None else read_examples(data, text=column).texts,
            dtype=own.get("precision", ExportPrecision.float32).value,
            warmup=own.get("warmup", True),
        )
    for title, value in result.report.items():
        say(f"{title.replace('_', ' ')}: {value}")
    print(result.path)


def _check_options(output_format: ExportFormat, given: dict[str, Any]) -> None:
    for other, names in OWN_OPTIONS.items():
        strange = [name for name in names if name in given]
        if other is not output_format and strange:
            raise typer.BadParameter(f"--{strange[0]} goes with --format {other.value}.")


def _labelled(classifier: TextClassifier, data: Path | None, text: str) -> dict[str, Any]:
    """The texts of a file, with their labels where it has them."""
    if data is None:
        return {}
    reading = reading_of(classifier, {"text": text}, None)
    try:
        examples = read_examples(data, text=text, labels=reading["columns"])
        return {"texts": examples.texts, "labels": label_cells(examples, reading)}
    except DataError as error:
        texts = read_examples(data, text=text).texts
        say(f"accuracy is not measured: {error}")
        return {"texts": texts}


def _export_tflite(
    classifier: TextClassifier,
    output: Path | None,
    name: str,
    data: dict[str, Any],
    text: str,
    own: dict[str, Any],
) -> Any:
    quantize = own.get("quantize", Quantization.none).value
    length: int | str = own.get("length", classifier.tokens_.max_length)
    length = int(length) if str(length).isdecimal() else length
    if "calibration" in own:
        data = {**data, "calibration": read_examples(own["calibration"], text=text).texts}
    return classifier.export_tflite(
        output or Path("tflite") / f"{name}-{quantize}-{length}",
        quantize=quantize,
        length=length,
        overwrite=own.get("overwrite", False),
        **data,
    )
