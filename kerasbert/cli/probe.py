"""`kerasbert probe`: what each layer of an encoder knows about labelled texts."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kerasbert._core.files import atomic_dir_write, check_output
from kerasbert.cli.data import Reading, read_data, split_cells
from kerasbert.cli.options import (
    Delimiter,
    Encoding,
    Format,
    OnError,
    Task,
    Text,
    app,
    refuse_useless,
    say,
    with_output,
)
from kerasbert.cli.reading import parse_layers
from kerasbert.cli.tables import print_table
from kerasbert.evaluation.probe import MAX_TEXTS, probe
from kerasbert.evaluation.probe_report import QUANTITIES, table_rows
from kerasbert.extraction.reader import FROZEN_POOLINGS
from kerasbert.reading._files import UTF_8


@app.command("probe")
def probe_command(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="DIR|ENCODER", help="A saved classifier, or name or folder of a checkpoint.")
    ],
    data: Annotated[Path, typer.Argument(help="Labelled data: .csv, .tsv, .jsonl or .parquet.")],
    text: Text = "text",
    labels: Annotated[str | None, typer.Option("--label-column", help="Label column. [default: label]")] = None,
    label_delimiter: Delimiter = None,
    on_error: OnError = "stop",
    encoding: Encoding = UTF_8,
    sublabels: Annotated[
        str | None,
        typer.Option("--sublabel-column", help="Column of subclasses: also asks which layer separates them best."),
    ] = None,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="Read no labels; score clusters of all texts by their silhouette.")
    ] = False,
    clusters: Annotated[
        bool, typer.Option("--clusters", help="Score clusters inside each label by their silhouette.")
    ] = False,
    layers: Annotated[str | None, typer.Option(help="Hidden states, such as 0,3,-1. [default: all]")] = None,
    poolings: Annotated[str, typer.Option(help="Poolings without weights.")] = ",".join(FROZEN_POOLINGS),
    folds: Annotated[int, typer.Option(help="Of the cross-validation.")] = 3,
    max_texts: Annotated[int, typer.Option(help="Size of the sample; 0 reads all texts.")] = MAX_TEXTS,
    max_length: Annotated[int | None, typer.Option(help="Longest text in tokens.")] = None,
    seed: Annotated[int, typer.Option(help="Of sample, folds and clusters.")] = 0,
    output: Annotated[Path | None, typer.Option(help="Folder to write: probe.json and the picture probe.png.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the table.")] = Format.table,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Score a linear classifier on every layer and pooling, and recommend what to build."""
    if unlabelled and (labels or sublabels or clusters):
        raise typer.BadParameter("--unlabelled goes with neither --label-column, --sublabel-column nor --clusters.")
    useless = with_output(("overwrite",), "--output", output)
    if unlabelled:
        useless |= dict.fromkeys(("label_delimiter", "folds"), "goes with labels, without --unlabelled")
    refuse_useless(context, useless)
    if output is not None:
        check_output(output, overwrite, kind="probe")
    column = None if unlabelled else labels or "label"
    columns = [name for name in (column, sublabels) if name]
    read_labels = None
    if column is not None and on_error == "skip":
        task = Task.multiclass if label_delimiter is None else Task.multilabel
        read_labels = Reading.of_task(task, column, None, label_delimiter=label_delimiter).label_reader()
    examples = read_data(
        data, text_column=text, label_columns=columns, on_error=on_error, read_labels=read_labels, encoding=encoding
    )
    report = probe(
        source,
        examples.texts,
        None if column is None else split_cells(examples.labels[column], label_delimiter),
        sublabels=None if sublabels is None else examples.labels[sublabels],
        layers=parse_layers(layers) or "all",
        poolings=poolings.split(","),
        folds=folds,
        max_texts=max_texts or None,
        clusters=True if clusters else None,
        max_length=max_length,
        seed=seed,
        verbose=not quiet,
    )
    if output is not None:
        with atomic_dir_write(output, kind="probe", overwrite=overwrite) as beside:
            described = json.dumps(report.to_dict(), indent=2, ensure_ascii=False)
            (beside / "probe.json").write_text(described + "\n", encoding="utf-8")
            report.save_picture(beside / "probe.png")
    if output_format is Format.json:
        print(json.dumps(report.to_dict(), indent=2, ensure_ascii=False))
        return
    heads = ["layer", "pooling", *[QUANTITIES[name] for name in report.quantities]]
    title = f"{report.encoder}: {report.num_labels} labels, {report.num_texts} texts, {report.folds} folds"
    print_table(title, heads, table_rows(report.rows, report.quantities), as_csv=output_format is Format.csv)
    say(report.summary())
