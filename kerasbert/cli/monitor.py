"""`kerasbert monitor`: whether new texts are what a classifier was judged on."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasbert._core.errors import ConfigError, DataError
from kerasbert._core.files import FILE_MARK, atomic_file_write, check_output_file
from kerasbert._core.names import SINGLE_HEAD
from kerasbert._core.options import filled
from kerasbert._core.progress import waiting
from kerasbert.cli.command_options import draws_options, settle
from kerasbert.cli.data import Reading, load_and_read
from kerasbert.cli.help import add_command
from kerasbert.cli.options import DATA_FILES, Folder, app, refuse_useless, say
from kerasbert.cli.starting import start_tensorflow
from kerasbert.cli.tables import print_table
from kerasbert.evaluation.paired import format_p_value
from kerasbert.labels.cells import LabelCells
from kerasbert.labels.names import is_missing
from kerasbert.labels.values import is_blank
from kerasbert.monitoring.comparison import FALSE_ALARM_RATE
from kerasbert.monitoring.window_slices import TIME_FORMATS
from kerasbert.reading.bad_rows import POLICIES
from kerasbert.reading.examples import Examples
from kerasbert.reading.read_options import READ_OPTIONS, ReadOptions
from kerasbert.tasks.table import TASKS

if TYPE_CHECKING:
    from kerasbert.monitoring.monitor_report import MonitorReport
    from kerasbert.saving.trained_classifier import TrainedClassifier

# What holds the times of logged requests.
TIME = "time"
# Exit code of an alarm.
ALARM = 3
READING = ("text_column", "text_pair_column", "label_column", "label_delimiter")
# Labels and words that are printed with a test.
MOST_NAMED = 3


@dataclasses.dataclass(kw_only=True)
class MonitorOptions:
    """What is read of new texts, and how they are compared.

    Args:
        text_column: column of the texts. None: as in training.
        text_pair_column: column of second texts, read with the first. None: as in training.
        label_column: label column, or several as A,B,C, of texts whose labels are known; an empty cell is not known. None: no
            labels.
        label_delimiter: separator of several labels in one cell, such as ';'. None: as in training.
        on_error: what becomes of rows that cannot be used: `"stop"`, or `"skip"`, which counts and lists them.
        time_column: column that says when each text came. None: all came at one time.
        bucket: what times are divided into: `"hour"`, `"day"`, `"week"` or `"month"`.
        slice_columns: columns in which an alarm is looked for, such as source,language.
        false_alarm_rate: how often texts without a change give an alarm, in (0, 1).
        serving_log: read logs of TF Serving, TFRecords of the requests that it has answered.
    """

    text_column: str | None = None
    text_pair_column: str | None = None
    label_column: str | None = None
    label_delimiter: str | None = None
    on_error: str = dataclasses.field(default="stop", metadata={"choices": POLICIES})
    time_column: str | None = None
    bucket: str = dataclasses.field(default="day", metadata={"choices": tuple(TIME_FORMATS)})
    slice_columns: Sequence[str] = ()
    false_alarm_rate: float = FALSE_ALARM_RATE
    serving_log: bool = False


@add_command(
    app,
    example="""
    kerasbert monitor DIR new.csv --time-column date --html monitor.html
    kerasbert monitor DIR valid.csv --label-column label --make-reference
    """,
)
@draws_options({"Monitor": MonitorOptions, "Files": ReadOptions})
def monitor(
    context: typer.Context,
    folder: Folder,
    data: Annotated[list[Path], typer.Argument(metavar="DATA...", help=f"New texts: {DATA_FILES}.")],
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="A page to write, for people.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="A file to write all figures to, for programs.")
    ] = None,
    prometheus: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file to write the main figures to, in Prometheus's text format."),
    ] = None,
    make_reference: Annotated[
        bool,
        typer.Option("--make-reference", help="Keep DATA with the classifier as what later texts are compared with."),
    ] = False,
    **options: Any,
) -> int:
    """Compare new texts with those that a classifier was judged on; exit code 3 where something has changed.

    An earlier page, JSON or Prometheus file of this command is replaced.
    """
    asked = filled(MonitorOptions, None, settle(context, MonitorOptions, ReadOptions).values)
    files: dict[Path, str] = {}
    for file, method in ((html, "html"), (json_file, "json"), (prometheus, "prometheus")):
        if file is not None:
            files[check_output_file(file)] = method
    _refuse(context, asked, make_reference)
    _check_ready(folder, html, make_reference)

    def read(reading: Reading) -> Examples:
        return _read_logs(data, reading) if asked.serving_log else _read(data, reading, asked)

    given = {name: getattr(asked, name) for name in READING} | {name: options[name] for name in READ_OPTIONS}
    classifier, reading, examples = load_and_read(folder, read, **given)
    labels = _labels(reading, examples) if asked.label_column is not None else None
    if make_reference:
        _make_reference(classifier, folder, examples, labels, data)
        return 0
    report = _report(classifier, examples, labels, asked)
    _print(report)
    for file, method in files.items():
        _write(report, file, method)
    return ALARM if report.alarm else 0


def _refuse(context: typer.Context, asked: MonitorOptions, make_reference: bool) -> None:
    """Refuse options that nothing would read."""
    if make_reference:
        compared = ("html", "json_file", "prometheus", "time_column", "bucket", "slice_columns", "false_alarm_rate")
        refuse_useless(context, dict.fromkeys(compared, "goes without --make-reference, which compares nothing"))
    if asked.label_column is None:
        refuse_useless(context, {"label_delimiter": "goes with --label-column"})
    if asked.serving_log:
        cells = ("text_column", "text_pair_column", "label_column", "time_column", "slice_columns", "on_error")
        refuse_useless(context, dict.fromkeys((*cells, *READ_OPTIONS), "goes with data files, without --serving-log"))
    elif asked.time_column is None:
        refuse_useless(context, {"bucket": "goes with --time-column"})


def _check_ready(folder: Path, html: Path | None, make_reference: bool) -> None:
    """Refuse at once what would be refused after the model is loaded: no reference, no packages for the page."""
    from kerasbert.monitoring.reference import HOW_TO_MAKE, has_reference

    if not make_reference and has_reference(folder) is False:
        raise ConfigError(f"{str(folder)!r} has no reference to compare with; make one: {HOW_TO_MAKE}.")
    if html is not None:
        from kerasbert.evaluation.report.drawing import check_installed

        check_installed()


def _read(data: Sequence[Path], reading: Reading, asked: MonitorOptions) -> Examples:
    """Read files, one after the other."""
    labels = reading.label_columns if asked.label_column is not None else ()
    others = [*([asked.time_column] if asked.time_column else []), *asked.slice_columns]
    reader = reading.reader(with_labels=False, on_error=asked.on_error)
    reader = dataclasses.replace(reader, label_columns=list(dict.fromkeys([*labels, *others])))
    parts = [reader.read(path) for path in data]
    if len(parts) == 1:
        return parts[0]
    size = sum(map(len, parts))
    return Examples(
        [text for part in parts for text in part.texts],
        None if parts[0].text_pairs is None else [text for part in parts for text in part.text_pairs or ()],
        {
            name: LabelCells((cell for part in parts for cell in part.labels[name]), "the data", range(1, size + 1))
            for name in parts[0].labels
        },
        "the data",
    )


def _read_logs(data: Sequence[Path], reading: Reading) -> Examples:
    """Read the texts of requests that TF Serving logged, and when they came where it says so."""
    if reading.text_pair_column is not None:
        raise DataError("Logs of TF Serving hold single texts; the classifier reads pairs. Give data files.")
    start_tensorflow()
    from kerasbert.export.serving_log import read_logged_texts

    texts: list[str] = []
    times: list[Any] = []
    for path in data:
        own, when = read_logged_texts(path)
        texts, times = texts + own, times + when
    return Examples(texts, None, {} if None in times else {TIME: times})


def _labels(reading: Reading, examples: Examples) -> Any:
    """Return the labels as `fit` takes them, None for those that are not known."""
    exclusive = {head for head, task in reading.tasks.items() if TASKS[task].exclusive}
    columns = set(reading.label_columns) if SINGLE_HEAD in exclusive else set()
    columns |= {column for head, column in (reading.heads or {}).items() if head in exclusive}
    emptied = {
        name: _without_blanks(cells) if name in columns and isinstance(cells, LabelCells) else cells
        for name, cells in examples.labels.items()
    }
    return reading.cells(dataclasses.replace(examples, labels=emptied))


def _without_blanks(cells: LabelCells) -> LabelCells:
    return cells.replaced(
        None if is_missing(cell) or (isinstance(cell, str) and is_blank(cell)) else cell for cell in cells
    )


def _make_reference(
    classifier: "TrainedClassifier", folder: Path, examples: Examples, labels: Any, data: Sequence[Path]
) -> None:
    from kerasbert.monitoring.reference import make_reference, with_reference

    with waiting(f"profiling {len(examples.texts):,} texts"):
        source = f"texts of {', '.join(path.name for path in data)}"
        reference = make_reference(classifier, examples.texts, labels, examples.text_pairs, source=source)
        with_reference(classifier, reference).save(folder, overwrite=True)
    size = len(reference.to_bytes())
    say(f"{folder} has a reference of {reference.profile.num_rows:,} texts now, {size / 1000:,.0f} kB.")


def _report(classifier: "TrainedClassifier", examples: Examples, labels: Any, asked: MonitorOptions) -> "MonitorReport":
    from kerasbert.monitoring.watching import monitor_texts

    with waiting(f"comparing {len(examples.texts):,} texts"):
        return monitor_texts(
            classifier,
            examples.texts,
            labels,
            examples.text_pairs,
            times=examples.labels.get(TIME if asked.serving_log else asked.time_column or ""),
            time_bucket=asked.bucket,
            slices={name: examples.labels[name] for name in asked.slice_columns} or None,
            false_alarm_rate=asked.false_alarm_rate,
        )


def _print(report: "MonitorReport") -> None:
    """Print the verdict, the single comparisons and what to do next."""
    check = report.check
    rows = [
        [
            test.compared + (f", {test.head}" if test.head and test.head != SINGLE_HEAD else ""),
            "alarm" if test.alarm else "",
            format_p_value(test.p_value),
            test.effect,
            test.effect_name,
            ", ".join(one.name for one in test.moved[:MOST_NAMED]),
        ]
        for test in check.tests
    ]
    title = (
        f"{'ALARM' if report.alarm else 'No alarm'}. {report.verdict} {report.window.num_rows:,} texts against "
        f"{report.reference.profile.num_rows:,} of {report.reference.made}"
    )
    print_table(title, ["compared", "", "p", "effect", "effect is", "moved"], rows)
    for bucket in report.alarms:
        print(f"{bucket.name}: {bucket.check}")
    for sentence in report.advice:
        print(f"- {sentence}")


def _write(report: "MonitorReport", file: Path, method: str) -> None:
    """Write a file that holds the mark by which it is known as one of kerasbert's."""
    mark = FILE_MARK.decode()
    if method == "html":
        text = report.to_html().replace("</body>", f"<!-- {mark} -->\n</body>")
    elif method == "json":
        text = json.dumps({**report.to_dict(), "program": mark}, indent=2, ensure_ascii=False) + "\n"
    else:
        text = f"# {mark}\n{report.to_prometheus()}"
    with atomic_file_write(file) as beside:
        beside.write_text(text, encoding="utf-8")
    say(f"Written: {file}")
