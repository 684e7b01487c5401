"""`kerasbert inspect`: what a folder or a data file holds, and how a text becomes tokens."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.checks import shorten
from kerasbert._core.encoder_folders import resolve_encoder
from kerasbert._core.errors import ArtifactError
from kerasbert._core.names import CONFIG_FILE, DEFAULT_ENCODER, SINGLE_HEAD
from kerasbert.cli.command_options import draws_options, settle
from kerasbert.cli.help import add_command
from kerasbert.cli.inspect_data import DATA_ONLY, is_data_file, show_data
from kerasbert.cli.options import DATA_FILES, app, refuse_useless, with_output
from kerasbert.cli.standard_streams import printable
from kerasbert.cli.tables import print_table
from kerasbert.encoders.config import BertConfig
from kerasbert.export.description import heads_in, read_export
from kerasbert.monitoring.reference import read_reference
from kerasbert.reading.inspection import InspectOptions
from kerasbert.reading.read_options import ReadOptions
from kerasbert.saving.format import CLASSIFIER_FILE
from kerasbert.saving.inspection import (
    HeadFacts,
    count_parameters,
    files_of,
    heads_of,
    kind_in_words,
    manifest_state,
    read_classifier_file,
)
from kerasbert.tokenization.tokenizer import Tokenizer

MOST_LABELS = 30
NO_HEADS: dict[str, Any] = {"heads": {}}


@add_command(
    app,
    example="""
    kerasbert inspect train.csv --against test.csv
    kerasbert inspect DIR --text "my card was stolen"
    """,
)
@draws_options({"Data": InspectOptions, "Files": ReadOptions})
def inspect(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="A saved classifier, an export or its .tflite or .onnx, name or folder of a checkpoint, or a data file: "
            f"{DATA_FILES}."
        ),
    ] = DEFAULT_ENCODER,
    text: Annotated[
        list[str] | None, typer.Option("--text", help="A text whose tokens to show; may be repeated.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(help="Data file whose texts are looked for, such as the one to judge by.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Page of the data to write, such as data.html.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing page.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what the data holds as JSON.")] = False,
    **options: Any,
) -> None:
    """Show what a data file, saved classifier, checkpoint or export holds, without running it, and how a text becomes tokens."""
    if is_data_file(source):
        refuse_useless(context, {"text": "goes with a saved classifier, checkpoint or export"})
        refuse_useless(context, with_output(("overwrite",), "--report", report))
        show_data(
            source,
            settle(context, InspectOptions, ReadOptions).values,
            against,
            report,
            overwrite=overwrite,
            as_json=as_json,
        )
        return
    refuse_useless(context, dict.fromkeys(DATA_ONLY, f"goes with a data file: {DATA_FILES}"))
    if not text:
        refuse_useless(context, {"max_length": "goes with --text, or with a data file"})
    _show_folder(source, text, options["max_length"])


def _show_folder(source: str, text: list[str] | None, max_length: int | None) -> None:
    folder = Path(source) if Path(source).is_file() else resolve_encoder(source)
    holds, state = manifest_state(folder)
    if holds is False:
        _print_files(folder)
        raise ArtifactError(state)
    for line in _head_lines(source, folder):
        _show(line)
    count = count_parameters(folder)
    if count is not None:
        _show(f"{count:,} weights")
    if (folder / CLASSIFIER_FILE).is_file():
        for head in heads_of(folder):
            _print_labels(head)
        reference = read_reference(folder) if holds else None
        if reference is not None:
            texts = f"{reference.profile.num_rows:,} texts, {reference.source}, of {reference.made}"
            _show(f"Reference for `kerasbert monitor`: {texts}")
    for head in heads_in(read_export(folder) or NO_HEADS):
        _print_labels(head)
    _print_files(folder)
    _show(f"Manifest: {state}")
    if text:
        _print_tokens(Tokenizer.from_folder(folder, max_length=max_length), text)


def _show(line: str) -> None:
    """Print a line with control characters escaped."""
    print(printable(line))


def _head_lines(source: str, folder: Path) -> list[str]:
    exported = read_export(folder)
    if exported is not None:
        first, *others = _describe_export(exported)
        return [f"{source}: {first}", *others]
    if (folder / CLASSIFIER_FILE).is_file():
        return [f"{source}: {_describe(read_classifier_file(folder))}"]
    if (folder / CONFIG_FILE).is_file():
        config = BertConfig.from_pretrained(folder)
        layers = f"{config.model_type}, {config.num_hidden_layers} layers, {config.hidden_size} wide"
        return [f"{source}: {layers}, {config.vocab_size} tokens, up to {config.max_length} of them in a text"]
    if (folder / "saved_model.pb").is_file():
        return [f"{source}: a SavedModel of TensorFlow"]
    return [f"{source}: {kind_in_words(folder) or 'no classifier or checkpoint that is known here'}"]


def _print_labels(head: HeadFacts) -> None:
    title = f"{'' if head.name == SINGLE_HEAD else f'head {head.name!r}: '}{head.task}, {len(head.label_names)} labels"
    shown = list(head.label_names[:MOST_LABELS])
    # The one threshold of a binary head is that of its second label.
    missing = [""] * (len(head.label_names) - len(head.thresholds))
    limits = [*missing, *[f"{value:.4f}" for value in head.thresholds]][: len(shown)]
    columns = ("label", "threshold") if head.thresholds else ("label",)
    rows = [list(row)[: len(columns)] for row in zip(shown, limits, strict=True)]
    if len(head.label_names) > MOST_LABELS:
        rows.append([f"... and {len(head.label_names) - MOST_LABELS} more", ""][: len(columns)])
    print_table(title, columns, rows)


def _print_files(folder: Path) -> None:
    files = files_of(folder)
    print_table("", ("file", "bytes"), [[name, f"{size:,}"] for name, size in files[:MOST_LABELS]])
    if len(files) > MOST_LABELS:
        _show(f"... and {len(files) - MOST_LABELS} more files")


def _print_tokens(tokens: Tokenizer, texts: list[str]) -> None:
    for one in texts:
        encoded = tokens.encode([one])
        pieces = tokens.tokens(one)
        print()
        _show(f"{shorten(one)}: {len(encoded.input_ids)} tokens{' (cut)' if encoded.num_truncated else ''}")
        for piece, number in zip(pieces, encoded.input_ids, strict=False):
            _show(f"{number:>8}  {piece}")


def _describe(description: dict[str, Any]) -> str:
    arguments = description["arguments"]
    settings = ", ".join(f"{name} {shorten(arguments[name], 60)}" for name in sorted(arguments) if name != "encoder")
    layers = arguments["encoder"].get("num_hidden_layers")
    return f"{shorten(description['builder'], 60)[1:-1]} over {shorten(layers)} layers; {settings}"


def _describe_export(description: dict[str, Any]) -> list[str]:
    heads = [
        f"  {name}: {head['task']}, labels {shorten(head['label_names'], 60)}, "
        f"thresholds {shorten([round(value, 4) for value in head['thresholds']], 60)}"
        for name, head in description["heads"].items()
    ]
    figures = [
        f"  {name}: {value if isinstance(value, str) else shorten(value, 400)}"
        for name, value in description.get("report", {}).items()
    ]
    first = f"{description['format']} of a {description['task']} classifier, up to {description['max_length']} tokens"
    return [first, *heads, *figures]
