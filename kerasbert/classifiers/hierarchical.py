"""`build_hierarchical`: classes and the subclasses inside them in one graph, fresh or from a trained flat model."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_choice, check_number, shorten, suggest_keywords
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import DEFAULT_ENCODER
from kerasbert.classifiers.assembly import BuildOptions, EncoderLike, build, finish
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.compiling import HEAD_LEARNING_RATE, LEARNING_RATE
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.classifiers.hierarchical_head import HierarchicalHead, LevelProbabilities
from kerasbert.labels.hierarchy import parse_tree
from kerasbert.tasks.hierarchical import DEFAULT_LEVEL_TASK
from kerasbert.tasks.levels import LEVEL_TASKS
from kerasbert.tokenization.tokenizer import Tokenizer

HIERARCHY = "hierarchy"
# What is said anew of a model that is built from a trained flat one; the rest it brings along.
CHOSEN = ("activation", "learning_rate", "head_learning_rate", "compile", "name")
INHERITED = [field.name for field in dataclasses.fields(BuildOptions) if field.name not in CHOSEN]


@suggest_keywords
def build_hierarchical(
    subclasses: Mapping[str, Any],
    *,
    level_task: str = DEFAULT_LEVEL_TASK,
    level_weights: Sequence[float] | None = None,
    class_scores: str | None = None,
    from_model: Classifier | None = None,
    encoder: EncoderLike = DEFAULT_ENCODER,
    layers: int | Sequence[int] | None = None,
    combine: str = "concat",
    combine_before_pooling: bool = False,
    pooling: str | keras.layers.Layer | None = None,
    window_pooling: str | keras.layers.Layer | None = None,
    hidden_units: Sequence[int] = (),
    hidden_activation: str = "relu",
    dropout: float = 0.1,
    max_length: int | None = None,
    preprocessing: bool | Tokenizer = False,
    learning_rate: float = LEARNING_RATE,
    head_learning_rate: float = HEAD_LEARNING_RATE,
    compile: bool = True,
    name: str = "classifier",
) -> Classifier:
    """Build one graph that gives P(class) and P(subclass) = P(class) * P(subclass | class).

    The two levels cannot contradict each other: the probabilities of a class's subclasses add up to the class's, or stay
    below it in a multi-label task. Decide with `decide_levels`, which goes from the class down. Labels are a dict of
    level name -> ids (batch,), or rows of 0 and 1 in a multi-label task; -1 is unknown and trains nothing at that level.
    `encode_hierarchy` makes them from names.

    Arguments that are not named here are those of `build_multiclass`; hidden layers are shared by all levels. With
    `from_model` the encoder and all up to `max_length` are the model's.

    Args:
        subclasses: class -> list of subclasses, or a deeper nesting of dicts that ends in lists, equally deep everywhere.
            The levels are `class`, `subclass`, `level_3` and so on.
        level_task: name of the task of each level: `Multiclass.name`, where a text has one class and one subclass, or
            `Multilabel.name`, where it may have several classes, and several subclasses in each.
        level_weights: weight of each level's loss, >= 0, from the classes down; None for 1 each.
        class_scores: `"own"`: every level has logits of its own; `"summed"`: only the subclasses have, and P(class) is
            the sum of theirs, so that every subclass competes with all others. None takes `"own"` for a multi-label task
            and from a flat model of the classes, else `"summed"`.
        from_model: a trained flat classifier of the classes or of the (deepest) subclasses, whose encoder and head are
            taken over: at the start its probabilities are this model's at that level (but for multi-label subclasses,
            where they become P(subclass | class)). It stays as it is.

    Returns:
        A compiled `Classifier`; its output is a dict of level name -> float32 (batch, labels of the level).

    Raises:
        ConfigError: as `build_multiclass`; when the tree is not one (see `parse_tree`); when `from_model` has other
            labels than a level of the tree, or an argument that it brings along is given.
        TypeError: when an argument has the wrong type or an unknown name.

    Example:
        >>> tree = {"billing": ["refund", "invoice"], "shipping": ["late", "lost", "damaged"]}
        >>> model = build_hierarchical(tree, encoder=BertConfig(num_hidden_layers=1))
        >>> {name: output.shape for name, output in model.output.items()}
        {'class': (None, 2), 'subclass': (None, 5)}

    Reference:
        Silla and Freitas, "A survey of hierarchical classification across different application domains", 2011.
    """
    options = BuildOptions.among(locals())
    tree = parse_tree(subclasses)
    if len(tree.names) < 2:
        raise ConfigError("`subclasses` must be a dict of class -> subclasses; for classes alone use build_multiclass.")
    exclusive = LEVEL_TASKS[check_choice("level_task", level_task, LEVEL_TASKS)].exclusive
    if len(tree.names[0]) < 2 and exclusive:
        raise ConfigError(f"`subclasses` must hold at least 2 classes; got {shorten(tree.names[0])}.")
    weights = _check_weights(level_weights, tree.levels)
    head_options = options.head
    if from_model is not None:
        depth = _level_of(from_model, tree.names, level_task, options)
        head_options = from_model.head.options
        if class_scores is None and depth < len(tree.names) - 1:
            class_scores = "own"
    head = HierarchicalHead(
        subclasses,
        level_task=level_task,
        class_scores=class_scores or ("summed" if exclusive else "own"),
        **head_options,
        name=HIERARCHY,
    )

    def outputs_of(vector: Any) -> dict[str, Any]:
        logs = head(vector)
        return {
            level: LevelProbabilities(task, loss_weight=weight, name=level)(logs[level])
            for (level, task), weight in zip(head.tasks.items(), weights, strict=True)
        }

    if from_model is None:
        return build(outputs_of, options)
    # A flat model brings inputs, encoder and features; its own head is left out.
    base = _copy(from_model)
    model = finish(base.input, outputs_of(base.vectors), options)
    _take_over(head, from_model.head, depth)
    return model


def _check_weights(level_weights: Sequence[float] | None, levels: Sequence[str]) -> list[float]:
    if level_weights is None:
        return [1.0] * len(levels)
    if isinstance(level_weights, (str, bytes)) or not isinstance(level_weights, Sequence):
        raise TypeError(f"`level_weights` must be a list of numbers; got {shorten(level_weights)}.")
    if len(level_weights) != len(levels):
        raise ConfigError(
            f"`level_weights` must be one number for each of {', '.join(levels)}; got {shorten(level_weights)}."
        )
    return [check_number("level_weights", weight, 0) for weight in level_weights]


def _level_of(model: Any, names: Sequence[Sequence[str]], task: str, options: BuildOptions) -> int:
    """Return the level that a flat model knows: 0 for the classes, else the deepest."""
    if not isinstance(model, Classifier) or not isinstance(model.head, ClassificationHead):
        raise TypeError(f"`from_model` must be a classifier with one flat head; got {shorten(model)}.")
    given = [name for name in INHERITED if getattr(options, name) != getattr(BuildOptions, name)]
    if given:
        raise ConfigError(f"`{given[0]}` must be left out with `from_model`, which brings its own along.")
    if model.head.task.name != task:
        raise ConfigError(f"`from_model` must be a {task} classifier here; got a {model.head.task.name} one.")
    for depth in (0, len(names) - 1):
        if set(model.head.label_names) == set(names[depth]):
            return depth
    missing = sorted(set(names[-1]) ^ set(model.head.label_names))
    raise ConfigError(
        f"`from_model` must have the classes or the deepest subclasses of `subclasses` as its labels; they differ by "
        f"{shorten(missing)}."
    )


def _copy(model: Classifier) -> Classifier:
    copy: Classifier = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    return copy


def _take_over(head: HierarchicalHead, flat: ClassificationHead, depth: int) -> None:
    """Start a hierarchical head with the weights of a flat one: at that level its probabilities are the same."""
    for own, other in zip(head.hidden_layers, flat.hidden_layers, strict=True):
        own.set_weights(other.get_weights())
        own.trainable = other.trainable
    kernel, bias = flat.output_layer.get_weights()
    place = {name: index for index, name in enumerate(flat.label_names)}
    order = [place[name] for name in head.hierarchy.names[depth]]
    kernel, bias = np.array(kernel[:, order]), np.array(bias[order])
    if head.class_scores == "summed" and not depth:
        _share_out(head, kernel, bias)
        return
    layer = head.output_layers[-1 if depth else 0]
    layer.set_weights([kernel, bias])
    layer.trainable = flat.output_layer.trainable


def _share_out(head: HierarchicalHead, kernel: np.ndarray, bias: np.ndarray) -> None:
    """Copy each label's logit to its descendants, less the log of their number: they add up to its probability."""
    for parents in map(np.array, head.hierarchy.parents):
        kernel = kernel[:, parents]
        bias = bias[parents] - np.log(np.bincount(parents)[parents])
    head.output_layers[0].set_weights([kernel, bias])
