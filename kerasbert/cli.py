"""The `kerasbert` command: train, evaluate, predict, inspect.

Results go to standard output, progress and messages to standard error. Exit codes: 0 done, 1 refused or failed, 2 wrong
usage.
"""

import enum
import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError, KerasBertError
from kerasbert._core.files import check_output
from kerasbert._core.names import DEFAULT_ENCODER
from kerasbert._core.resolve import resolve_encoder
from kerasbert._core.strict_json import read_json_object
from kerasbert.bundle import CLASSIFIER_FILE
from kerasbert.cli_tables import print_predictions, print_scores
from kerasbert.data.examples import Examples
from kerasbert.data.labels import collect_label_names, multi_hot_from_columns
from kerasbert.data.readers import read_examples
from kerasbert.data.tokens import TextEncoder
from kerasbert.encoders.config import BertConfig
from kerasbert.text_classifier import TextClassifier, load

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
        help="Label column, or several 0/1 columns as A,B,C for multilabel. Default: 'label', or 'labels' for multilabel.",
    ),
]
Delimiter = Annotated[
    str | None, typer.Option("--label-delimiter", help="Separator of several labels in one cell, such as ';'.")
]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that `kerasbert train` wrote.")]


@app.command()
def train(
    data: Annotated[Path, typer.Argument(help="Training data: .csv, .tsv, .jsonl or .parquet.")],
    task: Annotated[Task, typer.Option(help="One of two labels, one of several, any of several, or several heads.")],
    output: Annotated[Path, typer.Option(help="Folder to write; it appears when it is whole.")],
    validation: Annotated[Path | None, typer.Option(help="Data to choose the best epoch and thresholds on.")] = None,
    text: Text = "text",
    text_pair: TextPair = None,
    labels: Labels = None,
    label_delimiter: Delimiter = None,
    head: Annotated[
        list[str] | None,
        typer.Option(
            "--head", help="For multitask, once for each head: NAME=COLUMN:TASK, such as topic=label:multiclass."
        ),
    ] = None,
    label_names: Annotated[
        str | None, typer.Option("--label-names", help="Labels in order, A,B,C; for binary: negative,positive.")
    ] = None,
    encoder: Annotated[str, typer.Option(help="Name or folder of a checkpoint.")] = DEFAULT_ENCODER,
    pooling: Annotated[str, typer.Option(help="mean, cls, pooler, max or attention.")] = "mean",
    max_length: Annotated[
        int | None, typer.Option(help="Longest text in tokens; longer ones are cut. [default: 128]")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the data.")] = 4,
    batch_size: Annotated[int, typer.Option(help="Texts in a step.")] = 32,
    learning_rate: Annotated[float, typer.Option(help="Peak rate of the encoder.")] = 1.5e-4,
    head_learning_rate: Annotated[float, typer.Option(help="Peak rate of the head.")] = 2e-3,
    dropout: Annotated[float, typer.Option(help="Dropout in the head.")] = 0.1,
    patience: Annotated[int, typer.Option(help="Epochs without improvement before stopping.")] = 2,
    validation_fraction: Annotated[
        float | None,
        typer.Option(
            help="Share held out without --validation. [default: 0.1 for multilabel, where thresholds need it, else 0]"
        ),
    ] = None,
    precision: Annotated[Precision, typer.Option(help="Keras dtype policy.")] = Precision.float32,
    seed: Annotated[int, typer.Option(help="Of order, weights and dropout.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing saved model.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Train a classifier on labelled texts and save it."""
    check_output(output, overwrite)
    heads = _parse_heads(task, head)
    names = None if label_names is None else label_names.split(",")
    columns = _label_columns(task, labels, heads)
    examples = read_examples(data, text=text, text_pair=text_pair, labels=list(columns))
    held_out = None
    if validation is not None:
        held_out = read_examples(validation, text=text, text_pair=text_pair, labels=list(columns))
    if names is None and task is Task.multilabel and len(columns) > 1:
        names = list(columns)
    if names is None and label_delimiter is not None:
        names = collect_label_names(examples.labels[columns[0]], delimiter=label_delimiter)
    classifier = TextClassifier(
        task.value,
        heads=None if heads is None else {name: head_task for name, (_, head_task) in heads.items()},
        label_names=names,
        encoder=encoder,
        pooling=pooling,
        dropout=dropout,
        max_length=max_length,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=learning_rate,
        head_learning_rate=head_learning_rate,
        patience=patience,
        validation_fraction=validation_fraction,
        precision=precision.value,
        seed=seed,
        progress=not quiet,
    )
    reading: dict[str, Any] = {
        "columns": list(columns),
        "text": text,
        "text_pair": text_pair,
        "label_delimiter": label_delimiter,
    }
    reading["heads"] = None if heads is None else {name: column for name, (column, _) in heads.items()}
    classifier.fit(
        examples.texts,
        _cells(examples, reading),
        text_pairs=examples.text_pairs,
        validation=None if held_out is None else (held_out.texts, _cells(held_out, reading), held_out.text_pairs),
    )
    _report_shapes(classifier, len(examples))
    metrics: dict[str, Any] = {"reading": reading, "num_training_examples": len(examples)}
    if held_out is not None:
        metrics["validation"] = classifier.evaluate(held_out.texts, _cells(held_out, reading), held_out.text_pairs)
    classifier.save(output, overwrite=overwrite, metrics=metrics)
    _say(f"Saved to {output}. Next: kerasbert evaluate {output} DATA, or kerasbert predict {output} TEXT")


@app.command()
def evaluate(
    folder: Folder,
    data: Annotated[Path, typer.Argument(help="Labelled data: .csv, .tsv, .jsonl or .parquet.")],
    text: Annotated[str | None, typer.Option("--text", help="Column of the texts. [default: as in training]")] = None,
    text_pair: TextPair = None,
    labels: Labels = None,
    label_delimiter: Delimiter = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the scores.")] = Format.table,
) -> None:
    """Judge a classifier on labelled texts: accuracy, and precision, recall, F1 per label, micro and macro."""
    classifier = load(folder)
    reading = dict(classifier.metrics_.get("reading", {}))
    given = {"text": text, "text_pair": text_pair, "label_delimiter": label_delimiter}
    reading.update({name: value for name, value in given.items() if value is not None})
    if labels is not None:
        reading["columns"] = labels.split(",")
    columns: list[str] = reading.get("columns") or list(_label_columns(Task(classifier.task), None, None))
    reading["columns"] = columns
    examples = read_examples(data, text=reading.get("text", "text"), text_pair=reading.get("text_pair"), labels=columns)
    scores = classifier.evaluate(examples.texts, _cells(examples, reading), examples.text_pairs)
    if output_format is Format.json:
        print(json.dumps(scores, indent=2, ensure_ascii=False))
    else:
        print_scores(scores, as_csv=output_format is Format.csv)


@app.command()
def predict(
    folder: Folder,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", help="Texts; none reads standard input.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="A .csv, .tsv, .jsonl or .parquet, or a text file of one text a line.")
    ] = None,
    text: Annotated[str | None, typer.Option("--text", help="Column of the texts. [default: as in training]")] = None,
    text_pair: TextPair = None,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the predictions.")] = Format.table,
) -> None:
    """Label texts given as arguments, in a file, or on standard input (one a line)."""
    if texts and file is not None:
        raise typer.BadParameter("give texts or --file, not both.")
    classifier = load(folder)
    reading = classifier.metrics_.get("reading", {})
    pair_column = text_pair or reading.get("text_pair")
    examples = _texts_to_label(texts, file, text or reading.get("text", "text"), pair_column)
    rows = list(predict_rows(classifier, examples))
    if output_format is Format.json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False))
    else:
        print_predictions(rows, as_csv=output_format is Format.csv)


@app.command()
def inspect(
    source: Annotated[
        str, typer.Argument(help="A saved classifier, or name or folder of a checkpoint.")
    ] = DEFAULT_ENCODER,
    text: Annotated[
        list[str] | None, typer.Option("--text", help="A text whose tokens to show; may be repeated.")
    ] = None,
    max_length: Annotated[int | None, typer.Option(help="Longest text in tokens.")] = None,
) -> None:
    """Show what an encoder is and how a text becomes tokens."""
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


def predict_rows(classifier: TextClassifier, examples: Examples) -> Iterator[dict[str, Any]]:
    """One plain dict for each text: `text`, `labels` and `scores` (label -> probability), or these by head."""
    probabilities = classifier.predict_proba(examples.texts, examples.text_pairs)
    chosen = classifier.predict(examples.texts, examples.text_pairs)
    classes = classifier.classes_
    for index, text in enumerate(examples.texts):
        if isinstance(chosen, dict):
            heads = {
                head: {
                    "labels": _as_list(chosen[head][index]),
                    "scores": _scores(classes[head], probabilities[head][index]),
                }
                for head in chosen
            }
            yield {"text": text, "heads": heads}
        else:
            yield {"text": text, "labels": _as_list(chosen[index]), "scores": _scores(classes, probabilities[index])}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 1 refused or failed, 2 wrong usage.

    Args:
        arguments: without the program's name; None takes them from the command line.

    Returns:
        The exit code.
    """
    command = typer.main.get_command(app)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning  # type: ignore[assignment]
        try:
            code = command.main(args=None if arguments is None else list(arguments), standalone_mode=False)
            return code if isinstance(code, int) else 0
        except KerasBertError as error:
            _say(f"Error: {error}")
            return 1
        except (TypeError, OSError) as error:
            _say(f"Error: {error}")
            return 1
        except KeyboardInterrupt:
            _say("Interrupted; nothing was written.")
            return 1
        except Exception as error:
            if not hasattr(error, "exit_code"):
                raise
            _show_usage_error(error)
            return int(error.exit_code)


def _show_usage_error(error: Any) -> None:
    if hasattr(error, "show"):
        error.show(file=sys.stderr)


def _show_warning(message: Any, category: Any, filename: str, *rest: Any) -> None:
    if "kerasbert" in filename or "kerasbert" in str(getattr(category, "__module__", "")):
        _say(f"Note: {message}")


def _parse_heads(task: Task, heads: Sequence[str] | None) -> dict[str, tuple[str, str]] | None:
    if (task is Task.multitask) != bool(heads):
        raise typer.BadParameter(
            "--head NAME=COLUMN:TASK goes with --task multitask, once for each head, and only with it."
        )
    parsed = {}
    for head in heads or []:
        name, equals, rest = head.partition("=")
        column, colon, head_task = rest.rpartition(":")
        if not (equals and colon and name and column):
            raise typer.BadParameter(f"--head must be NAME=COLUMN:TASK, such as topic=label:multiclass; got {head!r}.")
        parsed[name] = (column, head_task)
    return parsed or None


def _label_columns(task: Task, labels: str | None, heads: dict[str, tuple[str, str]] | None) -> tuple[str, ...]:
    if heads:
        return tuple(dict.fromkeys(column for column, _ in heads.values()))
    if labels is not None:
        columns = tuple(labels.split(","))
        if len(columns) > 1 and task is not Task.multilabel:
            raise typer.BadParameter(f"--labels takes several columns for --task multilabel only; got {labels!r}.")
        return columns
    return ("labels",) if task is Task.multilabel else ("label",)


def _cells(examples: Examples, reading: dict[str, Any]) -> Any:
    if reading.get("heads"):
        return {head: examples.labels[column] for head, column in reading["heads"].items()}
    columns = reading["columns"]
    if len(columns) > 1:
        rows = multi_hot_from_columns(examples.labels, columns)
        return [[column for column, flag in zip(columns, row, strict=True) if flag] for row in rows]
    cells = examples.labels[columns[0]]
    if reading.get("label_delimiter"):
        return [_split_cell(cell, reading["label_delimiter"]) for cell in cells]
    return cells


def _split_cell(cell: Any, delimiter: str) -> Any:
    if not isinstance(cell, str):
        return cell
    return [part.strip() for part in cell.split(delimiter) if part.strip()]


def _texts_to_label(texts: list[str] | None, file: Path | None, column: str, pair_column: str | None) -> Examples:
    if texts:
        return read_examples(list(texts))
    if file is None:
        if sys.stdin.isatty():
            _say("Reading texts from standard input, one a line; end with Ctrl-D.")
        return read_examples(sys.stdin.read().splitlines())
    if file.suffix.lower() in (".txt", ""):
        try:
            return read_examples(file.read_text(encoding="utf-8").splitlines())
        except UnicodeDecodeError as error:
            raise DataError(f"{str(file)!r} is not UTF-8 at byte {error.start}; save it as UTF-8.") from error
        except OSError as error:
            raise DataError(f"{str(file)!r} cannot be read: {error.strerror}.") from error
    return read_examples(file, text=column, text_pair=pair_column)


def _report_shapes(classifier: TextClassifier, num_examples: int) -> None:
    padding = classifier.padding_
    lengths = ", ".join(str(length) for length in padding["shapes"])
    cut = (
        f"; {padding['cut']} of {num_examples} texts were cut at {classifier.tokens_.max_length}"
        if padding["cut"]
        else ""
    )
    _say(f"Padded lengths {lengths}; {padding['padding']:.1%} padding{cut}.")


def _scores(names: Sequence[str], probabilities: Any) -> dict[str, float]:
    return {str(name): round(float(value), 6) for name, value in zip(names, probabilities, strict=True)}


def _as_list(labels: Any) -> list[str]:
    return [str(label) for label in labels] if isinstance(labels, list) else [str(labels)]


def _say(message: str) -> None:
    print(message, file=sys.stderr)
