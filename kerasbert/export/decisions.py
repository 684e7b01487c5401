"""Decide on labels in TensorFlow ops: the rules of `TextClassifier.predict` inside an exported graph."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from kerasbert.classifiers.classifier import Classifier
from kerasbert.labels.hierarchy import Hierarchy
from kerasbert.tasks.task import Task
from kerasbert.uncertainty.set_scores import ROUNDING, HeadScores, label_scores
from kerasbert.uncertainty.sets import PredictionSets

# Less than every probability, and so behind all of them when sorted.
NOT_CHOSEN = -1.0
# Digits of a coverage that a float32 holds.
COVERAGE_DIGITS = 6


def choose(model: Classifier, thresholds: Mapping[str, np.ndarray], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Decide every head of a model.

    Args:
        thresholds: head name -> (units,).
        outputs: head name -> (batch, units), as the model gives them.

    Returns:
        Head name -> bool (batch, C), two columns for a binary head.
    """
    if model.hierarchy is not None:
        tree = model.hierarchy.hierarchy
        values, limits = [outputs[level] for level in tree.levels], [thresholds[level] for level in tree.levels]
        levels = _independent_levels(values, limits, tree) if not model.hierarchy.exclusive else _levels(values, tree)
        return dict(zip(tree.levels, levels, strict=True))
    return {name: _choose_one(head.task, outputs[name], thresholds[name]) for name, head in model.heads.items()}


def choose_sets(model: Classifier, sets: PredictionSets, outputs: Mapping[str, Any], coverage: Any) -> dict[str, Any]:
    """Choose the prediction sets of every head, as `PredictionSets.flags` does.

    Args:
        outputs: head name -> (batch, units), as the model gives them.
        coverage: a number; one that so few texts cannot promise gives all labels, which keeps any promise.

    Returns:
        Head name -> bool (batch, C).
    """
    found = {}
    for name, head in model.heads.items():
        shares = columns(head.task, outputs[name])
        scores = label_scores(head.task, shares, sets.method, xp=tf.experimental.numpy)
        chosen = scores <= tf.stack([_allowed(one, coverage) for one in sets.heads[name]])
        found[name] = chosen | _most_probable(shares) if head.task.exclusive else chosen
    if model.hierarchy is not None:
        return _consistent(model.hierarchy.hierarchy, found, outputs, complete=model.hierarchy.exclusive)
    return found


def columns(task: Task, output: Any) -> Any:
    """Return probabilities (batch, C) of all labels; those of a binary head from its single unit."""
    return tf.concat([1 - output, output], axis=1) if task.units < len(task.label_names) else output


def sort_chosen(names: tuple[str, ...], probabilities: Any, chosen: Any) -> dict[str, Any]:
    """Sort the chosen labels, the most probable first.

    Args:
        names: C label names.
        probabilities: (batch, C).
        chosen: bool (batch, C).

    Returns:
        `labels`, string (batch, C), and `scores`, float32 (batch, C), padded with `""` and 0; `count`, int32 (batch,).
    """
    kept = tf.where(chosen, probabilities, NOT_CHOSEN)
    scores, places = tf.math.top_k(kept, k=len(names))
    is_label = scores > NOT_CHOSEN
    return {
        "labels": tf.where(is_label, tf.gather(tf.constant(names), places), ""),
        "scores": tf.where(is_label, scores, 0.0),
        "count": tf.reduce_sum(tf.cast(chosen, tf.int32), axis=1),
    }


def _choose_one(task: Task, output: Any, thresholds: np.ndarray) -> Any:
    # The task's own rule; these functions take dtypes together as NumPy's do, thresholds in float64.
    predicted = task.predict(output, thresholds, xp=tf.experimental.numpy)
    if len(predicted.shape) == 1:
        return tf.one_hot(predicted, len(task.label_names), on_value=True, off_value=False, dtype=tf.bool)
    chosen = tf.cast(predicted, tf.bool)
    return tf.concat([~chosen, chosen], axis=1) if task.units < len(task.label_names) else chosen


def _most_probable(values: Any) -> Any:
    return tf.one_hot(tf.argmax(values, axis=1), values.shape[1], on_value=True, off_value=False, dtype=tf.bool)


def _reaches(values: Any, thresholds: np.ndarray) -> Any:
    # In float64, as NumPy compares them.
    return tf.cast(values, tf.float64) >= tf.constant(np.asarray(thresholds, dtype=np.float64))


def _levels(values: list[Any], hierarchy: Hierarchy) -> list[Any]:
    decided = [_most_probable(values[0])]
    for array, parents in zip(values[1:], hierarchy.parents, strict=True):
        inside = tf.gather(decided[-1], list(parents), axis=1)
        decided.append(_most_probable(tf.where(inside, array, NOT_CHOSEN)))
    return decided


def _allowed(scores: HeadScores, coverage: Any) -> Any:
    """Return the largest score of a label in a set; infinity where the coverage cannot be promised."""
    digits = 10.0**COVERAGE_DIGITS
    left = (1 - tf.round(tf.cast(coverage, tf.float64) * digits) / digits + ROUNDING) * (scores.num_texts + 1)
    place = tf.reduce_sum(tf.cast(tf.constant(scores.above) + 1 > left, tf.int32))
    return tf.gather(tf.constant(np.append(scores.scores, np.inf)), place)


def _consistent(
    tree: Hierarchy, flags: dict[str, Any], outputs: Mapping[str, Any], *, complete: bool
) -> dict[str, Any]:
    """Make the levels agree, as `consistent` does."""
    found = dict(flags)
    steps = list(zip(tree.levels, tree.levels[1:], map(list, tree.parents), strict=False))
    for above, below, parents in reversed(steps):
        found[above] |= _any_child(found[below], parents)
    for above, below, parents in steps if complete else []:
        bare = tf.gather(found[above] & ~_any_child(found[below], parents), parents, axis=1)
        # Children stand in the order of their parents.
        best = tf.transpose(tf.math.segment_max(tf.transpose(outputs[below]), parents))
        found[below] |= bare & (outputs[below] >= tf.gather(best, parents, axis=1))
    return found


def _any_child(flags: Any, parents: list[int]) -> Any:
    of_parent = np.eye(max(parents) + 1, dtype="float32")[parents]
    return tf.cast(flags, tf.float32) @ of_parent > 0


def _independent_levels(values: list[Any], limits: list[np.ndarray], hierarchy: Hierarchy) -> list[Any]:
    decided = [_reaches(array, limit) for array, limit in zip(values, limits, strict=True)]
    for depth, parents in enumerate(hierarchy.parents):
        decided[depth + 1] &= tf.gather(decided[depth], list(parents), axis=1)
    return decided
