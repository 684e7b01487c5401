"""Predictions of a command: rows of texts that were read, and files of labelled texts beside what was predicted."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasbert._core.errors import ConfigError
from kerasbert._core.files import atomic_file_write, check_output_file
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.production.prediction_rows import (
    PredictionColumns,
    PredictionCsv,
    answered_rows,
    as_json,
    heads_of,
    label_names,
    rows_of,
)
from kerasbert.reading.examples import Examples

if TYPE_CHECKING:
    from kerasbert.evaluation.outcomes import Outcome
    from kerasbert.saving.trained_classifier import TrainedClassifier

RANK = "error_rank"
SUFFIXES = (".csv", ".jsonl")


def predict_rows(
    classifier: "TrainedClassifier",
    examples: Examples,
    *,
    reject: bool = False,
    abstain: bool = False,
    coverage: float | None = None,
) -> list[dict[str, Any]]:
    """Predict each text, in one pass: rows of `text`, and of `labels` and `scores` (label -> probability) or these by head.

    Cells of label columns are columns that are kept: `columns`. The labels are None where they are withheld; with `reject`
    rows have the `out_of_scope_score`. With a coverage each head also has a `set` of labels.
    """
    asked: dict[str, Any] = {"reject": reject, "abstain": abstain, "coverage": coverage}
    rows = answered_rows(classifier, examples.texts, examples.text_pairs, **asked)
    for place, row in enumerate(rows):
        row["columns"] = {name: cells[place] for name, cells in examples.labels.items()}
    return rows


def check_predictions_file(file: Path, overwrite: bool) -> None:
    """Refuse, before any work is done, a file to which predictions cannot be written.

    Raises:
        ArtifactError: see `check_output_file`; only predictions are replaced.
        ConfigError: when the name has another ending than those of `SUFFIXES`.
    """
    if file.suffix.lower() not in SUFFIXES:
        raise ConfigError(f"`predictions` must end in {' or '.join(SUFFIXES)}; got {str(file)!r}.")
    check_output_file(file, overwrite, known=_are_predictions(file))


def write_predictions(
    classifier: "TrainedClassifier",
    examples: Examples,
    probabilities: Mapping[str, np.ndarray],
    outcomes: Mapping[str, "Outcome"],
    file: Path,
) -> None:
    """Write a row for each labelled text: its labels, the predicted ones, their scores, and the rank of the error."""
    from kerasbert.evaluation.outcomes import error_ranks

    rows = rows_of(classifier, examples.texts, probabilities)
    true = {head: _true_labels(outcome, len(rows)) for head, outcome in outcomes.items()}
    for place, (row, rank) in enumerate(zip(rows, error_ranks(outcomes, len(rows)), strict=True)):
        for head, values in heads_of(row):
            values["predicted"] = values["labels"]
            values["labels"] = true[head or SINGLE_HEAD][place]
        row["columns"], row[RANK] = {}, rank
    with (
        atomic_file_write(file, overwrite=True, known=True) as beside,
        beside.open("w", encoding="utf-8", newline="") as stream,
    ):
        if file.suffix.lower() == ".csv":
            parts = {"labels": "labels", "predicted": "predicted"}
            columns = PredictionColumns(label_names(classifier), parts=parts, others=(RANK,))
            PredictionCsv(stream, columns).write(rows)
        else:
            stream.writelines(as_json(row) + "\n" for row in rows)


def _true_labels(outcome: "Outcome", count: int) -> list[list[str]]:
    """The labels of each text; none where they are not known."""
    found: list[list[str]] = [[] for _ in range(count)]
    for place, flags in zip(outcome.rows, outcome.true_flags, strict=True):
        found[place] = [str(name) for name, flag in zip(outcome.label_names, flags, strict=True) if flag]
    return found


def _are_predictions(file: Path) -> bool:
    """Whether a file begins as predictions do."""
    with contextlib.suppress(OSError, UnicodeDecodeError), file.open(encoding="utf-8") as stream:
        return RANK in stream.readline(1_000_000)
    return False
