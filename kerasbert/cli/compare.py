"""`evaluate --compare`: another classifier, or other data, beside the one that is evaluated."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from kerasbert._core.names import SINGLE_HEAD
from kerasbert.cli.data import Reading
from kerasbert.cli.options import Format, is_file_name, refuse_useless, say
from kerasbert.cli.standard_streams import printable
from kerasbert.cli.tables import print_table
from kerasbert.reading.examples import Examples

if TYPE_CHECKING:
    from kerasbert.saving.trained_classifier import TrainedClassifier


def check_together(context: typer.Context, compare: Path | None, baseline: Path | None, output_format: Format) -> None:
    """Refuse what does not go with `--baseline` or `--compare`, before anything is loaded.

    Raises:
        typer.BadParameter: naming the option and the way out.
    """
    if compare is None:
        if baseline is not None and output_format is Format.csv:
            raise typer.BadParameter("--baseline goes with --format table or json.")
        return
    refuse_useless(context, {"predictions": "goes without --compare"})
    if baseline is not None or output_format is Format.csv:
        raise typer.BadParameter("--compare goes with --format table or json, and without --baseline.")
    if not is_file_name(str(compare)) and not compare.is_dir():
        raise typer.BadParameter(
            f"--compare must be the folder of a classifier or a data file; {str(compare)!r} is neither."
        )


class Compared(NamedTuple):
    """What is evaluated beside a classifier.

    Args:
        compare: another classifier, or texts, labels and second texts, see `write_report`.
        names: of the two classifiers or files.
    """

    compare: Any
    names: tuple[str, str]

    @classmethod
    def of(cls, folder: Path, data: Path, other: Path, reading: Reading, rows: Mapping[str, Any]) -> "Compared":
        """Load what `--compare` names: the folder of a classifier, or a data file that is read as the first one.

        Raises:
            typer.BadParameter: when it is the same as what is evaluated.
        """
        from kerasbert.text_classifier import load

        is_data = is_file_name(str(other))
        own = data if is_data else folder
        if own.resolve() == other.resolve():
            raise typer.BadParameter(f"--compare must be another one than {str(own)!r}.")
        names = (own.name, other.name) if own.name != other.name else (str(own), str(other))
        if not is_data:
            return cls(load(other), names)
        examples = reading.reader(**rows).read(other)
        return cls((examples.texts, reading.cells(examples), examples.text_pairs), names)

    def evaluate(
        self,
        classifier: "TrainedClassifier",
        examples: Examples,
        cells: Any,
        output_format: Format,
        *,
        report: Path | None = None,
        overwrite: bool = False,
    ) -> None:
        """Evaluate both, print them side by side, and write a report if a folder is given."""
        from kerasbert.evaluation.comparison import judge_texts
        from kerasbert.evaluation.report.writing import METRICS_FILE, write_report
        from kerasbert.evaluation.side_by_side import compare_sides, judge_other_side

        given = (examples.texts, cells)
        if report is None:
            judged = judge_texts(classifier, *given, examples.text_pairs)
            side = judge_other_side(classifier, self.compare, *given, examples.text_pairs, names=self.names)
            found: dict[str, Any] = compare_sides(judged.outcomes, side)
        else:
            options: dict[str, Any] = {"text_pairs": examples.text_pairs, "overwrite": overwrite}
            page = write_report(classifier, *given, report, compare=self.compare, compare_names=self.names, **options)
            found = json.loads(page.with_name(METRICS_FILE).read_text(encoding="utf-8"))["side_by_side"]
            say(f"The report is at {page}")
        if output_format is Format.json:
            print(json.dumps(found.get(SINGLE_HEAD, found), indent=2, ensure_ascii=False))
        else:
            print_side_by_side(found)


def print_side_by_side(by_head: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the scores of two classifiers or data sets beside each other, and what they say; see `compare_sides`."""
    from kerasbert.evaluation.paired import format_p_value

    for head, found in by_head.items():
        title = "" if head == SINGLE_HEAD else f"{head}: "
        first, second = found["names"]
        rows = [
            [row["title"], *row["values"], f"{row['gain']:+.4f}", format_p_value(row["p_value"])]
            for row in found["rows"]
        ]
        print_table(f"{title}{first} beside {second}", ["", first, second, "difference", "p"], rows)
        print(printable(f"{title}{found['verdict']}"))
