"""Fine-tuning by the recipe that works: a thin layer over `model.fit`."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_int, check_number, shorten, suggest_keywords
from kerasbert._core.errors import DataError
from kerasbert.classifiers.builders import HEAD_LEARNING_RATE, LEARNING_RATE, compile_classifier
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.data.batches import Batches
from kerasbert.optimizers import WarmupLinearDecay
from kerasbert.training.progress import Progress


@suggest_keywords
def finetune(
    model: Classifier,
    train: Batches,
    validation: Batches | None = None,
    *,
    epochs: int = 4,
    learning_rate: float = LEARNING_RATE,
    head_learning_rate: float = HEAD_LEARNING_RATE,
    weight_decay: float = 0.01,
    warmup: float = 0.1,
    clip_norm: float | None = 1.0,
    patience: int = 2,
    monitor: str | None = None,
    progress: bool = True,
    jit_compile: bool = False,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.callbacks.History:
    """Fine-tune a classifier; the defaults are the recipe that docs/recipe.md measures.

    The output bias of an untrained head starts at the label frequencies; AdamW runs without decay on biases and layer
    normalisation, with one rate for the encoder and one for the head, gradients clipped, linear warm-up and linear decay
    to zero. With validation data the weights of the best epoch are restored at the end, and training stops when there is
    no better one for `patience` epochs. Call `keras.utils.set_random_seed` first to repeat a run.

    Args:
        model: from a builder; it is compiled anew.
        train: labelled batches from `make_batches(..., shuffle=True)`.
        validation: labelled batches; None trains all epochs and keeps the last weights.
        epochs: passes over the training data, >= 1; the rate decays to zero over all of them.
        learning_rate: peak rate of the encoder, in (0, 1].
        head_learning_rate: peak rate of the heads, in (0, 1].
        weight_decay: decoupled decay, in [0, 1).
        warmup: share of all steps spent on warm-up, in [0, 1].
        clip_norm: largest global norm of the gradients; None for no clipping.
        patience: epochs without improvement before stopping, >= 1.
        monitor: quantity in the history that tells the best epoch; None takes the task's own: the sum of the validation
            losses for several heads, macro-F1 for multi-label, F1 for binary and accuracy for multi-class heads.
        progress: whether to show a bar with time left on standard error.
        jit_compile: whether to compile the step with XLA, once for each padded length.
        callbacks: further Keras callbacks.

    Returns:
        Keras's history.

    Raises:
        ConfigError: when a number is out of its range.
        TypeError: when `train` or `validation` are no batches, or a keyword is unknown.
        DataError: when there are no labelled examples.

    Example:
        >>> model = build_binary(encoder=BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1))
        >>> tokens = TokenArrays.from_lists([[2, 5, 3], [2, 6, 3]])
        >>> batches = make_batches(tokens, np.array([[0.0], [1.0]], "float32"), shuffle=True)
        >>> sorted(finetune(model, batches, epochs=1, progress=False).history)
        ['accuracy', 'f1', 'loss']

    Reference:
        Devlin et al., "BERT", 2019, appendix A.3; Mosbach et al., "On the Stability of Fine-tuning BERT", 2021.
    """
    _check_batches("train", train)
    if validation is not None:
        _check_batches("validation", validation)
    check_int("epochs", epochs, 1)
    check_int("patience", patience, 1)
    check_number("warmup", warmup, 0, 1)
    check_number("learning_rate", learning_rate, 0, 1, open_minimum=True)
    check_number("head_learning_rate", head_learning_rate, 0, 1, open_minimum=True)
    set_prior_bias(model, train.labels)
    total_steps = epochs * train.steps
    schedule = WarmupLinearDecay(learning_rate, total_steps=total_steps, warmup_steps=int(warmup * total_steps))
    compile_classifier(
        model,
        learning_rate=schedule,
        head_factor=head_learning_rate / learning_rate,
        weight_decay=weight_decay,
        clip_norm=clip_norm,
        jit_compile=jit_compile,
    )
    watchers = list(callbacks)
    if validation is not None:
        watchers.append(_keep_best(monitor or default_monitor(model), patience))
    if progress:
        watchers.append(Progress(train, epochs))
    return model.fit(
        train.dataset,
        validation_data=None if validation is None else validation.dataset,
        epochs=epochs,
        callbacks=watchers,
        shuffle=False,  # the batches shuffle themselves
        verbose=0,
    )


def set_prior_bias(model: Classifier, labels: Any) -> None:
    """Set the output bias of every head that was never trained to the label frequencies.

    A head counts as untrained while its output bias is all zeros.

    Args:
        model: from a builder.
        labels: labels of the training data, an array, or a dict of arrays by head.
    """
    if model.hierarchy is not None:
        model.hierarchy.set_prior_bias(labels)
        return
    for name, head in model.heads.items():
        bias = head.output_layer.bias
        if not np.any(keras.ops.convert_to_numpy(bias)):
            array = np.asarray(labels[name] if isinstance(labels, dict) else labels)
            bias.assign(head.task_row.prior_bias(array, head.head_task.units).astype("float32"))


def default_monitor(model: Classifier) -> str:
    """The quantity that tells the best epoch of a model.

    Returns:
        A name in the history, such as `"val_accuracy"`.
    """
    heads = list(model.heads.values())
    if model.hierarchy is not None:
        return f"{_monitor_of(heads[-1])}".replace("val_", f"val_{heads[-1].name}_")
    if len(heads) > 1:
        return "val_loss"
    return _monitor_of(heads[0])


def _monitor_of(head: ClassificationHead) -> str:
    return {"binary": "val_f1", "multiclass": "val_accuracy", "multilabel": "val_macro_f1"}[head.head_task.task]


class _KeepBest(keras.callbacks.EarlyStopping):
    """Early stopping that keeps the later of two equally good epochs, which has seen more and was trained at a lower rate."""

    def _is_improvement(self, monitor_value: Any, reference_value: Any) -> bool:
        return monitor_value == reference_value or super()._is_improvement(monitor_value, reference_value)


def _keep_best(monitor: str, patience: int) -> keras.callbacks.Callback:
    return _KeepBest(
        monitor=monitor,
        mode="min" if monitor.endswith("loss") else "max",
        patience=patience,
        restore_best_weights=True,
    )


def _check_batches(name: str, batches: Any) -> None:
    if not isinstance(batches, Batches):
        raise TypeError(
            f"`{name}` must be labelled batches from kerasbert.make_batches(tokens, labels); got {shorten(batches)} of "
            f"type {type(batches).__name__}."
        )
    if batches.labels is None or not batches.num_examples:
        raise DataError(f"`{name}` must hold at least one labelled example; got {batches.num_examples} without labels.")
