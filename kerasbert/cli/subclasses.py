"""`kerasbert subclasses discover`: finer classes inside the classes, without sub-labels."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from kerasbert._core.files import check_output
from kerasbert._core.options import filled
from kerasbert._core.progress import waiting
from kerasbert.cli.command_options import draws_options
from kerasbert.cli.data import Reading
from kerasbert.cli.help import Group, add_command
from kerasbert.cli.options import DATA_FILES, app, say
from kerasbert.cli.starting import start_tensorflow
from kerasbert.cli.tables import print_discovery
from kerasbert.reading.added_column import check_column_is_new
from kerasbert.reading.read_options import ReadOptions
from kerasbert.subclasses.grouping import METHODS, REDUCTIONS

# Options that are arguments of `discover_subclasses`.
SOUGHT = ("number", "max_number", "method", "reduction", "dimensions", "seed")

commands = typer.Typer(
    no_args_is_help=True,
    cls=Group,
    help="Find subclasses inside classes.",
    epilog="kerasbert subclasses discover DIR train.csv --output found",
)
app.add_typer(commands, name="subclasses")


@commands.callback()
def subclasses() -> None:
    """Find subclasses inside classes."""


@dataclasses.dataclass(kw_only=True)
class DiscoveryOptions:
    """What is read, and how groups are sought in it.

    Args:
        text_column: column of the texts.
        label_column: column of the classes.
        within: a class to look into, may be repeated. None: all.
        sublabel_column: column of known sub-labels, to report the agreement.
        column: name of the column to add.
        number: groups in each class. None: chosen.
        max_number: most groups to try.
        method: method of grouping: `"kmeans"`, `"gaussian_mixture"` or `"hdbscan"`.
        reduction: reduction of the vectors: `"pca"` or `"umap"`.
        dimensions: dimensions in which groups are sought.
        seed: seed of everything random.
    """

    text_column: str = "text"
    label_column: str = "label"
    within: Sequence[str] | None = dataclasses.field(default=None, metadata={"repeated": True})
    sublabel_column: str | None = None
    column: str = "sublabel"
    number: int | None = None
    max_number: int = 25
    method: str = dataclasses.field(default="kmeans", metadata={"choices": METHODS})
    reduction: str = dataclasses.field(default="pca", metadata={"choices": REDUCTIONS})
    dimensions: int = 30
    seed: int = 0


@add_command(commands, example="kerasbert subclasses discover DIR train.csv --output found")
@draws_options({"Discovery": DiscoveryOptions, "Files": ReadOptions})
def discover(
    source: Annotated[
        str, typer.Argument(metavar="DIR|ENCODER", help="A saved classifier, or name or folder of a checkpoint.")
    ],
    data: Annotated[Path, typer.Argument(help=f"Texts with classes: {DATA_FILES}.")],
    output: Annotated[Path, typer.Option(help="Folder to write; it appears when it is whole.")],
    maps: Annotated[bool, typer.Option("--maps/--no-maps", help="Pictures; they need matplotlib.")] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output folder.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    **options: Any,
) -> None:
    """Find groups of texts inside each class and write the data again with a column for them."""
    check_output(output, overwrite, kind="discovery")
    asked, files = filled(DiscoveryOptions, None, options), filled(ReadOptions, None, options)
    check_column_is_new(data, asked.column, files)
    columns = tuple(name for name in (asked.label_column, asked.sublabel_column) if name is not None)
    examples = Reading(columns, {}, text_column=asked.text_column, files=files).read(data)
    start_tensorflow()
    from kerasbert.subclasses.discovery import discover_subclasses
    from kerasbert.subclasses.discovery_files import PAGE_FILE, write_discovery

    with waiting("finding groups"):
        discovery = discover_subclasses(
            examples.texts,
            examples.labels[asked.label_column],
            encoder=source,
            within=asked.within or None,
            sublabels=None if asked.sublabel_column is None else examples.labels[asked.sublabel_column],
            **{name: getattr(asked, name) for name in SOUGHT},
        )
    with waiting("writing the pages"):
        written: dict[str, Any] = {"data": data, "column": asked.column, "options": files}
        write_discovery(discovery, output, maps=maps, overwrite=overwrite, **written)
    if as_json:
        print(json.dumps(discovery.to_dict(), indent=2, ensure_ascii=False))
    else:
        print_discovery(discovery)
    say(f"Saved to {output}; look at {output / PAGE_FILE}.")
