"""`kerasbert probe`: what each layer of an encoder knows about labelled texts."""

import dataclasses
import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasbert._core.files import atomic_dir_write, check_output
from kerasbert._core.names import SINGLE_HEAD
from kerasbert._core.options import filled, options_of
from kerasbert._core.progress import waiting
from kerasbert.caching.cache import PredictionCache
from kerasbert.caching.settings import CacheOptions
from kerasbert.classifiers.settings import FROZEN_POOLINGS
from kerasbert.cli.caching import cached
from kerasbert.cli.command_options import draws_options, flag_of, settle
from kerasbert.cli.data import Reading
from kerasbert.cli.help import add_command
from kerasbert.cli.options import DATA_FILES, DataOptions, Format, app, refuse_useless, say, with_output
from kerasbert.cli.starting import start_tensorflow
from kerasbert.cli.tables import print_table
from kerasbert.evaluation.settings import MAX_TEXTS
from kerasbert.reading.bad_rows import POLICIES
from kerasbert.reading.read_options import DEFAULTS, ReadOptions
from kerasbert.saving.format import CLASSIFIER_FILE
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel

if TYPE_CHECKING:
    from kerasbert.evaluation.probe_report import ProbeReport


@dataclasses.dataclass(kw_only=True)
class ProbeOptions:
    """What is read, and what is asked of it.

    Args:
        text_column: column of the texts.
        label_column: label column. None: label.
        label_delimiter: separator of several labels in one cell, such as ';'.
        on_error: what becomes of rows that cannot be used: `"stop"`, or `"skip"`, which counts and lists them.
        sublabel_column: column of subclasses, to ask which layer separates them best.
        unlabelled: read no labels, and judge clusters of all texts by their silhouette.
        clusters: judge clusters inside each label by their silhouette.
        layers: hidden states, such as 0,3,-1. None: all.
        poolings: poolings without weights.
        folds: folds of the cross-validation.
        max_texts: size of the sample, or 0 for all texts.
        max_length: longest text in tokens. None: the classifier's own, or 128.
        seed: seed of sample, folds and clusters.
    """

    text_column: str = "text"
    label_column: str | None = None
    label_delimiter: str | None = None
    on_error: str = dataclasses.field(default="stop", metadata={"choices": POLICIES})
    sublabel_column: str | None = None
    unlabelled: bool = False
    clusters: bool = False
    layers: Sequence[int] | None = None
    poolings: Sequence[str] = dataclasses.field(default=FROZEN_POOLINGS, metadata={"choices": FROZEN_POOLINGS})
    folds: int = 3
    max_texts: int = MAX_TEXTS
    max_length: int | None = None
    seed: int = 0


@add_command(app, "probe", example="kerasbert probe all-MiniLM-L6-v2 train.csv --output probe")
@draws_options({"Probe": ProbeOptions, "Files": ReadOptions, "Cache": CacheOptions})
def probe_command(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="DIR|ENCODER", help="A saved classifier, or name or folder of a checkpoint.")
    ],
    data: Annotated[Path, typer.Argument(help=f"Labelled data: {DATA_FILES}.")],
    output: Annotated[Path | None, typer.Option(help="Folder to write: probe.html, probe.json and probe.png.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
    output_format: Annotated[Format, typer.Option("--format", help="How to write the table.")] = Format.table,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
    **options: Any,
) -> None:
    """Score a linear classifier on every layer and pooling, and recommend what to build."""
    values = settle(context, ProbeOptions, ReadOptions, CacheOptions).values
    asked, files = filled(ProbeOptions, None, values), filled(ReadOptions, None, values)
    if asked.unlabelled and (asked.label_column or asked.sublabel_column or asked.clusters):
        raise typer.BadParameter("--unlabelled goes with neither --label-column, --sublabel-column nor --clusters.")
    useless = with_output(("overwrite",), "--output", output)
    if asked.unlabelled:
        useless |= dict.fromkeys(("label_delimiter", "folds"), "goes with labels, without --unlabelled")
    refuse_useless(context, useless)
    if output is not None:
        check_output(output, overwrite, kind="probe")
    with cached(context, filled(CacheOptions, None, values), quiet=quiet) as cache:
        report = _probe(source, data, asked, files, cache, verbose=not quiet)
    command = None if asked.unlabelled else train_command(report, source, data, asked, files)
    described = json.dumps({**report.to_dict(), "command": command}, indent=2, ensure_ascii=False)
    if output is not None:
        with atomic_dir_write(output, kind="probe", overwrite=overwrite) as beside:
            (beside / "probe.json").write_text(described + "\n", encoding="utf-8")
            (beside / "probe.html").write_text(report.to_html(), encoding="utf-8")
            report.save_picture(beside / "probe.png")
    if output_format is Format.json:
        print(described)
        return
    from kerasbert.evaluation.probe_report import QUANTITIES, table_rows

    heads = ["layer", "pooling", *[QUANTITIES[name] for name in report.quantities]]
    title = f"{report.encoder}: {report.num_labels} labels, {report.num_texts} texts, {report.folds} folds"
    print_table(title, heads, table_rows(report.rows, report.quantities), as_csv=output_format is Format.csv)
    say(report.summary())
    say(f"Next: {command}" if command else f"Next, in Python: {report.recommendation}")


def train_command(
    report: "ProbeReport", source: str, data: Path, asked: ProbeOptions, files: ReadOptions = DEFAULTS
) -> str:
    """Return the command that trains a classifier on the best layer and pooling, and reads the data in the same way."""
    best = report.best()
    told: dict[str, Any] = {"task": report.task, "label_column": asked.label_column or "label"}
    declared = options_of(ProbeOptions)
    told |= {
        name: getattr(asked, name)
        for name in options_of(DataOptions)
        if name in declared and name not in told and getattr(asked, name) != declared[name].default
    }
    told |= {"encoder": report.encoder, "layers": best["layer"], "pooling": best["pooling"]}
    if asked.max_length is not None or (Path(source) / CLASSIFIER_FILE).is_file():
        told["max_length"] = report.max_length
    words = ["kerasbert", "train", str(data)]
    for name, value in told.items():
        words += _said(flag_of(name), value)
    return shlex.join([*words, *files.flags(), "--output", "model"])


def _said(flag: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [flag if value else f"--no-{flag[2:]}"]
    # A value that starts like an option is one with its flag.
    return [f"{flag}={value}"] if str(value).startswith("-") else [flag, str(value)]


def _probe(
    source: str,
    data: Path,
    asked: ProbeOptions,
    files: ReadOptions,
    cache: PredictionCache | None,
    *,
    verbose: bool,
) -> "ProbeReport":
    """Read the data and probe the layers."""
    column, sublabels = None if asked.unlabelled else asked.label_column or "label", asked.sublabel_column
    task = (Multiclass if asked.label_delimiter is None else Multilabel).name
    reading = Reading(
        tuple(name for name in (column, sublabels) if name),
        {} if column is None else {SINGLE_HEAD: task},
        heads={} if column is None else {SINGLE_HEAD: column},
        text_column=asked.text_column,
        label_delimiter=asked.label_delimiter,
        files=files,
    )
    examples = reading.reader(on_error=asked.on_error).read(data)
    start_tensorflow()
    from kerasbert.evaluation.probe import probe

    with waiting("loading the encoder", shown=verbose):
        return probe(
            source,
            examples.texts,
            reading.cells(examples)[SINGLE_HEAD] if column is not None else None,
            sublabels=None if sublabels is None else examples.labels[sublabels],
            layers=asked.layers or "all",
            poolings=asked.poolings,
            folds=asked.folds,
            max_texts=asked.max_texts or None,
            clusters=asked.clusters or None,
            max_length=asked.max_length,
            seed=asked.seed,
            cache=cache,
            verbose=verbose,
        )
