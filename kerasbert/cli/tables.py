"""Scores and predictions as tables that fit the terminal, or as CSV."""

import csv
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kerasbert.evaluation.report.findings import compare_with_baseline

RANKED = ("average_precision", "roc_auc")
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
        _print_head(head, values)
    if together is not None:
        _console().print(
            f"hierarchy: accuracy {together['accuracy']:.4f}, F1 {together['hierarchical_f1']:.4f}, "
            f"{together['inconsistent']} inconsistent predictions on {together['num_examples']} texts"
        )


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], *, as_csv: bool = False) -> None:
    """Print cells of text, numbers to the right.

    Args:
        title: above the table; CSV has none.
        columns: headings.
        rows: as many cells each.
        as_csv: CSV instead of a table.
    """
    if as_csv:
        _print_csv(columns, rows)
        return
    table = _table(_plain(title))
    for place, column in enumerate(columns):
        is_number = all(row[place].replace(".", "", 1).lstrip("-").isdigit() for row in rows if row[place])
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_plain, row))
    _console().print(table)


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


def print_comparison(tasks: Mapping[str, str], scores: Mapping[str, Any], baseline: Mapping[str, Any]) -> None:
    """Print a model's scores beside those of a baseline, and which of the two wins.

    Args:
        tasks: head name -> task of the head.
        scores: of the model, as `TextClassifier.evaluate` gives them.
        baseline: in the same form.
    """
    single = "accuracy" in scores
    for head, task in tasks.items():
        own, other = (scores, baseline) if single else (scores[head], baseline[head])
        title = "" if single else f"{head}: "
        table = _table(f"{title}the model beside TF-IDF with logistic regression")
        for column in ("", "model", "baseline", "gain"):
            table.add_column(column, justify="right" if column else "left")
        for row in compare_with_baseline({"task": task, "scores": own}, other):
            table.add_row(row["title"], _cell(row["model"]), _cell(row["baseline"]), f"{row['gain']:+.4f}")
        _console().print(table)
        _console().print(f"{title}{verdict(task, own, other)}")


def verdict(task: str, scores: Mapping[str, Any], baseline: Mapping[str, Any]) -> str:
    """Which of a model and its baseline wins, by the score that the task is judged by.

    Args:
        task: `"binary"` (F1 of the positive label), `"multiclass"` (accuracy) or `"multilabel"` (macro-F1).
        scores: of the model, with `intervals`.
        baseline: of the other.

    Returns:
        A sentence; it names no winner where the baseline's score lies in the interval of the model's.

    Example:
        >>> verdict("multiclass", {"accuracy": 0.9, "intervals": {"accuracy": (0.88, 0.92)}}, {"accuracy": 0.95})
        'The baseline wins: accuracy 0.9500 against 0.9000. It is fitted in seconds; BERT is not worth it here as it is.'
    """
    name, key, own, other = {
        "binary": ("F1", "f1", scores.get("f1"), baseline.get("f1")),
        "multiclass": ("accuracy", "accuracy", scores.get("accuracy"), baseline.get("accuracy")),
        "multilabel": (
            "macro-F1",
            "macro_f1",
            scores.get("macro", {}).get("f1"),
            baseline.get("macro", {}).get("f1"),
        ),
    }[task]
    if own is None or other is None:
        return "Nothing to compare: no text has a known label here."
    low, high = scores.get("intervals", {}).get(key, (own, own))
    if low <= other <= high:
        return (
            f"No clear winner: {name} {own:.4f} of the model and {other:.4f} of the baseline differ by less than the "
            f"choice of test texts does ({low:.4f} to {high:.4f})."
        )
    if own > other:
        return f"The model wins: {name} {own:.4f} against {other:.4f} of the baseline."
    return (
        f"The baseline wins: {name} {other:.4f} against {own:.4f}. It is fitted in seconds; BERT is not worth it here as "
        f"it is."
    )


def _print_head(head: str, values: Mapping[str, Any]) -> None:
    title = f"{head}: " if head else ""
    interval = values.get("intervals", {}).get("accuracy")
    between = f" ({interval[0]:.4f} to {interval[1]:.4f} with 95 % confidence)" if interval else ""
    table = _table(f"{title}accuracy {_cell(values['accuracy'])}{between} on {values['num_examples']} texts")
    ranked = [name for name in RANKED if name in values["macro"]]
    console = _console()
    # Bars and rankings go first where the terminal is narrow; the numbers of a label never do.
    ranked = ranked if console.width >= 80 else []
    with_bars = console.width >= 66 + (20 if ranked else 0)
    table.add_column("label", overflow="fold")
    headings = [*NUMBERS, *["avg. precision" if name == "average_precision" else "ROC AUC" for name in ranked]]
    for heading in (*headings, "support"):
        table.add_column(heading, justify="right", overflow="fold")
    if with_bars:
        table.add_column("", no_wrap=True)
    for name, found in _named_scores(values):
        cells = [found.get(column) for column in (*NUMBERS, *ranked)]
        bar = [_blocks(found["f1"] or 0.0)] if with_bars else []
        table.add_row(_plain(name), *map(_cell, cells), _cell(found.get("support", "")), *bar)
    console.print(table)


def _named_scores(scores: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [*scores["per_label"].items(), *[(f"({name})", scores[name]) for name in AVERAGES]]


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
    return f"{score:.3f} {_blocks(score)} {_plain(name)}"


def _blocks(share: float) -> str:
    return f"{'█' * round(share * 8):<8}"


def _plain(text: str) -> str:
    # Control characters of a text or label must not reach the terminal.
    return "".join(character if character.isprintable() else " " for character in text)


def _cell(value: Any) -> str:
    if value is None:
        return "–"
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
