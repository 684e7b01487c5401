"""What the levels of a hierarchy share: probabilities from log-probabilities, and losses and metrics that skip unknowns.

P(subclass) is a product and may be far smaller than any factor, so the head works with logarithms. The functions that
turn them into probabilities and the losses divide by the same floored factor, so that together they give the exact
gradient with respect to the log-probability, however small the probability.
"""

from collections.abc import Sequence
from typing import Any, final

import keras
import numpy as np
from keras import ops

from kerasbert._core.checks import check_bool, check_number
from kerasbert._core.names import PACKAGE
from kerasbert.objectives.activations import TINY, slope, with_gradient
from kerasbert.objectives.batch_labels import label_rows, or_nan, row_weights, true_class_ids
from kerasbert.objectives.label_forms import LabelForm


@with_gradient
def exp_of_exclusive(log_probabilities: Any) -> Any:
    """Exponential with the gradient factor max(p, `TINY`), for `SparseLevelCrossentropy`."""
    probabilities = ops.exp(log_probabilities)
    return probabilities, lambda upstream: ops.multiply(upstream, ops.maximum(probabilities, TINY))


@with_gradient
def exp_of_independent(log_probabilities: Any) -> Any:
    """Exponential with a gradient for `BinaryLevelCrossentropy`.

    The gradient factor p is written as p (1 - p) / (1 - p), with the numerator as the loss has it and the denominator
    from the logarithm, which does not round to 0.
    """
    probabilities = ops.exp(log_probabilities)

    def gradient(upstream: Any) -> Any:
        return ops.multiply(upstream, slope(probabilities) / ops.maximum(-ops.expm1(log_probabilities), TINY))

    return probabilities, gradient


LEVEL_ACTIVATIONS = {"softmax": exp_of_exclusive, "sigmoid": exp_of_independent}


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class SparseLevelCrossentropy(keras.losses.Loss):
    """-log p[y] of one level of a hierarchy; a row whose label is -1 costs nothing.

    The mean is over all rows of the batch, so that a row counts the same whatever the others know.

    p[y] is a product along the path from the class down to y, P(class) * P(subclass | class) and so on. With label
    smoothing every factor's target is smoothed over the labels that share its parent, and over nothing else: with s for
    the share and K labels under the parent, the factor's cross-entropy is taken with 1 - s + s / K at the label of the
    path and s / K at its siblings. The loss is the sum over the path, so that the levels agree about their parents.

    Args:
        parents: for each level below the classes, down to this one, the place of every label's parent in the level
            above; empty for the classes themselves. Only smoothing needs them.
        label_smoothing: in [0, 1): share of each label that is spread evenly over those of its parent.
        **kwargs: `keras.losses.Loss`'s own (`reduction`, `name`, `dtype`).

    Call arguments:
        y_true: int (batch,) or (batch, 1), each in [0, C), or -1 where unknown.
        y_pred: (batch, C), probabilities.

    Raises:
        ConfigError: when `label_smoothing` is out of its range.

    Example:
        >>> round(float(SparseLevelCrossentropy()([1, -1], [[0.5, 0.5], [0.9, 0.1]])), 4)
        0.3466

    Reference:
        Szegedy et al., "Rethinking the Inception Architecture for Computer Vision", 2016, section 7.
    """

    def __init__(
        self,
        parents: Sequence[Sequence[int]] = (),
        *,
        label_smoothing: float = 0.0,
        name: str = "sparse_level_crossentropy",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.parents = [[int(place) for place in level] for level in parents]
        self.label_smoothing = check_number("label_smoothing", label_smoothing, 0, 1, open_maximum=True)

    def label_form(self, units: int) -> LabelForm:
        """The labels for so many predictions."""
        return LabelForm(True, units, unknown=True)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        y_pred = ops.convert_to_tensor(y_pred)
        ids, right = true_class_ids(y_true, y_pred, self.label_form(y_pred.shape[-1]))
        known = ops.cast(ids >= 0, y_pred.dtype)
        # Clipped, because a label that is none must not be looked up in a table.
        ids = ops.clip(ids, 0, y_pred.shape[-1] - 1)
        cost = -_chosen(_log(y_pred), ids)
        if self.label_smoothing:
            cost = cost + self.label_smoothing * self._excess_of_siblings(ids, y_pred)
        return or_nan(cost * known, right)

    def _excess_of_siblings(self, ids: Any, probabilities: Any) -> Any:
        """Sum over the path the mean -log p of the siblings less the label's own, (batch,)."""
        excess: Any = 0.0
        levels: list[list[int] | None] = [*reversed(self.parents), None]
        for places, parents in zip(ancestors(ids, self.parents), levels, strict=True):
            logs = _log(probabilities)
            excess = excess + _chosen(logs, places) - ops.sum(_siblings(places, parents, logs) * logs, axis=-1)
            if parents is not None:
                probabilities = _add_children(probabilities, parents)
        return excess

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "parents": self.parents, "label_smoothing": self.label_smoothing}


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class BinaryLevelCrossentropy(keras.losses.Loss):
    """Mean binary cross-entropy of one level of a multi-label hierarchy; an entry of -1 costs nothing.

    Args:
        label_smoothing: in [0, 1): known labels are moved towards 0.5 by this share, at each level alike, so that no
            label's target is above its parent's.
        **kwargs: `keras.losses.Loss`'s own (`reduction`, `name`, `dtype`).

    Call arguments:
        y_true: (batch, C), each 0 or 1, or -1 where unknown.
        y_pred: (batch, C), probabilities.

    Raises:
        ConfigError: when `label_smoothing` is out of its range.

    Example:
        >>> round(float(BinaryLevelCrossentropy()([[1.0, -1.0]], [[0.5, 0.9]])), 4)
        0.3466
    """

    def __init__(self, *, label_smoothing: float = 0.0, name: str = "binary_level_crossentropy", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.label_smoothing = check_number("label_smoothing", label_smoothing, 0, 1, open_maximum=True)

    def label_form(self, units: int) -> LabelForm:
        """The labels for so many predictions."""
        return LabelForm(False, units, unknown=True)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        labels, y_pred, right = label_rows(y_true, y_pred, unknown=True)
        known = ops.cast(labels >= 0, y_pred.dtype)
        target = ops.maximum(labels, 0.0) * (1.0 - self.label_smoothing) + 0.5 * self.label_smoothing
        return or_nan(ops.mean(_binary_crossentropy(target, y_pred, known), axis=-1), right)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class KnownLabels(keras.metrics.Metric):
    """A metric that sees only the labels that are known.

    Args:
        metric: the metric; it must take `sample_weight` if the labels are class ids.
        sparse: True for class ids (batch,), False for rows of 0 and 1 (batch, C); -1 is unknown in both.
        **kwargs: `keras.metrics.Metric`'s own (`name`, `dtype`); the name is the metric's own unless given.

    Example:
        >>> metric = KnownLabels(keras.metrics.SparseCategoricalAccuracy(name="accuracy"))
        >>> metric.update_state(np.array([1, -1]), np.array([[0.1, 0.9], [0.1, 0.9]]))
        >>> float(metric.result())
        1.0
    """

    def __init__(
        self,
        metric: keras.metrics.Metric | dict[str, Any],
        *,
        sparse: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        metric = keras.saving.deserialize_keras_object(metric) if isinstance(metric, dict) else metric
        super().__init__(name=name or metric.name, **kwargs)
        self.metric = metric
        self.sparse = check_bool("sparse", sparse)
        if hasattr(metric, "_direction"):
            self._direction = metric._direction

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch; `sample_weight` (batch,) weights its rows."""
        if not self.sparse:
            labels, y_pred, _ = label_rows(y_true, y_pred, unknown=True)
            known = ops.cast(labels >= 0, y_pred.dtype)
            # An unknown entry is neither a hit nor a miss: absent in the label and in the prediction.
            labels = ops.where(labels == -1, ops.zeros_like(labels), labels)
            self.metric.update_state(labels, y_pred * known + (known - 1.0), sample_weight)
            return
        y_pred = ops.convert_to_tensor(y_pred)
        ids, right = true_class_ids(y_true, y_pred, LabelForm(True, y_pred.shape[-1], unknown=True))
        weight = ops.cast(ids != -1, "float32") * row_weights(sample_weight, right, "float32")
        self.metric.update_state(ops.maximum(ids, 0), y_pred, sample_weight=weight)

    def result(self) -> Any:
        """The metric's own result."""
        return self.metric.result()

    def reset_state(self) -> None:
        """Start again."""
        self.metric.reset_state()

    def get_config(self) -> dict[str, Any]:
        metric = keras.saving.serialize_keras_object(self.metric)
        return {**super().get_config(), "metric": metric, "sparse": self.sparse}


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class HierarchicalF1(keras.metrics.Metric):
    """F1 over a predicted label together with all labels above it, from streamed counts.

    The decision is top-down: the most probable class, then the most probable subclass inside it. Every prediction has
    one label at each level, so that precision, recall and F1 are the same number: the share of levels that are right.
    Rows whose label is -1 are left out.

    Args:
        parents: for each level below the classes the place of every label's parent in the level above.
        **kwargs: `keras.metrics.Metric`'s own (`name`, `dtype`).

    Example:
        >>> metric = HierarchicalF1([[0, 0, 1]])
        >>> metric.update_state(np.array([0, 2]), np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]))
        >>> float(metric.result())
        0.75

    Reference:
        Kiritchenko, Matwin and Famili, "Functional Annotation of Genes Using Hierarchical Text Categorization", 2005.
    """

    _direction = "up"

    def __init__(self, parents: Sequence[Sequence[int]], *, name: str = "hierarchical_f1", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.parents = [[int(place) for place in level] for level in parents]
        self.hits = self.add_variable((), initializer="zeros", name="hits")
        self.total = self.add_variable((), initializer="zeros", name="total")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: ids (batch,) of the deepest level and its probabilities (batch, C)."""
        y_pred = ops.convert_to_tensor(y_pred)
        units = len(self.parents[-1]) if self.parents else y_pred.shape[-1]
        ids, right = true_class_ids(y_true, y_pred, LabelForm(True, units, unknown=True))
        weight = ops.cast(ids >= 0, self.dtype) * row_weights(sample_weight, right, self.dtype)
        actual = ancestors(ops.clip(ids, 0, units - 1), self.parents)
        predicted = ancestors(top_down(y_pred, self.parents), self.parents)
        hits = sum(ops.cast(one == other, self.dtype) for one, other in zip(actual, predicted, strict=True))
        self.hits.assign_add(ops.sum(hits * weight))
        self.total.assign_add(ops.sum(weight) * (len(self.parents) + 1))

    def result(self) -> Any:
        """The score so far, a scalar in [0, 1]; 0 before any known label."""
        return self.hits / ops.maximum(self.total, 1e-12)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "parents": self.parents}


def ancestors(ids: Any, parents: Sequence[Sequence[int]]) -> list[Any]:
    """Return the ids of a label and its ancestors, (batch,) each, from the deepest level to the classes."""
    places = [ids]
    for level in reversed(parents):
        places.append(ops.take(ops.convert_to_tensor(np.array(level, dtype="int32")), places[-1], axis=0))
    return places


def top_down(probabilities: Any, parents: Sequence[Sequence[int]]) -> Any:
    """Return the deepest label of the path that takes the most probable child at every step, int (batch,).

    Probabilities are of the deepest level, (batch, C); those of a parent are the sum of its children's.
    """
    by_level = [probabilities]
    for level in reversed(parents):
        # (batch, C) @ (C, number of parents), one-hot: sums over the children.
        by_level.insert(0, ops.matmul(by_level[0], np.eye(max(level) + 1, dtype="float32")[np.array(level)]))
    chosen = ops.argmax(by_level[0], axis=-1)
    for level, values in zip(parents, by_level[1:], strict=True):
        inside = ops.expand_dims(chosen, -1) == ops.convert_to_tensor(np.array(level), dtype=chosen.dtype)
        chosen = ops.argmax(ops.where(inside, values, -1.0), axis=-1)
    return ops.cast(chosen, "int32")


def _chosen(logs: Any, ids: Any) -> Any:
    return ops.sum(ops.one_hot(ids, logs.shape[-1], dtype=logs.dtype) * logs, axis=-1)


def _siblings(places: Any, parents: Sequence[int] | None, like: Any) -> Any:
    """Return even weights, (batch, C), of a label and its siblings; without parents, of all labels."""
    if parents is None:
        return ops.full_like(like, 1.0 / like.shape[-1])
    table = ops.convert_to_tensor(np.array(parents, dtype="int32"))
    same = ops.expand_dims(ops.take(table, places, axis=0), -1) == ops.expand_dims(table, 0)
    same = ops.cast(same, like.dtype)
    return same / ops.sum(same, axis=-1, keepdims=True)


def _add_children(probabilities: Any, parents: Sequence[int]) -> Any:
    """Sum children's probabilities to P(parent), (batch, number of parents).

    The sum is over floored probabilities while the gradient ignores the floor: with the factor of `exp_of_exclusive`,
    which is floored alike, log P(parent) then shares its gradient out among the children's logarithms.
    """
    floored = probabilities + ops.stop_gradient(ops.maximum(probabilities, TINY) - probabilities)
    table = ops.convert_to_tensor(np.array(parents, dtype="int32"))
    return ops.transpose(ops.segment_sum(ops.transpose(floored), table, num_segments=max(parents) + 1))


@with_gradient
def _log(probabilities: Any) -> Any:
    floored = ops.maximum(probabilities, TINY)
    return ops.log(floored), lambda upstream: ops.divide(upstream, floored)


def _binary_crossentropy(y_true: Any, y_pred: Any, known: Any) -> Any:
    @with_gradient
    def forward(probabilities: Any) -> Any:
        positive = y_true * ops.log(ops.maximum(probabilities, TINY))
        negative = (1.0 - y_true) * ops.log(ops.maximum(1.0 - probabilities, TINY))

        def gradient(upstream: Any) -> Any:
            return ops.multiply(upstream, known * (probabilities - y_true) / slope(probabilities))

        return -(positive + negative) * known, gradient

    return forward(y_pred)
