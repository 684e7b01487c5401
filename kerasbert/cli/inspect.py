"""`kerasbert inspect`: what a folder holds and how a text becomes tokens."""

from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.checks import shorten
from kerasbert._core.encoder_folders import resolve_encoder
from kerasbert._core.errors import ArtifactError
from kerasbert._core.names import CONFIG_FILE, DEFAULT_ENCODER, SINGLE_HEAD
from kerasbert.cli.options import app, refuse_useless
from kerasbert.cli.standard_streams import printable
from kerasbert.cli.tables import print_table
from kerasbert.encoders.config import BertConfig
from kerasbert.export.description import heads_in, read_export
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


@app.command()
def inspect(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            help="A saved classifier, an export or its .tflite or .onnx, or name or folder of a checkpoint."
        ),
    ] = DEFAULT_ENCODER,
    text: Annotated[
        list[str] | None, typer.Option("--text", help="A text whose tokens to show; may be repeated.")
    ] = None,
    max_length: Annotated[int | None, typer.Option(help="Longest text in tokens.")] = None,
) -> None:
    """Show what a saved classifier, checkpoint or export holds, without running it, and how a text becomes tokens."""
    if not text:
        refuse_useless(context, {"max_length": "goes with --text"})
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
