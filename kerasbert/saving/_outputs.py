"""Interim."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasbert._core.checks import shorten
from kerasbert._core.errors import DataError
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.labels.encode import read_labels
from kerasbert.labels.kinds import classes_as, labels_as
from kerasbert.labels.level_labels import encode_hierarchy
from kerasbert.objectives.level_decisions import decide_levels, score_hierarchy
from kerasbert.objectives.scores import score_predictions


class Outputs:
    def __init__(self, model):
        self.model = model
        self.tasks = {name: head.head_task for name, head in model.heads.items()}

    @property
    def name(self):
        if self.model.hierarchy is not None:
            return "hierarchical"
        return self.tasks[SINGLE_HEAD].task if SINGLE_HEAD in self.tasks else "multitask"

    def unwrap(self, values):
        return values[SINGLE_HEAD] if SINGLE_HEAD in values else values

    def encode(self, labels):
        tree = self.model.hierarchy
        if tree is not None:
            return encode_hierarchy(labels, tree.hierarchy, multilabel=tree.multilabel)
        cells = {SINGLE_HEAD: labels} if SINGLE_HEAD in self.tasks else labels
        if not isinstance(cells, Mapping) or set(cells) != set(self.tasks):
            raise DataError(f"`labels` must be a dict with the heads {', '.join(self.tasks)}; got {shorten(cells)}.")
        return {head: read_labels(task.task, cells[head], task.label_names).array for head, task in self.tasks.items()}

    def predict(self, probabilities, thresholds):
        tree = self.model.hierarchy
        if tree is not None:
            return decide_levels(probabilities, tree.hierarchy, multilabel=tree.multilabel, thresholds=thresholds)
        return {
            head: values.argmax(axis=1)
            if self.tasks[head].task == "multiclass"
            else (values >= thresholds[head]).astype(np.int64)
            for head, values in probabilities.items()
        }

    def named(self, y_pred, kinds):
        return self.unwrap(
            {head: labels_as(kinds[head], self.tasks[head].label_names, values) for head, values in y_pred.items()}
        )

    def columns(self, probabilities):
        return self.unwrap(
            {
                head: np.concatenate([1 - values, values], axis=1) if self.tasks[head].task == "binary" else values
                for head, values in probabilities.items()
            }
        )

    def classes(self, kinds):
        return self.unwrap({head: classes_as(kinds[head], task.label_names) for head, task in self.tasks.items()})

    def evaluate(self, y_true, probabilities, thresholds, *, intervals=False):
        y_pred = self.predict(probabilities, thresholds)
        scores = {}
        for head, task in self.tasks.items():
            known = slice(None)
            if self.model.hierarchy is not None:
                known = (y_true[head].reshape(len(y_true[head]), -1) >= 0).all(axis=1)
            parts = tuple(part[head][known] for part in (y_true, y_pred, probabilities))
            scores[head] = _score(task.task, parts, task.label_names, intervals)
        if self.model.hierarchy is not None:
            tree = self.model.hierarchy
            scores["hierarchy"] = score_hierarchy(y_true, y_pred, tree.hierarchy, multilabel=tree.multilabel)
        return self.unwrap(scores)


def outputs_of(model):
    return Outputs(model)


def _score(task: str, parts: tuple, names: Sequence[str], intervals: bool) -> dict[str, Any]:
    from kerasbert.evaluation.confidence import bootstrap_intervals

    labels, decided, probabilities = parts
    scores = score_predictions(task, labels, decided, names, probabilities)
    if intervals and len(labels):
        scores["intervals"] = bootstrap_intervals(task, labels, decided, num_labels=len(names))
    return scores
