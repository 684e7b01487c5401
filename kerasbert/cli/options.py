"""What the commands share: the app, its choices and its common options."""

import contextlib
import enum
import sys
from pathlib import Path
from typing import Annotated

import typer

from kerasbert.cli.standard_streams import printable

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="BERT text classifiers: train on a file, judge, predict.",
    epilog="Start with: kerasbert train DATA.csv --task multiclass --output DIR",
)


class Task(enum.StrEnum):
    """What one text can be labelled with."""

    binary = "binary"
    multiclass = "multiclass"
    multilabel = "multilabel"
    multitask = "multitask"
    hierarchical = "hierarchical"


class Format(enum.StrEnum):
    """How results are written."""

    table = "table"
    json = "json"
    csv = "csv"


class Precision(enum.StrEnum):
    """Keras dtype policies that training is measured with."""

    float32 = "float32"
    mixed_bfloat16 = "mixed_bfloat16"
    mixed_float16 = "mixed_float16"


Text = Annotated[str, typer.Option("--text", help="Column that holds the texts.")]
TextPair = Annotated[str | None, typer.Option("--text-pair", help="Column of second texts, read with the first.")]
Labels = Annotated[
    str | None,
    typer.Option(
        "--labels",
        help="Label column, or several 0/1 columns as A,B,C for multilabel, or the columns of the levels for hierarchical. "
        "Default: 'label'; 'labels' for multilabel; 'label,sublabel' for hierarchical.",
    ),
]
Delimiter = Annotated[
    str | None, typer.Option("--label-delimiter", help="Separator of several labels in one cell, such as ';'.")
]
Head = Annotated[
    list[str] | None,
    typer.Option("--head", help="For multitask, once for each head: NAME=COLUMN:TASK, such as topic=label:multiclass."),
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that `kerasbert train` wrote.")]


def say(message: str) -> None:
    """Write a message for people to standard error, its lines without control characters; a full one is no matter."""
    with contextlib.suppress(OSError):
        print("\n".join(printable(line) for line in message.split("\n")), file=sys.stderr)
