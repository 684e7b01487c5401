"""The head of a hierarchy: one graph from features to P(class) and P(subclass) = P(class) * P(subclass | class)."""

from collections.abc import Mapping, Sequence
from typing import Any, Self, final

import keras
import numpy as np
from keras import ops

from kerasbert._core.checks import check_choice, check_number
from kerasbert._core.names import PACKAGE
from kerasbert._core.shapes import Shape
from kerasbert.classifiers.head import Head, logits_layer
from kerasbert.labels.counts import LabelCounts
from kerasbert.labels.hierarchy import parse_tree
from kerasbert.objectives.levels import LEVEL_ACTIVATIONS
from kerasbert.tasks.hierarchical import DEFAULT_LEVEL_TASK, HierarchicalOutputs, with_level_task
from kerasbert.tasks.levels import LEVEL_TASKS, LevelTask
from kerasbert.tasks.settings import CLASS_SCORES
from kerasbert.tasks.table import describe_task

# Takes a padded place out of a sum of exponentials and is still a finite float32.
NO_CHILD = -1e30


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class HierarchicalHead(Head):
    """Log-probabilities of every level of a tree of labels.

    Exclusive labels: a softmax over the classes and one over the subclasses of each class; independent labels: a sigmoid
    for each label, given its parent. A label's log-probability is the sum along its path, so that no label is ever more
    probable than its parent, and exclusive children add up to it. Hidden layers, which all levels share, and calls are
    those of `Head`.

    Args:
        subclasses: class -> list of subclasses, or a deeper nesting of dicts.
        level_task: name of the task of each level, whose labels exclude each other or are independent.
        class_scores: `"own"`: every level has logits of its own; `"summed"`: only the deepest level has, and P(class)
            is the sum of its subclasses' probabilities (exclusive labels only).

    Output shape:
        Dict of level name -> (batch, labels of the level), float32.

    Raises:
        ConfigError: when the tree or a number cannot be used.

    Example:
        >>> head = HierarchicalHead({"billing": ["refund", "invoice"], "shipping": ["late"]})
        >>> {level: tuple(logs.shape) for level, logs in head(np.ones((2, 4))).items()}
        {'class': (2, 2), 'subclass': (2, 3)}
    """

    def __init__(
        self,
        subclasses: Mapping[str, Any],
        *,
        level_task: str = DEFAULT_LEVEL_TASK,
        class_scores: str = "own",
        hidden_units: Sequence[int] = (),
        hidden_activation: str = "relu",
        dropout: float = 0.1,
        **kwargs: Any,
    ) -> None:
        super().__init__(hidden_units=hidden_units, hidden_activation=hidden_activation, dropout=dropout, **kwargs)
        self.outputs = HierarchicalOutputs(parse_tree(subclasses), level_task)
        self.hierarchy = self.outputs.hierarchy
        self.exclusive = self.outputs.exclusive
        self.class_scores = check_choice("class_scores", class_scores, CLASS_SCORES[: 2 if self.exclusive else 1])
        levels = list(zip(self.hierarchy.levels, self.hierarchy.names, strict=True))
        self.output_layers = [
            logits_layer(len(names), f"{level}_logits")
            for level, names in (levels[-1:] if self.class_scores == "summed" else levels)
        ]

    @property
    def last_layers(self) -> list[keras.layers.Dense]:
        """The layers that give the logits of a level."""
        return self.output_layers

    @property
    def tasks(self) -> dict[str, LevelTask]:
        """Level name -> its task, from the classes down."""
        return self.outputs.levels

    def set_prior_bias(self, labels: Mapping[str, Any]) -> None:
        """Set output biases that are still all zeros to the frequencies of the known labels.

        Args:
            labels: level name -> encoded labels of the training data, or for exclusive labels their `LabelCounts`.
        """
        tasks = list(self.tasks.items())
        for (level, task), layer in zip(tasks[-len(self.output_layers) :], self.output_layers, strict=True):
            if not np.any(keras.ops.convert_to_numpy(layer.bias)):
                array: Any = labels[level]
                array = array if isinstance(array, LabelCounts) else np.asarray(array)
                if not self.exclusive and task.parents:
                    above = np.asarray(labels[tasks[len(task.parents) - 1][0]])
                    array = np.where(above[:, np.array(task.parents[-1])] > 0, array, -1)
                layer.bias.assign(task.prior_bias(array).astype("float32"))

    def call(self, features: Any, training: bool | None = None) -> dict[str, Any]:
        hidden = self.read(features, training)
        logits = [layer(hidden) for layer in self.output_layers]  # each (batch, labels of the level)
        if self.class_scores == "summed":
            logs = self._summed(logits[0])
        elif not self.exclusive:
            logs = self._down([-ops.softplus(-values) for values in logits])
        else:
            # The softmax over the children of one parent: their logits less the log-sum-exp over its children.
            siblings = [
                values - ops.take(_sum_children(values, parents), np.array(parents), axis=1)
                for values, parents in zip(logits[1:], self.hierarchy.parents, strict=True)
            ]
            logs = self._down([ops.log_softmax(logits[0], axis=-1), *siblings])
        return dict(zip(self.tasks, logs, strict=True))

    def _down(self, given_parent: list[Any]) -> list[Any]:
        """Turn log P(label | parent) of each level into log P(label)."""
        logs = [given_parent[0]]
        for values, parents in zip(given_parent[1:], self.hierarchy.parents, strict=True):
            logs.append(values + ops.take(logs[-1], np.array(parents), axis=1))
        return logs

    def _summed(self, logits: Any) -> list[Any]:
        logs = [ops.log_softmax(logits, axis=-1)]
        for parents in reversed(self.hierarchy.parents):
            logs.insert(0, _sum_children(logs[0], parents))
        return logs

    def compute_output_shape(self, features_shape: Shape) -> dict[str, Shape]:
        """(batch, labels) of each level."""
        return {level: (features_shape[0], task.units) for level, task in self.tasks.items()}

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "subclasses": self.hierarchy.to_tree(),
            "level_task": self.outputs.level_task,
            "class_scores": self.class_scores,
        }

    @classmethod
    def from_own_config(cls, config: dict[str, Any]) -> Self:
        """Rebuild the head without what was set on its parts."""
        return cls(**with_level_task(config))


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class LevelProbabilities(keras.layers.Layer):
    """The probabilities of one level, under the level's name.

    Args:
        task: of the level.
        loss_weight: weight of the level's loss, >= 0.
        **kwargs: `keras.layers.Layer`'s own (`name`).

    Call arguments:
        log_probabilities: (batch, C).

    Output shape:
        (batch, C), float32.

    Raises:
        ConfigError: when an argument is out of its range.

    Example:
        >>> level = LevelProbabilities(LEVEL_TASKS[Multiclass.name](("a", "b")))
        >>> level(np.log([[0.25, 0.75]])).numpy().tolist()
        [[0.25, 0.75]]
    """

    def __init__(self, task: LevelTask, *, loss_weight: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**{**kwargs, "dtype": "float32"})
        self.task = task
        self.activation = task.check_activation(None)
        self.loss_weight = check_number("loss_weight", loss_weight, 0)

    @property
    def label_names(self) -> tuple[str, ...]:
        """Names of the labels, in the order of the outputs."""
        return self.task.label_names

    def call(self, log_probabilities: Any) -> Any:
        return LEVEL_ACTIVATIONS[self.activation](log_probabilities)

    def compute_output_shape(self, log_probabilities_shape: Shape) -> Shape:
        """(batch, C)."""
        return tuple(log_probabilities_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            **describe_task(self.task),
            "parents": [list(level) for level in self.task.parents],
            "loss_weight": self.loss_weight,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Return the layer of a config."""
        own = dict(config)
        names, parents = (own.pop(key) for key in ("label_names", "parents"))
        task = LEVEL_TASKS[own.pop("task")](tuple(names), tuple(map(tuple, parents)))
        return cls(task, **own)


def _sum_children(logs: Any, parents: Sequence[int]) -> Any:
    """Return the log-sum-exp over the children of each parent, (batch, number of parents)."""
    children = [[] for _ in range(max(parents) + 1)]  # type: list[list[int]]
    for child, parent in enumerate(parents):
        children[parent].append(child)
    widest = max(map(len, children))
    places = np.array([row + [0] * (widest - len(row)) for row in children])
    padding = np.array([[0.0] * len(row) + [NO_CHILD] * (widest - len(row)) for row in children], dtype="float32")
    # A tensor, since PyTorch adds no array to one that has a gradient.
    return ops.logsumexp(
        ops.take(logs, places, axis=1) + ops.convert_to_tensor(padding), axis=-1
    )  # over (batch, parents, widest)
