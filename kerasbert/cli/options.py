"""The app, and the options that commands share."""

import contextlib
import dataclasses
import enum
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from kerasbert.cli.help import Group
from kerasbert.cli.standard_streams import printable
from kerasbert.engines.settings import ENGINES
from kerasbert.reading._files import COMPRESSED
from kerasbert.reading.bad_rows import POLICIES
from kerasbert.reading.formats import FORMATS

app = typer.Typer(
    cls=Group,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="BERT text classifiers: train on a file, judge, predict.",
    epilog="kerasbert train DATA.csv --task multiclass --output DIR",
)


# The endings of data files, for the help.
DATA_FILES = ".csv, .tsv, .jsonl, .json, .xlsx or .parquet"


class Format(enum.StrEnum):
    """Format of printed results."""

    table = "table"
    json = "json"
    csv = "csv"


Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that `kerasbert train` wrote.")]


@dataclasses.dataclass(kw_only=True)
class EngineOptions:
    """In what a saved classifier computes.

    Args:
        engine: inference engine that the classifier was compiled for, see `kerasbert compile`; TensorFlow is then not loaded.
            None: TensorFlow.
        threads: threads of the engine. None: as many as it likes.
    """

    engine: str | None = dataclasses.field(default=None, metadata={"choices": ENGINES})
    threads: int | None = None


@dataclasses.dataclass(kw_only=True)
class ReadingOptions:
    """How the rows of data for a saved classifier are read.

    Args:
        text_column: column of the texts. None: as in training.
        text_pair_column: column of second texts, read with the first. None: as in training.
        label_column: label column, or several as A,B,C: of 0 and 1 for multilabel, of the levels for hierarchical. None: as
            in training.
        label_delimiter: separator of several labels in one cell, such as ';'. None: as in training.
        on_error: what becomes of rows that cannot be used: `"stop"`, or `"skip"`, which counts and lists them.
    """

    text_column: str | None = None
    text_pair_column: str | None = None
    label_column: str | None = None
    label_delimiter: str | None = None
    on_error: str = dataclasses.field(default="stop", metadata={"choices": POLICIES})


@dataclasses.dataclass(kw_only=True)
class DataOptions(ReadingOptions):
    """How the rows of training data are read.

    Args:
        text_column: column of the texts.
        text_pair_column: column of second texts, read with the first.
        label_column: label column, or several as A,B,C: of 0 and 1 for multilabel, of the levels for hierarchical. None:
            label, labels for multilabel, label,sublabel for hierarchical.
        label_delimiter: separator of several labels in one cell, such as ';'.
        head: head of a multitask classifier, NAME=COLUMN:TASK such as topic=label:multiclass, once for each.
    """

    text_column: str = "text"
    head: Sequence[str] | None = dataclasses.field(default=None, metadata={"repeated": True})


@dataclasses.dataclass(kw_only=True)
class StreamOptions:
    """How data of any size is trained from.

    Args:
        stream: read tokens from disk, as is done by itself for large or several files.
        cache: folder of the tokens; the data is then streamed. None: OUTPUT.tokens.
    """

    stream: bool = False
    cache: str | None = None


def is_file_name(text: str) -> bool:
    """Whether a text is the name of a file: of one that exists, or with the suffix of a data file."""
    has_suffix = text.lower().removesuffix(COMPRESSED).endswith((*FORMATS, ".txt"))
    return (has_suffix and len(text.split()) == 1) or os.path.isfile(text)


def given(context: typer.Context, name: str) -> bool:
    """Whether the option of a parameter stands on the command line."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def refuse_useless(context: typer.Context, useless: Mapping[str, str]) -> None:
    """Refuse given options that nothing would read.

    Args:
        useless: parameter name -> what its option goes with, for the message.

    Raises:
        typer.BadParameter: naming the option and the way out.
    """
    parameters = {parameter.name: parameter for parameter in context.command.params}
    for name, reason in useless.items():
        if given(context, name):
            no = parameters[name].secondary_opts if context.params[name] is False else []
            raise typer.BadParameter(f"{max(no or parameters[name].opts, key=len)} {reason}.")


def with_output(options: Iterable[str], flag: str, output: object) -> dict[str, str]:
    """The argument of `refuse_useless` for options that do nothing while the option `flag` of an output is None."""
    return {} if output is not None else dict.fromkeys(options, f"goes with {flag}")


def say(message: str) -> None:
    """Write a message to standard error, without control characters; a standard error that is full is ignored."""
    with contextlib.suppress(OSError):
        print("\n".join(printable(line) for line in message.split("\n")), file=sys.stderr)
