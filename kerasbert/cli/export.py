"""`kerasbert export`: a saved classifier as an artefact that other programs load."""

import enum
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.errors import ConfigError, DataError
from kerasbert.cli.data import Reading, read_data
from kerasbert.cli.options import Delimiter, Folder, Labels, app, refuse_useless, say
from kerasbert.saving.trained_classifier import TrainedClassifier, trained_of
from kerasbert.text_classifier import load


class ExportFormat(enum.StrEnum):
    """What can be written."""

    saved_model = "saved_model"
    tflite = "tflite"
    huggingface = "huggingface"
    onnx = "onnx"


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


# What each format takes beyond the options that all share.
OWN_OPTIONS = {
    ExportFormat.saved_model: ("version", "precision", "warmup"),
    ExportFormat.tflite: ("quantize", "length", "calibration", "overwrite"),
    ExportFormat.huggingface: ("overwrite",),
    ExportFormat.onnx: ("overwrite",),
}


@app.command()
def export(
    context: typer.Context,
    folder: Folder,
    output_format: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="saved_model: for TF Serving, from raw text. tflite: one file for phones. huggingface: for PyTorch. onnx: "
            "from token ids.",
        ),
    ] = ExportFormat.saved_model,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            help="Folder of all versions of a SavedModel, or folder to appear. [default: of the format's name and DIR's]",
        ),
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", help="A whole number that is not taken. [default: the next]")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="Real texts to compare (and warm up) with: .csv, .jsonl or .parquet. Where they are labelled, accuracy is "
            "measured.",
        ),
    ] = None,
    text: Annotated[
        str | None, typer.Option("--text-column", help="Column of the texts. [default: as in training]")
    ] = None,
    labels: Labels = None,
    label_delimiter: Delimiter = None,
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
        bool | None,
        typer.Option("--overwrite", help="Replace an existing folder, other than a version.", show_default=False),
    ] = None,
    allow_loss: Annotated[
        bool,
        typer.Option(
            "--allow-loss",
            help="Write an artefact also where it loses more than it may; its description and its card say so.",
        ),
    ] = False,
) -> None:
    """Write a classifier for other programs; the artefact is loaded back and compared before it appears."""
    given: dict[str, Any] = {"version": version, "precision": precision, "warmup": warmup}
    given |= {"quantize": quantize, "length": length, "calibration": calibration, "overwrite": overwrite}
    own = {name: value for name, value in given.items() if value is not None}
    _check_options(output_format, own)
    if data is None:
        refuse_useless(context, dict.fromkeys(("text", "labels", "label_delimiter"), "goes with --data"))
    classifier = trained_of(load(folder))
    if classifier.metrics.get("reading", {}).get("text_pair"):
        raise ConfigError(
            "The classifier reads pairs of texts, and an exported one takes single texts; train one without --text-pair-column."
        )
    own |= {"allow_loss": allow_loss}
    own |= _labelled(classifier, data, {"text_column": text, "label_delimiter": label_delimiter}, labels)
    result = WRITERS[output_format](classifier, output, folder.resolve().name, own)
    for title, value in result.report.items():
        say(f"{title.replace('_', ' ')}: {value}")
    print(result.path)


def _check_options(output_format: ExportFormat, given: dict[str, Any]) -> None:
    for name in given:
        if name not in OWN_OPTIONS[output_format]:
            takers = [other.value for other, names in OWN_OPTIONS.items() if name in names]
            raise typer.BadParameter(f"--{name} goes with --format {' or '.join(takers)}.")


def _labelled(
    classifier: TrainedClassifier, data: Path | None, given: dict[str, Any], labels: str | None
) -> dict[str, Any]:
    """The texts of a file, with their labels where it has them."""
    if data is None:
        return {}
    reading = Reading.of_classifier(classifier, labels, **given)
    column = reading.text_column
    try:
        examples = read_data(data, text_column=column, label_columns=reading.label_columns)
        return {"texts": examples.texts, "labels": reading.cells(examples)}
    except DataError as error:
        if labels is not None:
            raise
        texts = read_data(data, text_column=column).texts
        say(f"accuracy is not measured: {error}")
        return {"texts": texts}


def _saved_model(classifier: TrainedClassifier, output: Path | None, name: str, own: dict[str, Any]) -> Any:
    from kerasbert.export.saved_model import export_saved_model

    precision = own.pop("precision", ExportPrecision.float32)
    return export_saved_model(classifier, output or Path("saved_models") / name, dtype=precision.value, **own)


def _tflite(classifier: TrainedClassifier, output: Path | None, name: str, own: dict[str, Any]) -> Any:
    from kerasbert.export.tflite import export_tflite

    quantize = own.pop("quantize", Quantization.none).value
    length: int | str = own.pop("length", classifier.max_length)
    length = int(length) if str(length).isdecimal() else length
    if "calibration" in own:
        column = Reading.of_classifier(classifier).text_column
        own["calibration"] = read_data(own["calibration"], text_column=column).texts
    place = output or Path("tflite") / f"{name}-{quantize}-{length}"
    return export_tflite(classifier, place, quantize=quantize, length=length, **own)


def _huggingface(classifier: TrainedClassifier, output: Path | None, name: str, own: dict[str, Any]) -> Any:
    from kerasbert.export.hugging_face import save_pretrained

    return save_pretrained(classifier, output or Path("huggingface") / name, **own)


def _onnx(classifier: TrainedClassifier, output: Path | None, name: str, own: dict[str, Any]) -> Any:
    from kerasbert.export.onnx_model import export_onnx

    return export_onnx(classifier, output or Path("onnx") / name, **own)


WRITERS = {
    ExportFormat.saved_model: _saved_model,
    ExportFormat.tflite: _tflite,
    ExportFormat.huggingface: _huggingface,
    ExportFormat.onnx: _onnx,
}
