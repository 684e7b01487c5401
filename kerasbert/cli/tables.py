"""Scores and predictions as tables that fit the terminal, or as CSV."""

import csv
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kerasbert.evaluation.paired import format_p_value
from kerasbert.objectives.scores import tell_absent_labels
from kerasbert.subclasses.found import Discovery

RANKED = ("average_precision", "roc_auc")
AVERAGES = ("micro", "macro", "weighted")
NUMBERS = ("precision", "recall", "f1")
# Backgrounds of the strongest pieces of a text, and the strength below which a piece has none.
GREEN, RED, FAINTEST = (76, 175, 80), (239, 83, 80), 0.1
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def print_scores(scores: Mapping[str, Any], *, as_csv: bool = False) -> None:
    """Print what `TextClassifier.evaluate` returns."""
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


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, as_csv: bool = False) -> None:
    """Print cells (None is empty): numbers to the right with four digits in a table, whole in CSV."""
    if as_csv:
        _print_csv(columns, rows)
        return
    table = _table(_plain(title))
    shown = [["" if value is None else _cell(value) for value in row] for row in rows]
    for place, column in enumerate(columns):
        is_number = all(_is_number(row[place].replace(",", "").rstrip("%")) for row in shown if row[place])
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in shown:
        table.add_row(*row)
    _console().print(table)


def print_shaded(pieces: Sequence[tuple[str, float]]) -> None:
    """Print a text in pieces, each in green (positive) or red by its strength in [-1, 1]; plain where there is no colour."""
    from rich.text import Text

    text = Text()
    for piece, strength in pieces:
        text.append(_plain(piece), style=_shade(strength))
    _console().print(text)


def _shade(strength: float) -> str:
    if abs(strength) < FAINTEST:
        return ""
    darkest = GREEN if strength > 0 else RED
    # From white to the darkest; black letters are legible on both, whatever the terminal's own colours are.
    red, green, blue = (round(255 - abs(strength) * (255 - one)) for one in darkest)
    return f"black on rgb({red},{green},{blue})"


def print_predictions(rows: Sequence[Mapping[str, Any]], *, as_csv: bool = False) -> None:
    """Print the predictions of `predict_rows`: texts, labels and the highest scores; in CSV the score of each label."""
    flat = [(row["text"], head, values) for row in rows for head, values in _heads_of(row)]
    if as_csv:
        names = list(dict.fromkeys(f"{head}{name}" for _, head, values in flat for name in values["scores"]))
        lines = []
        for row in rows:
            heads = _heads_of(row)
            scores = {f"{head}{name}": score for head, own in heads for name, score in own["scores"].items()}
            chosen = [label for _, own in heads for label in own["labels"]]
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


def print_comparison(comparison: Mapping[str, Any]) -> None:
    """Print a model's scores beside those of a baseline, and which of the two wins; see `compare_heads`."""
    by_head = {"": comparison} if "verdict" in comparison else comparison
    for head, found in by_head.items():
        title = f"{head}: " if head else ""
        table = _table(f"{title}the model beside TF-IDF with logistic regression")
        for column in ("", "model", "baseline", "gain", "p"):
            table.add_column(column, justify="right" if column else "left")
        for row in found["rows"]:
            numbers = (_cell(row["model"]), _cell(row["baseline"]), f"{row['gain']:+.4f}")
            table.add_row(row["title"], *numbers, format_p_value(row["p_value"]))
        _console().print(table)
        _console().print(f"{title}{found['verdict']}")


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
    if absent := tell_absent_labels(values):
        console.print(_plain(f"{title}{absent}"))


def _named_scores(scores: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    return [*scores["per_label"].items(), *[(f"({name})", scores[name]) for name in AVERAGES]]


def print_discovery(discovery: Discovery) -> None:
    """Print the groups of each class with sizes and terms, and the agreement where it is known."""
    table = _table(None)
    for name in ("group", "subclass", "texts", "terms"):
        table.add_column(name, justify="left" if name in ("subclass", "terms") else "right", overflow="fold")
    for found in discovery.classes.values():
        scores = found.agreement
        note = "" if scores is None else f"NMI {scores['nmi']:.3f}, ARI {scores['ari']:.3f}"
        verdict = "looks like one group" if found.unimodal else f"{len(found.subclasses)} groups"
        table.add_row("", _plain(f"{found.label}: {verdict}"), str(len(found.rows)), note)
        for one in found.subclasses:
            table.add_row(str(one.number), _plain(one.name), str(one.size), _plain(", ".join(one.terms)))
    _console().print(table)
    mean = discovery.to_dict()["mean_agreement"]
    if mean is not None:
        _console().print(f"mean over the classes: NMI {mean['nmi']:.4f}, ARI {mean['ari']:.4f}, ", end="")
        _console().print(f"V-measure {mean['v_measure']:.4f}, best-match accuracy {mean['accuracy']:.4f}")


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
    # A spreadsheet would run a cell of text that starts like a formula; a number it only reads.
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_number(value)
    return f"'{value}" if is_formula else value


def _is_number(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None


def _table(title: str | None) -> Any:
    from rich import box
    from rich.table import Table

    return Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", show_edge=False)


def _console() -> Any:
    from rich.console import Console

    width = shutil.get_terminal_size((100, 24)).columns
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)
