"""`kerasbert subclasses discover`: finer classes inside the classes, without sub-labels."""

import json
from pathlib import Path
from typing import Annotated

import typer

from kerasbert._core.files import check_output
from kerasbert.cli.data import read_data
from kerasbert.cli.options import Text, app, say
from kerasbert.cli.tables import print_discovery
from kerasbert.reading.added_column import check_column_is_new
from kerasbert.subclasses.discovery import discover_subclasses
from kerasbert.subclasses.discovery_files import PAGE_FILE, write_discovery

commands = typer.Typer(no_args_is_help=True, help="Find subclasses inside classes.")
app.add_typer(commands, name="subclasses")


@commands.callback()
def subclasses() -> None:
    """Find subclasses inside classes."""


@commands.command()
def discover(
    source: Annotated[
        str, typer.Argument(metavar="DIR|ENCODER", help="A saved classifier, or name or folder of a checkpoint.")
    ],
    data: Annotated[Path, typer.Argument(help="Texts with classes: .csv, .tsv, .jsonl or .parquet.")],
    output: Annotated[Path, typer.Option(help="Folder to write; it appears when it is whole.")],
    text: Text = "text",
    label: Annotated[str, typer.Option("--label-column", help="Column of the classes.")] = "label",
    within: Annotated[
        list[str] | None, typer.Option("--within", help="A class to look into; may be repeated. [default: all]")
    ] = None,
    sublabel: Annotated[
        str | None, typer.Option("--sublabel-column", help="Column of known sub-labels, to report the agreement.")
    ] = None,
    column: Annotated[str, typer.Option(help="Name of the column to add.")] = "sublabel",
    number: Annotated[int | None, typer.Option(help="Groups in each class. [default: chosen]")] = None,
    max_number: Annotated[int, typer.Option(help="Most groups to try.")] = 25,
    method: Annotated[str, typer.Option(help="kmeans, gaussian_mixture or hdbscan.")] = "kmeans",
    reduction: Annotated[str, typer.Option(help="pca or umap.")] = "pca",
    dimensions: Annotated[int, typer.Option(help="In which groups are sought.")] = 30,
    maps: Annotated[bool, typer.Option("--maps/--no-maps", help="Pictures; they need matplotlib.")] = True,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output folder.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Find groups of texts inside each class and write the data again with a column for them."""
    check_output(output, overwrite, kind="discovery")
    check_column_is_new(data, column)
    wanted = [label] if sublabel is None else [label, sublabel]
    examples = read_data(data, text_column=text, label_columns=wanted)
    discovery = discover_subclasses(
        examples.texts,
        examples.labels[label],
        encoder=source,
        within=within or None,
        number=number,
        sublabels=None if sublabel is None else examples.labels[sublabel],
        method=method,
        reduction=reduction,
        dimensions=dimensions,
        max_number=max_number,
        seed=seed,
    )
    write_discovery(discovery, output, data=data, column=column, maps=maps, overwrite=overwrite)
    if as_json:
        print(json.dumps(discovery.to_dict(), indent=2, ensure_ascii=False))
    else:
        print_discovery(discovery)
    say(f"Saved to {output}; look at {output / PAGE_FILE}.")
