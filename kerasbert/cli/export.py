"""`kerasbert export`: a saved classifier as an artefact that other programs load."""

import dataclasses
import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.options import options_of
from kerasbert._core.progress import waiting
from kerasbert.cli.command_options import draws_options
from kerasbert.cli.data import Reading
from kerasbert.cli.help import add_command
from kerasbert.cli.options import Folder, ReadingOptions, app, refuse_useless, say
from kerasbert.cli.starting import load_classifier

if TYPE_CHECKING:
    from kerasbert.saving.trained_classifier import TrainedClassifier


class ExportFormat(enum.StrEnum):
    """Formats of exports."""

    saved_model = "saved_model"
    tflite = "tflite"
    huggingface = "huggingface"
    onnx = "onnx"


class ExportPrecision(enum.StrEnum):
    """Precisions of an exported encoder."""

    float32 = "float32"
    bfloat16 = "bfloat16"


class Scores(enum.StrEnum):
    """What an ONNX model gives."""

    logits = "logits"
    probabilities = "probabilities"


class Quantization(enum.StrEnum):
    """Quantizations of the weights of a TFLite file or an ONNX model."""

    none = "none"
    float16 = "float16"
    dynamic = "dynamic"
    int8 = "int8"


@dataclasses.dataclass(kw_only=True)
class FormatOptions:
    """Options of single formats.

    Args:
        version: version of a SavedModel, a whole number that is not taken. None: the next.
        precision: precision of the encoder of a SavedModel; bfloat16 is faster where there is hardware. None: float32.
        warmup: write warm-up requests into a SavedModel, which needs tensorflow-serving-api. None: yes.
        quantize: weights of a TFLite file: float16 halves it, dynamic makes it a quarter and the fastest, int8 also computes
            on 8-bit numbers; of an ONNX model: float16, or int8, a quarter. None: as they are.
        length: tokens that a TFLite file reads, or 'dynamic'. None: as the classifier was trained.
        calibration: file of some hundred real texts, such as the training data, for --quantize int8.
        scores: what an ONNX model gives. None: logits, as the tools for transformers expect.
        opset: version of ONNX's operators, from 13 to 18. None: 15.
        push_to_hub: repository of the hub, OWNER/NAME, that a huggingface export is also uploaded to; log in with `hf auth
            login`, or set HF_TOKEN.
        public: make the repository public where it is made. None: private.
        overwrite: replace an existing folder, other than a version. None: no.
    """

    version: str | None = None
    precision: ExportPrecision | None = None
    warmup: bool | None = None
    quantize: Quantization | None = None
    length: str | None = None
    calibration: str | None = None
    scores: Scores | None = None
    opset: int | None = None
    push_to_hub: str | None = None
    public: bool | None = None
    overwrite: bool | None = None


READING = ("text_column", "label_column", "label_delimiter")
# What each format takes beyond the options that all share.
OWN_OPTIONS = {
    ExportFormat.saved_model: ("version", "precision", "warmup"),
    ExportFormat.tflite: ("quantize", "length", "calibration", "overwrite"),
    ExportFormat.huggingface: ("push_to_hub", "public", "overwrite"),
    ExportFormat.onnx: ("scores", "quantize", "opset", "overwrite"),
}


@add_command(app, example="kerasbert export DIR --format tflite --data test.csv --output phone")
@draws_options({"Data": ReadingOptions, "Format": FormatOptions}, only=[*READING, *options_of(FormatOptions)])
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
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            help="Real texts to compare (and warm up) with: .csv, .jsonl or .parquet. Where they are labelled, accuracy is "
            "measured.",
        ),
    ] = None,
    allow_loss: Annotated[
        bool,
        typer.Option(
            "--allow-loss",
            help="Write an artefact also where it loses more than it may; its description and its card say so.",
        ),
    ] = False,
    **options: Any,
) -> None:
    """Write a classifier for other programs; the artefact is loaded back and compared before it appears."""
    asked = {name: options.pop(name) for name in READING}
    own = {name: value for name, value in options.items() if value is not None}
    _check_options(output_format, own)
    if data is None:
        refuse_useless(context, dict.fromkeys(READING, "goes with --data"))
    if own.get("public") is not None and "push_to_hub" not in own:
        raise typer.BadParameter("--public goes with --push-to-hub.")
    classifier = load_classifier(folder)
    if classifier.metrics.get("reading", {}).get("text_pair"):
        raise ConfigError(
            "The classifier reads pairs of texts, and an exported one takes single texts; train one without --text-pair-column."
        )
    own |= {"allow_loss": allow_loss}
    own |= _labelled(classifier, data, asked)
    with waiting(f"writing and comparing the {output_format.value} artefact"):
        result = WRITERS[output_format](classifier, output, folder.resolve().name, own)
    for title, value in result.report.items():
        say(f"{title.replace('_', ' ')}: {value}")
    print(result.path)


def _check_options(output_format: ExportFormat, given: dict[str, Any]) -> None:
    for name in given:
        if name not in OWN_OPTIONS[output_format]:
            takers = [other.value for other, names in OWN_OPTIONS.items() if name in names]
            raise typer.BadParameter(f"--{name.replace('_', '-')} goes with --format {' or '.join(takers)}.")


def _labelled(classifier: "TrainedClassifier", data: Path | None, asked: dict[str, Any]) -> dict[str, Any]:
    """Read the texts of a file, with their labels where it has them."""
    if data is None:
        return {}
    reading = Reading.of_classifier(classifier, **asked)
    try:
        examples = reading.reader().read(data)
        return {"texts": examples.texts, "labels": reading.cells(examples)}
    except DataError as error:
        if asked["label_column"] is not None:
            raise
        texts = reading.reader(with_labels=False).read(data).texts
        say(f"accuracy is not measured: {error}")
        return {"texts": texts}


def _saved_model(classifier: "TrainedClassifier", output: Path | None, name: str, own: dict[str, Any]) -> Any:
    from kerasbert.export.saved_model import export_saved_model

    precision = own.pop("precision", ExportPrecision.float32)
    return export_saved_model(classifier, output or Path("saved_models") / name, dtype=precision.value, **own)


def _tflite(classifier: "TrainedClassifier", output: Path | None, name: str, own: dict[str, Any]) -> Any:
    from kerasbert.export.tflite import export_tflite

    quantize = own.pop("quantize", Quantization.none).value
    length: int | str = own.pop("length", classifier.max_length)
    length = int(length) if str(length).isdecimal() else length
    if "calibration" in own:
        reading = Reading.of_classifier(classifier)
        own["calibration"] = reading.reader(with_labels=False).read(own["calibration"]).texts
    place = output or Path("tflite") / f"{name}-{quantize}-{length}"
    return export_tflite(classifier, place, quantize=quantize, length=length, **own)


def _huggingface(classifier: "TrainedClassifier", output: Path | None, name: str, own: dict[str, Any]) -> Any:
    from kerasbert.export.hub import check_repo_id, push_folder
    from kerasbert.export.hugging_face import save_pretrained

    repository, public = own.pop("push_to_hub", None), own.pop("public", False)
    if repository is None:
        return save_pretrained(classifier, output or Path("huggingface") / name, **own)
    check_repo_id(repository)
    result = save_pretrained(classifier, output or Path("huggingface") / name, **own)
    pushed = push_folder(result.path, repository, private=not public)
    way = "; make it public in its settings, or with --public where it is made" if pushed.private else ""
    say(f"pushed to {pushed.url}, which is {'private' if pushed.private else 'public'}{way}")
    return result


def _onnx(classifier: "TrainedClassifier", output: Path | None, name: str, own: dict[str, Any]) -> Any:
    from kerasbert.export.onnx_model import export_onnx

    own |= {name: own[name].value for name in ("scores", "quantize") if name in own}
    return export_onnx(classifier, output or Path("onnx") / name, **own)


WRITERS = {
    ExportFormat.saved_model: _saved_model,
    ExportFormat.tflite: _tflite,
    ExportFormat.huggingface: _huggingface,
    ExportFormat.onnx: _onnx,
}
