"""Predictions as rows of plain data: of each text its labels and scores, by head where there are several."""

import csv
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasbert._core.names import OUT_OF_SCOPE_SCORE

if TYPE_CHECKING:
    from kerasbert.saving.answers import Answers

NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# Digits of a score behind the point.
DIGITS = 6
# Made once: a row takes less time than to make one.
ENCODER = json.JSONEncoder(ensure_ascii=False, default=str)


def answered_rows(
    classifier: "Answers",
    texts: Sequence[str],
    text_pairs: Sequence[str] | None = None,
    *,
    reject: bool = False,
    abstain: bool = False,
    coverage: float | None = None,
    top: int | None = None,
) -> list[dict[str, Any]]:
    """Predict texts in one pass: rows of `rows_of`, whose labels are None where they are withheld.

    With `reject` rows have the `out_of_scope_score`; with a coverage each head also has a `set` of labels.
    """
    probabilities, scores = classifier.answers(texts, text_pairs, reject=reject, abstain=abstain)
    rows = rows_of(classifier, texts, probabilities, scores, abstain=abstain, top=top)
    if coverage is not None:
        _add_sets(rows, classifier.named_sets(probabilities, coverage))
    if scores is not None:
        for row, score in zip(rows, scores, strict=True):
            row[OUT_OF_SCOPE_SCORE] = round(float(score), DIGITS)
    return rows


def rows_of(
    classifier: "Answers",
    texts: Sequence[str],
    probabilities: Mapping[str, np.ndarray],
    scores: np.ndarray | None = None,
    *,
    abstain: bool = False,
    top: int | None = None,
    digits: int | None = DIGITS,
) -> list[dict[str, Any]]:
    """The rows of texts whose probabilities are known: `text`, and `labels` and `scores` (label -> probability), or these by head.

    Args:
        scores: out-of-scope scores, by which labels are withheld; None: none is.
        abstain: whether labels are withheld where a person should look; they are None then.
        top: how many scores a head has, the highest first, none at 0; None: all, in the order of the labels.
        digits: of a score, behind the point; None: all.
    """
    labels, shares = classifier.named(probabilities, scores, abstain=abstain), classifier.outputs.columns(probabilities)
    names = label_names(classifier)
    if isinstance(labels, dict):
        by_head = {head: _decisions(own, names[head], shares[head], top, digits) for head, own in labels.items()}
        return [
            {"text": text, "heads": {head: own[place] for head, own in by_head.items()}}
            for place, text in enumerate(texts)
        ]
    decisions = _decisions(labels, names[""], shares, top, digits)
    return [{"text": text, **own} for text, own in zip(texts, decisions, strict=True)]


def label_names(classifier: "Answers") -> dict[str, list[str]]:
    """Head -> its label names; the head of a classifier with one is ""."""
    classes = classifier.outputs.classes(classifier.label_kinds)
    by_head = classes if isinstance(classes, dict) else {"": classes}
    return {head: [str(name) for name in names] for head, names in by_head.items()}


def heads_of(row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """List the heads of a row of `rows_of` with their values; the head of a classifier with one is ""."""
    return [("", row)] if "heads" not in row else list(row["heads"].items())


def as_json(row: Mapping[str, Any]) -> str:
    """A row as a line of JSON; columns are there where some are kept, and null stands for a kept NaN or infinity."""
    written = {name: value for name, value in row.items() if name != "columns"}
    if row.get("columns"):
        written["columns"] = {name: _json_cell(value) for name, value in row["columns"].items()}
    return ENCODER.encode(written)


class PredictionColumns:
    """The columns of a table of predictions: the text, kept columns, a column of labels for each head, and the scores.

    A kept column that has the name of another one is called `NAME (file)`.

    Args:
        labels: head -> its label names; the head of a classifier with one is "".
        kept: columns of the data that are kept.
        parts: what is written of each head but the scores: key of its values -> title of the column.
        others: further keys of a row, behind all columns.
        has_text: whether the text is the first column.
        top: as of `rows_of`; a score then stands in a column beside that of its label.
    """

    def __init__(
        self,
        labels: Mapping[str, Sequence[str]],
        *,
        kept: Sequence[str] = (),
        parts: Mapping[str, str] | None = None,
        others: Sequence[str] = (),
        has_text: bool = True,
        top: int | None = None,
    ) -> None:
        self.labels, self.kept, self.others, self.has_text, self.top = labels, kept, others, has_text, top
        self.parts = dict(parts or {"labels": "labels"})
        self.text = ["text"] if has_text else []
        self.label_titles, self.score_titles = self._label_titles(), self._score_titles()
        own = {*self.text, *self.label_titles, *self.score_titles, *others}
        self.kept_titles = [f"{name} (file)" if name in own else name for name in kept]
        before = len(self.text) + len(self.kept_titles)
        #: Places of the columns of labels.
        self.label_places = range(before, before + len(self.label_titles))
        #: Names of the columns.
        self.titles = [*self.text, *self.kept_titles, *self.label_titles, *self.score_titles, *others]

    def cells(self, row: Mapping[str, Any]) -> list[Any]:
        """The cells of a row of `rows_of`; those of labels are lists."""
        heads = dict(heads_of(row))
        cells = [row["text"]] if self.has_text else []
        cells += [row["columns"][name] for name in self.kept]
        cells += [heads[head][part] for head in self.labels for part in self.parts]
        for head, names in self.labels.items():
            if self.top is None:
                scores = heads[head]["scores"]
                cells += [scores[name] for name in names]
            elif self.top:
                cells += [part for item in heads[head]["scores"].items() for part in item]
        return [*cells, *(row[name] for name in self.others)]

    def _label_titles(self) -> list[str]:
        """Of the columns of labels: of the one part of a head the head alone names it."""
        if len(self.parts) == 1:
            return [head or title for head in self.labels for title in self.parts.values()]
        return [f"{head}: {title}" if head else title for head in self.labels for title in self.parts.values()]

    def _score_titles(self) -> list[str]:
        titles = []
        for head, names in self.labels.items():
            own = list(names)
            if self.top is not None:
                ranks = range(1, min(self.top, len(own)) + 1)
                own = [title for rank in ranks for title in (f"label {rank}", f"score {rank}")]
            titles += [f"{head}: {title}" if head else title for title in own]
        return titles


class PredictionCsv:
    """Writes predictions as CSV, the labels of a head with bars between them.

    Args:
        stream: to write to.
        columns: what is written.
    """

    def __init__(self, stream: Any, columns: PredictionColumns) -> None:
        self.columns = columns
        self.writer = csv.writer(stream, lineterminator="\n")
        self.writer.writerow(columns.titles)

    def write(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write a line for each row of `rows_of`, which has its kept cells as `columns`."""
        for row in rows:
            cells = self.columns.cells(row)
            for place in self.columns.label_places:
                # None where labels are withheld.
                cells[place] = "|".join(cells[place] or ())
            self.writer.writerow(map(unlike_formula, cells))


def unlike_formula(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula, which it would run; a number it only reads."""
    is_formula = isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") and not is_number(value)
    return f"'{value}" if is_formula else value


def is_number(text: str) -> bool:
    """Whether a text is a number as Python writes it."""
    return NUMBER.fullmatch(text) is not None


def _json_cell(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _decisions(
    labels: Any, names: Sequence[str], shares: np.ndarray, top: int | None, digits: int | None
) -> list[dict[str, Any]]:
    chosen = [_label_names(own) for own in labels]
    if top == 0:
        return [{"labels": own} for own in chosen]
    return [
        {"labels": own, "scores": row} for own, row in zip(chosen, _scores(names, shares, top, digits), strict=True)
    ]


def _add_sets(rows: Sequence[dict[str, Any]], sets: Any) -> None:
    for place, row in enumerate(rows):
        for head, values in heads_of(row):
            values["set"] = [str(label) for label in (sets[head] if head else sets)[place]]


def _label_names(own: Any) -> list[str] | None:
    """The labels of a text by name; None where they are withheld."""
    if own is None:
        return None
    return [str(label) for label in own] if isinstance(own, list) else [str(own)]


def _scores(names: Sequence[str], shares: np.ndarray, top: int | None, digits: int | None) -> list[dict[str, float]]:
    exact = np.asarray(shares, np.float64)
    rounded = exact if digits is None else np.round(exact, digits)
    if top is None:
        return [dict(zip(names, row, strict=True)) for row in rounded.tolist()]
    best = np.argsort(-np.asarray(shares), axis=1, kind="stable")[:, :top]
    values = np.take_along_axis(rounded, best, axis=1).tolist()
    return [
        {names[place]: value for place, value in zip(places, row, strict=True)}
        for places, row in zip(best.tolist(), values, strict=True)
    ]
