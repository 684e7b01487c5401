"""Labels that come later than their texts."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from kerasbert.monitoring.counting import count_heads
from kerasbert.monitoring.drift_check import AccuracyFacts
from kerasbert.monitoring.monitor_state import MonitorState
from kerasbert.monitoring.profile import HeadProfile
from kerasbert.objectives.exact_intervals import wilson_interval
from kerasbert.saving.trained_classifier import TrainedClassifier

# What of a head's counts follows from true labels.
OF_LABELS = ("num_true", "confusion", "true_probabilities", "judged_confidence")


class PendingTexts:
    """The texts of a state whose labels may come."""

    def __init__(self, state: MonitorState) -> None:
        self.state = state

    def add(self, ids: np.ndarray, probabilities: Mapping[str, np.ndarray], labelled: np.ndarray, most: int) -> None:
        """Add texts but the labelled ones, which are given by their places; of all, the newest `most` stay."""
        state, rows = self.state, np.setdiff1d(np.arange(len(ids)), labelled)[-most:]
        room = most - len(rows)
        kept = np.flatnonzero(~np.isin(state.ids, ids[rows]))
        kept = kept[max(len(kept) - room, 0) :]
        state.ids = np.concatenate([state.ids[kept], ids[rows]])
        state.windows = np.concatenate([state.windows[kept], np.full(len(rows), state.number)])
        state.probabilities = {
            head: np.concatenate([state.probabilities[head][kept], own[rows]]) if state.probabilities else own[rows]
            for head, own in probabilities.items()
        }

    def take(self, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
        """Remove texts; return their places in `ids`, the numbers of their windows and their probabilities."""
        state = self.state
        _, found, rows = np.intersect1d(ids, state.ids, return_indices=True)
        numbers = state.windows[rows]
        probabilities = {head: own[rows] for head, own in state.probabilities.items()}
        rest = np.setdiff1d(np.arange(len(state.ids)), rows)
        state.ids, state.windows = state.ids[rest], state.windows[rest]
        state.probabilities = {head: own[rest] for head, own in state.probabilities.items()}
        return found, numbers, probabilities


def add_late_labels(
    state: MonitorState, trained: TrainedClassifier, ids: np.ndarray, encoded: Mapping[str, np.ndarray]
) -> int:
    """Count labels into the windows of their texts; return how many texts were found."""
    found, numbers, probabilities = PendingTexts(state).take(ids)
    for number in np.unique(numbers):
        rows = np.flatnonzero(numbers == number)
        own = {head: array[rows] for head, array in probabilities.items()}
        true = {head: array[found][rows] for head, array in encoded.items()}
        counts = count_heads(trained.outputs, own, trained.y_pred(own), true, np.arange(len(rows)))
        if number == state.number and state.window is not None:
            heads = {head: _with_labels(one, counts[head]) for head, one in state.window.heads.items()}
            state.window = dataclasses.replace(state.window, heads=heads)
        else:
            state.checks = [
                dataclasses.replace(check, accuracy=[_more(facts, counts[facts.head]) for facts in check.accuracy])
                if check.window_number == number
                else check
                for check in state.checks
            ]
    return len(found)


def _with_labels(head: HeadProfile, counts: HeadProfile) -> HeadProfile:
    summed = {name: array + counts.arrays[name] for name, array in head.arrays.items() if name in OF_LABELS}
    return dataclasses.replace(head, **summed)


def _more(facts: AccuracyFacts, counts: HeadProfile) -> AccuracyFacts:
    """The accuracy with more labelled texts."""
    labelled = facts.labelled + counts.num_labelled
    if not labelled:
        return facts
    right = round((facts.accuracy or 0.0) * facts.labelled) + counts.num_right
    low, high = wilson_interval(np.array([right]), np.array([labelled]))
    return dataclasses.replace(
        facts, labelled=labelled, accuracy=right / labelled, interval=(float(low[0]), float(high[0]))
    )
