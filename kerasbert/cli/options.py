"""What the commands share: the app, its choices and its common options."""

import contextlib
import dataclasses
import enum
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from kerasbert.cli.standard_streams import printable
from kerasbert.reading._files import COMPRESSED, UTF_8
from kerasbert.reading.formats import FORMATS

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


TextPair = Annotated[
    str | None, typer.Option("--text-pair-column", help="Column of second texts, read with the first.")
]
OnError = Annotated[
    str, typer.Option("--on-error", help="Rows that cannot be used: stop, or skip, which counts and lists them.")
]
Encoding = Annotated[
    str, typer.Option("--encoding", help="Encoding of text files, such as cp1252 (Windows, Excel) or latin-1.")
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that `kerasbert train` wrote.")]


@dataclasses.dataclass(kw_only=True)
class DataOptions:
    """How the rows of training data are read.

    Args:
        text_column: column that holds the texts.
        text_pair_column: column of second texts, read with the first.
        label_column: label column, or several as A,B,C for multilabel (of 0 and 1) and hierarchical (of the levels). None:
            label, labels for multilabel, label,sublabel for hierarchical.
        label_delimiter: separator of several labels in one cell, such as ';'.
        head: for multitask, once for each head: NAME=COLUMN:TASK, such as topic=label:multiclass.
        on_error: what becomes of rows that cannot be used: `"stop"`, or `"skip"`, which counts and lists them.
        encoding: encoding of text files, such as cp1252 (Windows, Excel) or latin-1.
    """

    text_column: str = "text"
    text_pair_column: str | None = None
    label_column: str | None = None
    label_delimiter: str | None = None
    head: Sequence[str] | None = dataclasses.field(default=None, metadata={"repeated": True})
    on_error: str = "stop"
    encoding: str = UTF_8


@dataclasses.dataclass(kw_only=True)
class ReadingOptions:
    """How the rows of data for a saved classifier are read.

    Args:
        text_column: column that holds the texts. None: as in training.
        text_pair_column: column of second texts, read with the first. None: as in training.
        label_column: label column, or several as A,B,C for multilabel (of 0 and 1) and hierarchical (of the levels). None:
            as in training.
        label_delimiter: separator of several labels in one cell, such as ';'. None: as in training.
        on_error: what becomes of rows that cannot be used: `"stop"`, or `"skip"`, which counts and lists them.
        encoding: encoding of text files, such as cp1252 (Windows, Excel) or latin-1.
    """

    text_column: str | None = None
    text_pair_column: str | None = None
    label_column: str | None = None
    label_delimiter: str | None = None
    on_error: str = "stop"
    encoding: str = UTF_8


@dataclasses.dataclass(kw_only=True)
class StreamOptions:
    """How data of any size is trained from.

    Args:
        stream: whether tokens are read from disk, as they are by themselves for large or several files.
        cache: folder of the tokens; the data is then streamed. None: OUTPUT.tokens.
    """

    stream: bool = False
    cache: str | None = None


def is_file_name(text: str) -> bool:
    """Whether what stands for a text is the name of a file, which there is or which has the ending of one with data."""
    has_ending = text.lower().removesuffix(COMPRESSED).endswith((*FORMATS, ".json", ".txt"))
    return (has_ending and len(text.split()) == 1) or os.path.isfile(text)


def given(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line.

    Args:
        context: of the command.
        name: of its parameter.
    """
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def refuse_useless(context: typer.Context, useless: Mapping[str, str]) -> None:
    """Refuse options that were given and that nothing would read.

    Args:
        context: of the command.
        useless: name of a parameter -> what the option goes with.

    Raises:
        typer.BadParameter: naming the option and the way out.
    """
    for name, reason in useless.items():
        if given(context, name):
            raise typer.BadParameter(f"{_flag(context, name)} {reason}.")


def with_output(options: Iterable[str], flag: str, output: object) -> dict[str, str]:
    """What `refuse_useless` takes for options that do nothing without an output.

    Args:
        options: names of parameters.
        flag: of the output's option.
        output: what it was given; None: nothing.
    """
    return {} if output is not None else dict.fromkeys(options, f"goes with {flag}")


def _flag(context: typer.Context, name: str) -> str:
    parameter = next(one for one in context.command.params if one.name == name)
    return str(max(parameter.opts, key=len))


def say(message: str) -> None:
    """Write a message for people to standard error, its lines without control characters; a full one is no matter."""
    with contextlib.suppress(OSError):
        print("\n".join(printable(line) for line in message.split("\n")), file=sys.stderr)
