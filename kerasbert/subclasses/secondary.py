"""The secondary classifier: subclasses on the frozen features of a trained classifier of the classes."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_int, check_number, shorten
from kerasbert._core.errors import ConfigError, DataError
from kerasbert.batches.memory import Batches, make_batches
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.compiling import compile_classifier
from kerasbert.classifiers.hierarchical import build_hierarchical
from kerasbert.labels.hierarchy import CLASS, level_names, parse_tree
from kerasbert.labels.level_labels import collect_subclasses, encode_hierarchy, read_levels
from kerasbert.optimizers import AdamW, WarmupDecay
from kerasbert.saving.trained_classifier import TrainedClassifier
from kerasbert.subclasses.vectors import penultimate_features
from kerasbert.tasks.hierarchical import DEFAULT_LEVEL_TASK
from kerasbert.training.determinism import kept_random_state
from kerasbert.training.head_labels import check_head_labels

LEARNING_RATE = 1e-2
EPOCHS = 30
BATCH_SIZE = 64


def build_secondary(model: Classifier, subclasses: Mapping[str, Any], *, compile: bool = True) -> Classifier:
    """Build a hierarchical model over a trained classifier of the classes, with everything frozen but the subclasses.

    P(class) stays exactly what the trained model says; only P(subclass | class) is to be learned, with `train_secondary`.

    Args:
        model: trained, from `build_multiclass` (or `build_multilabel`, for independent labels); it stays as it is.
        subclasses: see `build_hierarchical`; the classes must be the model's.
        compile: see `build_multiclass`.

    Raises:
        ConfigError: when the classes are not the model's labels, or the tree is not one.
        TypeError: when `model` is no classifier with one flat head.

    Example:
        >>> model = build_multiclass(["billing", "shipping"], encoder=BertConfig(num_hidden_layers=1))
        >>> secondary = build_secondary(model, {"billing": ["refund", "invoice"], "shipping": ["late", "lost"]})
        >>> [weight.path for weight in secondary.trainable_weights]
        ['hierarchy/subclass_logits/kernel', 'hierarchy/subclass_logits/bias']
    """
    level_task = model.head.task.name if isinstance(model, Classifier) else DEFAULT_LEVEL_TASK
    if isinstance(model, Classifier) and set(model.head.label_names) != set(subclasses):
        wrong = sorted(set(model.head.label_names) ^ set(subclasses))
        raise ConfigError(f"`subclasses` must have the labels of `model` as its classes; they differ by {wrong}.")
    secondary = build_hierarchical(
        subclasses, from_model=model, level_task=level_task, class_scores="own", compile=False
    )
    head = secondary.hierarchy
    assert head is not None  # for the type checker
    for layer in (secondary.encoder, secondary.features, *head.hidden_layers, head.output_layers[0]):
        layer.trainable = False
    if compile:
        compile_classifier(secondary)
    return secondary


@kept_random_state()
def train_secondary(
    model: Classifier,
    train: Batches,
    validation: Batches | None = None,
    *,
    epochs: int = EPOCHS,
    learning_rate: float = LEARNING_RATE,
    batch_size: int = BATCH_SIZE,
    seed: int = 0,
) -> keras.callbacks.History:
    """Train the subclasses of a secondary classifier; every text goes through the encoder once.

    The rate falls linearly to zero. Rows whose subclass is unknown train nothing.

    Args:
        model: from `build_secondary`; its subclass layers are trained in place.
        train: batches with labels by level, see `encode_hierarchy`.
        validation: batches to report on.
        epochs: passes over the features, >= 1.
        learning_rate: peak rate, in (0, 1].
        batch_size: features in a step, >= 1.
        seed: of the order.

    Returns:
        Keras's history.

    Raises:
        ConfigError: when a number is out of its range.
        DataError: when no row has a known subclass.
        TypeError: when the batches have no labels by level.

    Example:
        >>> flat = build_multiclass(["a", "b"], encoder=BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1))
        >>> secondary = build_secondary(flat, {"a": ["a1", "a2"], "b": ["b1", "b2"]})
        >>> labels = {"class": np.array([0, 1]), "subclass": np.array([0, 3])}
        >>> batches = make_batches(TokenArrays.from_lists([[2, 5, 3], [2, 6, 3]]), labels)
        >>> len(train_secondary(secondary, batches, epochs=2).history["subclass_loss"])
        2
    """
    check_int("epochs", epochs, 1)
    check_int("batch_size", batch_size, 1)
    check_int("seed", seed, 0, 2**32 - 1)
    check_number("learning_rate", learning_rate, 0, 1, open_minimum=True)
    _check_labels(train)
    labels = check_head_labels(model, train, "The labels of `train`")
    if validation is not None and validation.labels is not None:
        check_head_labels(model, validation, "The labels of `validation`")
    keras.utils.set_random_seed(seed)
    assert model.hierarchy is not None  # for the type checker
    model.hierarchy.set_prior_bias(labels)
    features = penultimate_features(model, train.token_arrays, pad_id=train.pad_id)
    held_out = None
    if validation is not None:
        held_out = (penultimate_features(model, validation.token_arrays, pad_id=validation.pad_id), validation.labels)
    total_steps = epochs * -(-len(features) // batch_size)
    head = _head_alone(model, features.shape[1])
    head.compile(
        AdamW(WarmupDecay(learning_rate, total_steps=total_steps, warmup_steps=total_steps // 20)),
        loss={name: level.task.loss() for name, level in model.heads.items()},
        # The classes are frozen: their loss is a constant.
        loss_weights={name: float(name != CLASS) for name in model.heads},
        metrics={name: level.task.metrics() for name, level in model.heads.items()},
    )
    return head.fit(features, labels, batch_size=batch_size, epochs=epochs, validation_data=held_out, verbose=0)


def add_subclasses(
    trained: TrainedClassifier,
    texts: Sequence[str],
    labels: Mapping[str, Any],
    *,
    text_pairs: Sequence[str] | None = None,
    subclasses: Mapping[str, Any] | None = None,
    epochs: int = EPOCHS,
    seed: int = 0,
) -> TrainedClassifier:
    """Build and train a secondary classifier on a trained multi-class one, which stays as it is; the tokenizer is kept.

    Args:
        trained: with one multi-class head.
        texts: n texts.
        labels: level name -> n labels; the classes must be those of the classifier.
        text_pairs: n second texts.
        subclasses: see `build_hierarchical`; None collects them from the labels.
        epochs: passes over the features, which are computed once.
        seed: of the order.

    Raises:
        ConfigError: when the classifier is not a multi-class one, or its classes differ.
        DataError: when a text or a label cannot be used.
    """
    tree = None if subclasses is None else parse_tree(subclasses)
    cells = read_levels(labels, level_names(2) if tree is None else tree.levels, several=False)
    tree = tree or parse_tree(collect_subclasses(*cells.values()))
    encoded = encode_hierarchy(cells, tree)
    tokenizer = trained.tokenizer
    tokens = tokenizer.encode(texts, text_pairs)
    batches = make_batches(tokens, encoded, batch_size=BATCH_SIZE, pad_id=tokenizer.pad_id)
    model = build_secondary(trained.model, tree.to_tree())
    history = train_secondary(model, batches, epochs=epochs, seed=seed).history
    plain = {name: [float(value) for value in values] for name, values in history.items()}
    settings = {**trained.settings, "task": model.task_outputs.name, "label_names": None}
    return TrainedClassifier(model, tokenizer, settings=settings, history=plain)


def _head_alone(model: Classifier, hidden_size: int) -> keras.Model:
    """Build the hierarchy on features as input; its layers, and so its weights, are the model's own."""
    inputs = keras.Input((hidden_size,), name="features")
    assert model.hierarchy is not None  # for the type checker
    logs = model.hierarchy(inputs)
    return keras.Model(inputs, {name: level(logs[name]) for name, level in model.heads.items()}, name="head")


def _check_labels(train: Any) -> None:
    if not isinstance(train, Batches) or not isinstance(train.labels, dict) or CLASS not in train.labels:
        raise TypeError(
            f"`train` must be batches from kerasbert.data.make_batches(tokens, labels) with labels by level, as "
            f"encode_hierarchy gives them; got {shorten(train)}."
        )
    below = [np.asarray(array) for level, array in train.labels.items() if level != CLASS]
    if not any((array >= 0).any() for array in below):
        raise DataError("`train` must hold at least one row whose subclass is known; got none.")
