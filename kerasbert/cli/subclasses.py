"""`kerasbert subclasses`: finer classes inside the classes, without sub-labels, and their names."""

import dataclasses
import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasbert._core.files import check_output
from kerasbert._core.options import filled
from kerasbert._core.progress import waiting
from kerasbert.caching.settings import CacheOptions
from kerasbert.cli.caching import cached
from kerasbert.cli.command_options import draws_options
from kerasbert.cli.data import Reading
from kerasbert.cli.help import Group, add_command
from kerasbert.cli.options import DATA_FILES, app, say
from kerasbert.cli.starting import start_tensorflow
from kerasbert.cli.tables import print_discovery
from kerasbert.reading.added_column import check_columns_are_new
from kerasbert.reading.read_options import ReadOptions
from kerasbert.subclasses.grouping import METHODS, REDUCTIONS
from kerasbert.subclasses.settings import PAGE_FILE, TEXTS_FILE, column_names

if TYPE_CHECKING:
    from kerasbert.subclasses.found import Discovery

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
        column: name of the column to add; columns for the distance from the centre, the border and the nearest other group
            have it as their beginning.
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
@draws_options({"Discovery": DiscoveryOptions, "Files": ReadOptions, "Cache": CacheOptions})
def discover(
    context: typer.Context,
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
    check_columns_are_new(data, column_names(asked.column), files)
    columns = tuple(name for name in (asked.label_column, asked.sublabel_column) if name is not None)
    examples = Reading(columns, {}, text_column=asked.text_column, files=files).reader().read(data)
    with cached(context, filled(CacheOptions, None, options)) as cache:
        start_tensorflow()
        from kerasbert.subclasses.discovery import discover_subclasses
        from kerasbert.subclasses.discovery_files import write_discovery

        with waiting("finding groups"):
            discovery = discover_subclasses(
                examples.texts,
                examples.labels[asked.label_column],
                encoder=source,
                within=asked.within or None,
                sublabels=None if asked.sublabel_column is None else examples.labels[asked.sublabel_column],
                cache=cache,
                **{name: getattr(asked, name) for name in SOUGHT},
            )
    with waiting("writing the pages"):
        written: dict[str, Any] = {"data": data, "column": asked.column, "options": files}
        write_discovery(discovery, output, maps=maps, overwrite=overwrite, **written)
    if as_json:
        print(json.dumps(discovery.to_dict(), indent=2, ensure_ascii=False))
    else:
        print_discovery(discovery)
    say(
        f"Saved to {output}; look at {output / PAGE_FILE} and {output / TEXTS_FILE}. Next: kerasbert subclasses name {output} "
        f"--group {example_of(discovery)}=NAME"
    )


@add_command(commands, example="kerasbert subclasses name FOUND --merge 2,5 --group 3=refund")
def name(
    found: Annotated[Path, typer.Argument(metavar="FOUND", help="Folder that `subclasses discover` wrote.")],
    group: Annotated[
        list[str] | None,
        typer.Option(help="Rename a group: NUMBER=NAME such as 3=refund, with several classes CLASS/NUMBER=NAME."),
    ] = None,
    merge: Annotated[
        list[str] | None,
        typer.Option(
            help="Merge groups, before any is renamed: NUMBER,NUMBER such as 2,5, with several classes CLASS/NUMBER,NUMBER."
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder to write.", show_default="FOUND, which is replaced as a whole")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output folder.")] = False,
) -> None:
    """Give groups names and merge them; the numbers of other groups stay."""
    if not group and not merge:
        raise typer.BadParameter(
            "give --group NUMBER=NAME or --merge NUMBER,NUMBER; FOUND/subclasses.html has the numbers."
        )
    if overwrite and output is None:
        raise typer.BadParameter("--overwrite goes with --output; FOUND is always replaced.")
    check_output(output or found, overwrite or output is None, kind="discovery")
    start_tensorflow()
    from kerasbert.subclasses.discovery_files import open_discovery, write_discovery

    saved = open_discovery(found)
    discovery = saved.discovery
    for label, numbers in merges_of(merge or [], discovery):
        discovery = discovery.merge(numbers, within=label)
    for label, names in names_of(group or [], discovery).items():
        discovery = discovery.rename(names, within=label)
    written: dict[str, Any] = {"data": saved.data, "options": saved.options, "column": saved.column}
    written |= {"maps": saved.maps, "replace": True}
    with waiting("writing the pages"):
        write_discovery(discovery, output or found, **written, overwrite=overwrite or output is None)
    print_discovery(discovery)
    say(f"Saved to {output or found}.")


def names_of(options: Sequence[str], discovery: "Discovery") -> dict[str, dict[int, str]]:
    """Read `--group`: class -> number -> name.

    Raises:
        typer.BadParameter: when one cannot be read, or two name one group.
    """
    names: dict[str, dict[int, str]] = {}
    for option in options:
        found = re.fullmatch(r"(?:(.*?)/)?(\d+)=(.+)", option, re.DOTALL)
        if found is None:
            raise typer.BadParameter(f"--group must be NUMBER=NAME, such as 3=refund; got {option!r}.")
        label = _class_named(found[1], discovery, "--group", option)
        if int(found[2]) in names.setdefault(label, {}):
            raise typer.BadParameter(f"--group names group {int(found[2])} of {label!r} twice; give one name.")
        names[label][int(found[2])] = found[3]
    return names


def merges_of(options: Sequence[str], discovery: "Discovery") -> list[tuple[str, list[int]]]:
    """Read `--merge`: classes and the numbers of groups to merge.

    Raises:
        typer.BadParameter: when one cannot be read, or a group stands in two.
    """
    merges: list[tuple[str, list[int]]] = []
    for option in options:
        found = re.fullmatch(r"(?:(.*)/)?(\d+(?:,\d+)+)", option, re.DOTALL)
        if found is None:
            raise typer.BadParameter(f"--merge must be numbers of groups, such as 2,5; got {option!r}.")
        label, numbers = _class_named(found[1], discovery, "--merge", option), [*map(int, found[2].split(","))]
        for other in (number for known, others in merges if known == label for number in others):
            if other in numbers:
                raise typer.BadParameter(
                    f"--merge has group {other} of {label!r} twice; write all that become one in one."
                )
        merges.append((label, numbers))
    return merges


def example_of(discovery: "Discovery") -> str:
    """Return how `--group` says a group of a discovery."""
    label, found = max(discovery.classes.items(), key=lambda one: len(one[1].subclasses))
    number = str(found.subclasses[0].number)
    return number if len(discovery.classes) == 1 else shlex.quote(f"{label}/{number}")


def _class_named(label: str | None, discovery: "Discovery", flag: str, option: str) -> str:
    """Return the class that an option names; the only one where it names none."""
    if label is None and len(discovery.classes) > 1:
        raise typer.BadParameter(
            f"{flag} must name the class of its groups, one of {', '.join(discovery.classes)}, such as "
            f"{next(iter(discovery.classes))}/{option}; got {option!r}."
        )
    return next(iter(discovery.classes)) if label is None else label
