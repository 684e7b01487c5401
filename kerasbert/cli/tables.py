"""Scores and predictions as tables that fit the terminal, or as CSV.

One rule for all tables: one that is too wide loses whole columns, the least telling first, and no letter of a label or number;
only columns of prose are folded. In a pipe nothing is too wide.
"""

import csv
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kerasbert.cli.options import say
from kerasbert.evaluation.paired import format_p_value
from kerasbert.objectives.ranked_scores import AVERAGES, RANKED
from kerasbert.objectives.scores import tell_absent_labels
from kerasbert.production.prediction_rows import heads_of, is_number, unlike_formula

if TYPE_CHECKING:
    from kerasbert.subclasses.found import Discovery

NUMBERS = ("precision", "recall", "f1")
# Backgrounds of the strongest pieces of a text, and the strength below which a piece has none.
GREEN, RED, FAINTEST = (76, 175, 80), (239, 83, 80), 0.1
TITLES = {"average_precision": "avg. precision", "roc_auc": "ROC AUC"}
# Columns of the scores of labels, the first to go first.
LEAST_TELLING = ("", "ROC AUC", "avg. precision", "support", "recall", "precision")
# The row of the scores of a head as a whole.
ALL = "(all)"
# Wider than any table.
UNLIMITED = 100_000
# A column of prose is not made narrower than this to spare another column.
PROSE_WIDTH = 24


class Column(NamedTuple):
    """A column of a table; numbers stand to the right, and prose, such as a text, may be folded."""

    title: str
    is_number: bool = False
    is_prose: bool = False


def print_scores(scores: Mapping[str, Any], *, as_csv: bool = False) -> None:
    """Print what `TextClassifier.evaluate` returns; in CSV every score of it."""
    by_head = {"": scores} if "accuracy" in scores else dict(scores)
    if as_csv:
        rows = list(_score_rows(by_head))
        columns = list(dict.fromkeys(["head", "label", *NUMBERS, "support", *(name for row in rows for name in row)]))
        _print_csv(columns, [[row.get(name) for name in columns] for row in rows])
        return
    together = by_head.pop("hierarchy", None)
    for head, values in by_head.items():
        _print_head(head, values)
    if together is not None:
        _print_line(
            f"hierarchy: accuracy {together['accuracy']:.4f}, F1 {together['hierarchical_f1']:.4f}, "
            f"{together['inconsistent']} inconsistent predictions on {together['num_examples']} texts"
        )


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, as_csv: bool = False) -> None:
    """Print cells (None is empty): numbers to the right with four digits in a table, whole in CSV."""
    if as_csv:
        _print_csv(columns, rows)
        return
    shown = [["" if value is None else _cell(value) for value in row] for row in rows]
    made = []
    for place, column in enumerate(columns):
        are_numbers = all(is_number(row[place].replace(",", "").rstrip("%")) for row in shown if row[place])
        made.append(Column(column, are_numbers))
    _print_rows(title, made, shown)


def print_shaded(pieces: Sequence[tuple[str, float]]) -> None:
    """Print a text in pieces, each in green (positive) or red by its strength in [-1, 1]; plain where there is no colour."""
    from rich.text import Text

    text = Text()
    for piece, strength in pieces:
        text.append(_plain(piece), style=_shade(strength))
    _console(UNLIMITED).print(text, soft_wrap=True)


def _shade(strength: float) -> str:
    if abs(strength) < FAINTEST:
        return ""
    darkest = GREEN if strength > 0 else RED
    # From white to the darkest; black letters are legible on both, whatever the terminal's own colours are.
    red, green, blue = (round(255 - abs(strength) * (255 - one)) for one in darkest)
    return f"black on rgb({red},{green},{blue})"


def print_predictions(
    rows: Sequence[Mapping[str, Any]], *, with_header: bool = True, others: Sequence[str] = ()
) -> None:
    """Print the predictions of `predict_rows`: texts, labels, numbers under further keys (`others`) and the highest scores."""
    shown = []
    for row in rows:
        for head, values in heads_of(row):
            best = sorted(values["scores"].items(), key=lambda item: -item[1])[:3]
            name = f"{head}: " if head else ""
            sets = [name + ", ".join(values["set"])] if "set" in values else []
            numbers = [f"{row[title]:.3f}" for title in others]
            bars = "\n".join(_bar(name, *one) for one in best)
            shown.append([row["text"], name + ", ".join(values["labels"] or ()), *sets, *numbers, bars])
    has_sets = any("set" in values for row in rows for _, values in heads_of(row))
    between = [Column("set", is_prose=True)] if has_sets else []
    between += [Column(title.replace("_", " "), is_number=True) for title in others]
    columns = [Column("text", is_prose=True), Column("labels"), *between, Column("scores")]
    _print_rows("", columns, shown, with_header=with_header)


def print_detection(found: Mapping[str, Any]) -> None:
    """Print how well texts out of scope, the positive class, are told from others; see `score_detection`."""
    (low, high), (least, most) = found["intervals"]["auroc"], found["intervals"]["auprc"]
    _print_line(
        f"out of scope: AUROC {found['auroc']:.4f} [{low:.4f}, {high:.4f}], AUPRC {found['auprc']:.4f} [{least:.4f}, {most:.4f}], "
        f"FPR at 95 % {found['fpr_at_95']:.4f} on {found['num_in_scope']:,} texts in scope and {found['num_out_of_scope']:,} out"
    )
    _print_line(
        f"at the threshold {found['kept']:.1%} in scope are kept, {found['rejected']:.1%} out of scope rejected"
    )


def print_comparison(comparison: Mapping[str, Any]) -> None:
    """Print a model's scores beside those of a baseline, and which of the two wins; see `compare_heads`."""
    by_head = {"": comparison} if "verdict" in comparison else comparison
    for head, found in by_head.items():
        title = f"{head}: " if head else ""
        columns = [Column(""), *(Column(name, is_number=True) for name in ("model", "baseline", "gain", "p"))]
        rows = [
            [
                row["title"],
                _cell(row["model"]),
                _cell(row["baseline"]),
                f"{row['gain']:+.4f}",
                format_p_value(row["p_value"]),
            ]
            for row in found["rows"]
        ]
        _print_rows(f"{title}the model beside TF-IDF with logistic regression", columns, rows)
        _print_line(f"{title}{found['verdict']}")


def print_discovery(discovery: "Discovery") -> None:
    """Print the groups of each class with sizes and terms, and the agreement where it is known."""
    rows = []
    for found in discovery.classes.values():
        scores = found.agreement
        note = "" if scores is None else f"NMI {scores['nmi']:.3f}, ARI {scores['ari']:.3f}"
        judged = "looks like one group" if found.unimodal else f"{len(found.subclasses)} groups"
        rows.append(["", f"{found.label}: {judged}", str(len(found.rows)), note])
        rows += [[str(one.number), one.name, str(one.size), ", ".join(one.terms)] for one in found.subclasses]
    numbers = [Column("group", is_number=True), Column("subclass"), Column("texts", is_number=True)]
    _print_rows("", [*numbers, Column("terms", is_prose=True)], rows, first_to_go=("terms", "texts"))
    mean = discovery.to_dict()["mean_agreement"]
    if mean is not None:
        _print_line(
            f"mean over the classes: NMI {mean['nmi']:.4f}, ARI {mean['ari']:.4f}, "
            f"V-measure {mean['v_measure']:.4f}, best-match accuracy {mean['accuracy']:.4f}"
        )


def _print_head(head: str, values: Mapping[str, Any]) -> None:
    title = f"{head}: " if head else ""
    interval = values.get("intervals", {}).get("accuracy")
    between = f" ({interval[0]:.4f} to {interval[1]:.4f} with 95 % confidence)" if interval else ""
    ranked = [name for name in RANKED if name in values["macro"]]
    names = [*NUMBERS, *ranked]
    columns = [
        Column("label"),
        *(Column(TITLES.get(name, name), is_number=True) for name in (*names, "support")),
        Column(""),
    ]
    rows = [
        [name, *(_cell(found.get(one)) for one in names), _cell(found.get("support", "")), _blocks(found["f1"] or 0.0)]
        for name, found in _named_scores(values)
    ]
    told = f"{title}accuracy {_cell(values['accuracy'])}{between} on {values['num_examples']} texts"
    _print_rows(told, columns, rows, first_to_go=LEAST_TELLING)
    if absent := tell_absent_labels(values):
        _print_line(f"{title}{absent}")
    if risk := values.get("risk_coverage"):
        low, high = risk["interval"]
        _print_line(
            f"{title}area under the risk-coverage curve {risk['aurc']:.4f} ({low:.4f} to {high:.4f}), {risk['excess_aurc']:.4f} of it "
            f"by errors that are surer than right answers"
        )
    for coverage, measured in values.get("sets", {}).items():
        low, high = measured["intervals"]["coverage"]
        _print_line(
            f"{title}sets for {float(coverage):.0%}: coverage {measured['coverage']:.4f} ({low:.4f} to {high:.4f}), "
            f"{measured['size']:.2f} labels in the mean"
        )


def _named_scores(scores: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [*scores["per_label"].items(), *[(f"({name})", scores[name]) for name in AVERAGES]]


def _score_rows(by_head: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every score, by name: of each label, of each average, and of a head as a whole."""
    for head, values in by_head.items():
        named = _named_scores(values) if "per_label" in values else []
        for label, own in named:
            yield {"head": head, "label": label, **own}
        whole = {name: value for name, value in values.items() if isinstance(value, int | float)}
        for name, (low, high) in values.get("intervals", {}).items():
            whole |= {f"{name}_low": low, f"{name}_high": high}
        for coverage, measured in values.get("sets", {}).items():
            whole |= {f"sets_{coverage}_{name}": measured[name] for name in ("coverage", "size")}
        yield {"head": head, "label": ALL, **{name.removeprefix("hierarchical_"): one for name, one in whole.items()}}


def _bar(head: str, name: str, score: float) -> str:
    return f"{score:.3f} {_blocks(score)} {head}{name}"


def _blocks(share: float) -> str:
    return f"{'█' * round(share * 8):<8}"


def _plain(text: str) -> str:
    # Control characters of a text or label must not reach the terminal.
    return "\n".join(
        "".join(character if character.isprintable() else " " for character in line) for line in text.split("\n")
    )


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.4f}" if isinstance(value, float) else str(value)


def _print_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([unlike_formula(value) for value in row] for row in rows)


def _print_rows(
    title: str,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    *,
    first_to_go: Sequence[str] | None = None,
    with_header: bool = True,
) -> None:
    """Print a table by the rule of this module.

    Args:
        first_to_go: titles of columns in the order in which they are left out; None: from the last one on. The first
            column stays.
    """
    width = _width()
    kept = list(range(len(columns)))
    order = [one.title for one in columns[:0:-1]] if first_to_go is None else first_to_go
    places = [place for name in order for place in kept if place and columns[place].title == name]
    while places and _narrowest(columns, rows, kept) > width:
        kept.remove(places.pop(0))
    if title:
        _print_line(title)
    console = _console(max(width, _narrowest(columns, rows, kept)))
    console.print(_table(columns, rows, kept, with_header=with_header))
    left_out = [columns[place].title for place in range(len(columns)) if place not in kept and columns[place].title]
    if left_out:
        say(f"The terminal is too narrow for {', '.join(left_out)}.")


def _narrowest(columns: Sequence[Column], rows: Sequence[Sequence[str]], kept: Sequence[int]) -> int:
    """The least width at which no label and no number is cut."""
    table = _table(columns, rows, kept, prose=PROSE_WIDTH)
    console = _console(UNLIMITED)
    return int(console.measure(table).maximum)


def _table(
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    kept: Sequence[int],
    *,
    prose: int | None = None,
    with_header: bool = True,
) -> Any:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, show_header=with_header)
    for place in kept:
        one = columns[place]
        own: dict[str, Any] = {"overflow": "fold", "max_width": prose} if one.is_prose else {"no_wrap": True}
        table.add_column(one.title, justify="right" if one.is_number else "left", **own)
    for row in rows:
        table.add_row(*(_plain(row[place]) for place in kept))
    return table


def _print_line(text: str) -> None:
    _console(UNLIMITED).print(_plain(text), soft_wrap=True)


def _width() -> int:
    """Columns of the terminal; without limit in a pipe, unless the environment variable `COLUMNS` sets one."""
    is_limited = os.environ.get("COLUMNS", "").isdecimal() or (hasattr(sys.stdout, "isatty") and sys.stdout.isatty())
    return shutil.get_terminal_size((80, 24)).columns if is_limited else UNLIMITED


def _console(width: int) -> Any:
    from rich.console import Console

    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)
