"""`kerasbert inspect`: what a folder holds and how a text becomes tokens."""

from typing import Annotated, Any

import typer

from kerasbert._core.checks import shorten
from kerasbert._core.names import DEFAULT_ENCODER
from kerasbert._core.resolve import resolve_encoder
from kerasbert._core.strict_json import read_json_object
from kerasbert.bundle import CLASSIFIER_FILE
from kerasbert.cli.options import app
from kerasbert.data.tokens import TextEncoder
from kerasbert.encoders.config import BertConfig
from kerasbert.export.description import read_export


@app.command()
def inspect(
    source: Annotated[
        str, typer.Argument(help="A saved classifier, an exported version folder, or name or folder of a checkpoint.")
    ] = DEFAULT_ENCODER,
    text: Annotated[
        list[str] | None, typer.Option("--text", help="A text whose tokens to show; may be repeated.")
    ] = None,
    max_length: Annotated[int | None, typer.Option(help="Longest text in tokens.")] = None,
) -> None:
    """Show what an encoder is and how a text becomes tokens."""
    exported = read_export(source)
    if exported is not None:
        print(f"{source}: {_describe_export(exported)}")
        return
    folder = resolve_encoder(source)
    tokens = TextEncoder.from_folder(folder, max_length=max_length)
    if (folder / CLASSIFIER_FILE).is_file():
        print(f"{source}: {_describe(read_json_object(folder / CLASSIFIER_FILE))}")
    elif (folder / "config.json").is_file():
        config = BertConfig.from_pretrained(folder)
        print(f"{source}: {config.model_type}, {config.num_hidden_layers} layers, {config.hidden_size} wide, ", end="")
        print(f"{config.vocab_size} tokens, up to {config.max_length} of them in a text")
    for one in text or []:
        encoded = tokens.encode([one])
        pieces = tokens.tokens(one)
        print(f"\n{shorten(one)}: {len(encoded.input_ids)} tokens{' (cut)' if encoded.num_truncated else ''}")
        for piece, number in zip(pieces, encoded.input_ids, strict=False):
            print(f"{number:>8}  {piece}")


def _describe(description: dict[str, Any]) -> str:
    arguments = description.get("arguments", {})
    settings = ", ".join(f"{name} {shorten(arguments[name], 60)}" for name in sorted(arguments) if name != "encoder")
    encoder = arguments.get("encoder", {})
    return f"{description.get('builder')} over {encoder.get('num_hidden_layers')} layers; {settings}"


def _describe_export(description: dict[str, Any]) -> str:
    report = description["report"]
    heads = [
        f"\n  {name}: {head['task']}, labels {shorten(head['label_names'], 60)}, "
        f"thresholds {shorten([round(value, 4) for value in head['thresholds']], 60)}"
        for name, head in description["heads"].items()
    ]
    figures = "".join(f"\n  {name}: {value}" for name, value in report.items())
    return (
        f"{description['format']} of a {description['task']} classifier, up to {description['max_length']} tokens"
        f"{''.join(heads)}{figures}"
    )
