"""Scores and predictions as tables that fit the terminal, or as CSV."""

import csv
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

AVERAGES = ("micro", "macro", "weighted")
NUMBERS = ("precision", "recall", "f1")


def print_scores(scores: Mapping[str, Any], *, as_csv: bool = False) -> None:
    """Print what `TextClassifier.evaluate` gives.

    Args:
        scores: of one head, or a dict of these by head.
        as_csv: CSV instead of a table.
    """
    by_head = {"": scores} if "accuracy" in scores else dict(scores)
    together = by_head.pop("hierarchy", None)
    rows = [row for head, values in by_head.items() for row in _score_rows(head, values)]
    if together is not None:
        rows.append(["hierarchy", "(all levels)", *[together[f"hierarchical_{name}"] for name in NUMBERS], ""])
    columns = ["head", "label", *NUMBERS, "support"]
    if as_csv:
        _print_csv(columns, rows)
        return
    for head, values in by_head.items():
        title = f"{head}: " if head else ""
        table = _table(f"{title}accuracy {values['accuracy']:.4f} on {values['num_examples']} texts")
        for column in columns[1:]:
            table.add_column(column, justify="left" if column == "label" else "right", overflow="fold")
        for row in _score_rows(head, values):
            table.add_row(*[_cell(value) for value in row[1:]])
        _console().print(table)
    if together is not None:
        _console().print(
            f"hierarchy: accuracy {together['accuracy']:.4f}, F1 {together['hierarchical_f1']:.4f}, "
            f"{together['inconsistent']} inconsistent predictions on {together['num_examples']} texts"
        )


def print_predictions(rows: Sequence[Mapping[str, Any]], *, as_csv: bool = False) -> None:
    """Print predictions: the text, the chosen labels and the highest scores.

    Args:
        rows: from `predict_rows`.
        as_csv: CSV, with a column for each label's score, instead of a table.
    """
    flat = [(row["text"], head, values) for row in rows for head, values in _heads_of(row)]
    if as_csv:
        names = list(dict.fromkeys(f"{head}{name}" for _, head, values in flat for name in values["scores"]))
        lines = []
        for row in rows:
            scores = {
                f"{head}{name}": score for head, values in _heads_of(row) for name, score in values["scores"].items()
            }
            chosen = [label for _, values in _heads_of(row) for label in values["labels"]]
            lines.append([row["text"], "|".join(chosen), *[scores.get(name, "") for name in names]])
        _print_csv(["text", "labels", *names], lines)
        return
    table = _table(None)
    for column in ("text", "labels", "scores"):
        table.add_column(column, overflow="fold", ratio=2 if column == "text" else 1)
    for text, head, values in flat:
        best = sorted(values["scores"].items(), key=lambda item: -item[1])[:3]
        table.add_row(_plain(text), _plain(head + ", ".join(values["labels"])), "\n".join(map(_bar, best)))
    _console().print(table)


def _score_rows(head: str, scores: Mapping[str, Any]) -> list[list[Any]]:
    labels = [
        [head, name, *[values[n] for n in NUMBERS], values["support"]] for name, values in scores["per_label"].items()
    ]
    averages = [[head, f"({name})", *[scores[name][n] for n in NUMBERS], ""] for name in AVERAGES]
    return labels + averages


def _heads_of(row: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    if "heads" not in row:
        return [("", row)]
    return [(f"{head}: ", values) for head, values in row["heads"].items()]


def _bar(item: tuple[str, float]) -> str:
    name, score = item
    return f"{score:.3f} {'█' * round(score * 8):<8} {_plain(name)}"


def _plain(text: str) -> str:
    # Control characters of a text or label must not reach the terminal.
    return "".join(character if character.isprintable() else " " for character in text)


def _cell(value: Any) -> str:
    return f"{value:.4f}" if isinstance(value, float) else _plain(str(value))


def _print_csv(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_unlike_formula(value) for value in row] for row in rows)


def _unlike_formula(value: Any) -> Any:
    # A spreadsheet would run a cell that starts like a formula.
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def _table(title: str | None) -> Any:
    from rich import box
    from rich.table import Table

    return Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", show_edge=False)


def _console() -> Any:
    from rich.console import Console

    width = shutil.get_terminal_size((100, 24)).columns
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)
