"""The builders: one call from a choice of encoder, layers, pooling and head to a compiled Keras model."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kerasbert._core.checks import check_bool, check_int, check_name, check_number, shorten, suggest_keywords
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import DEFAULT_ENCODER, INPUT_NAMES, SINGLE_HEAD, TEXTS, WINDOW_ROWS
from kerasbert.classifiers.assembly import BuildOptions, EncoderLike, build
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.compiling import HEAD_LEARNING_RATE, LEARNING_RATE, compile_heads
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.optimizers import AdamW
from kerasbert.tasks.binary import Binary
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel
from kerasbert.tasks.task import Task
from kerasbert.tokenization.tokenizer import Tokenizer

# What layers and inputs of a classifier are called, which no head may be.
LAYER_NAMES = ("encoder", "features", "windows", "text_tokens", TEXTS, WINDOW_ROWS, *INPUT_NAMES)


@suggest_keywords
def build_binary(
    *,
    label_names: Sequence[str] = ("0", "1"),
    encoder: EncoderLike = DEFAULT_ENCODER,
    layers: int | Sequence[int] | None = None,
    combine: str = "concat",
    combine_before_pooling: bool = False,
    pooling: str | keras.layers.Layer | None = None,
    window_pooling: str | keras.layers.Layer | None = None,
    hidden_units: Sequence[int] = (),
    hidden_activation: str = "relu",
    dropout: float = 0.1,
    activation: str | None = None,
    max_length: int | None = None,
    preprocessing: bool | Tokenizer = False,
    learning_rate: float = LEARNING_RATE,
    head_learning_rate: float = HEAD_LEARNING_RATE,
    compile: bool = True,
    name: str = "classifier",
) -> Classifier:
    """Build a yes-or-no classifier: one sigmoid unit, labels (batch,) or (batch, 1) of 0 or 1.

    Arguments that are not named here, and what is raised, are those of `build_multiclass`.

    Args:
        label_names: names of the negative and the positive label.
        activation: `"sigmoid"` (default) or `"linear"` for a logit.

    Returns:
        A compiled `Classifier`; its output is P(positive), float32 (batch, 1).

    Example:
        >>> model = build_binary(label_names=["ham", "spam"], encoder=BertConfig(num_hidden_layers=1))
        >>> model.output.shape
        (None, 1)
    """
    return build_heads({SINGLE_HEAD: Binary(label_names)}, locals())


@suggest_keywords
def build_multiclass(
    num_classes: int | Sequence[str],
    *,
    encoder: EncoderLike = DEFAULT_ENCODER,
    layers: int | Sequence[int] | None = None,
    combine: str = "concat",
    combine_before_pooling: bool = False,
    pooling: str | keras.layers.Layer | None = None,
    window_pooling: str | keras.layers.Layer | None = None,
    hidden_units: Sequence[int] = (),
    hidden_activation: str = "relu",
    dropout: float = 0.1,
    activation: str | None = None,
    max_length: int | None = None,
    preprocessing: bool | Tokenizer = False,
    learning_rate: float = LEARNING_RATE,
    head_learning_rate: float = HEAD_LEARNING_RATE,
    compile: bool = True,
    name: str = "classifier",
) -> Classifier:
    """Build a classifier that chooses one of several classes: softmax, labels (batch,) of class ids.

    Args:
        num_classes: number of classes, >= 2, or their names, which travel with the model.
        encoder: name or folder of a checkpoint, a `BertConfig` (fresh weights), or a `TFBertModel`, PyTorch `BertModel`
            or transformers 4 `TFBertModel`, whose weights are copied.
        layers: hidden states to read: 0 is the embeddings, -1 (the default) the last block. Blocks above the highest
            one are not built.
        combine: how several hidden states become one: `"concat"`, `"mean"`, `"max"`, `"weighted"` (a learned mix with a
            scale, the same for every text) or `"attention"` (a learned mix for each text). The learned ones need at
            least two hidden states.
        combine_before_pooling: False pools each hidden state and combines the vectors; True combines the hidden states
            token by token and pools the result once.
        pooling: how the tokens become one vector: `"mean"`, `"cls"`, `"attention"` or another name (a wrong one is answered
            with all of them), a layer of `kb.layers`, or a Keras layer with `call(hidden_states, attention_mask)`; a layer is
            copied with its weights. None: what the folder of a sentence-transformers encoder says, else `"mean"`.
        window_pooling: None for texts that are one row each; `"mean"`, `"max"` or `"attention"` for texts in windows: the
            inputs are then the windows of all texts of a batch, the further input `window_rows` says which are whose, and
            this pooling reads the windows' vectors. `Tokenizer` with `LongTexts("windows")` and `make_batches` give them.
        hidden_units: widths of hidden layers in the head.
        hidden_activation: their activation, a Keras name.
        dropout: rate in [0, 1) in the head.
        activation: `"softmax"` (default) or `"linear"` for logits.
        max_length: longest input in tokens, from 3 to the checkpoint's positions; None: what the folder of a
            sentence-transformers encoder says, else 128, or fewer where the checkpoint has fewer.
        preprocessing: True puts the tokenizer of the encoder's folder in front, so that `fit` and `predict` take texts; a
            `Tokenizer` that one. On the TensorFlow backend, with WordPiece tokenizers. Such a model is saved by
            `model.save` and exported by `model.export`.
        learning_rate: rate of the encoder, > 0.
        head_learning_rate: rate of everything above the encoder, > 0.
        compile: whether to compile with the task's loss and metrics and with `AdamW` at these rates (no decay on biases
            and normalisation, gradients clipped to norm 1).
        name: name of the model.

    Returns:
        A `Classifier`, a functional Keras model; its output is float32 (batch, num_classes).

    Raises:
        ConfigError: when an argument is out of its range or does not go with another; the message says what does.
        TypeError: when an argument has the wrong type or an unknown name.

    Example:
        >>> model = build_multiclass(["red", "green", "blue"], encoder=BertConfig(num_hidden_layers=1))
        >>> model.output.shape, model.head.label_names
        ((None, 3), ('red', 'green', 'blue'))

    Reference:
        Devlin et al., "BERT", 2019, section 4.1, with the changes that docs/recipe.md measures.
    """
    return build_heads({SINGLE_HEAD: Multiclass(num_classes)}, locals())


@suggest_keywords
def build_multilabel(
    num_labels: int | Sequence[str],
    *,
    encoder: EncoderLike = DEFAULT_ENCODER,
    layers: int | Sequence[int] | None = None,
    combine: str = "concat",
    combine_before_pooling: bool = False,
    pooling: str | keras.layers.Layer | None = None,
    window_pooling: str | keras.layers.Layer | None = None,
    hidden_units: Sequence[int] = (),
    hidden_activation: str = "relu",
    dropout: float = 0.1,
    activation: str | None = None,
    max_length: int | None = None,
    preprocessing: bool | Tokenizer = False,
    learning_rate: float = LEARNING_RATE,
    head_learning_rate: float = HEAD_LEARNING_RATE,
    compile: bool = True,
    name: str = "classifier",
) -> Classifier:
    """Build a classifier of independent labels, any number of which apply: sigmoids, labels (batch, num_labels) of 0 or 1.

    Arguments that are not named here, and what is raised, are those of `build_multiclass`.

    Args:
        num_labels: number of labels, >= 1, or their names, which travel with the model.
        activation: `"sigmoid"` (default) or `"linear"` for logits.

    Returns:
        A compiled `Classifier`; its output is float32 (batch, num_labels).

    Example:
        >>> build_multilabel(num_labels=10, encoder=BertConfig(num_hidden_layers=1)).output.shape
        (None, 10)
    """
    return build_heads({SINGLE_HEAD: Multilabel(num_labels)}, locals())


@suggest_keywords
def build_multitask(
    heads: Mapping[str, Task],
    *,
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
    """Build several named heads over one encoder: several multi-class questions and some flags at once.

    The loss is the sum of the heads' losses. Arguments that are not named here, and what is raised, are those of
    `build_multiclass`; hidden layers are the same for each head.

    Args:
        heads: head name -> `Binary(...)`, `Multiclass(...)` or `Multilabel(...)`; names of letters, digits, `_`.

    Returns:
        A compiled `Classifier`; outputs and labels are dicts by head name.

    Raises:
        ConfigError: as `build_multiclass`, and when a head's name cannot be used.
        TypeError: as `build_multiclass`, and when `heads` is no dict of head tasks.

    Example:
        >>> heads = {"topic": Multiclass(5), "flags": Multilabel(4)}
        >>> model = build_multitask(heads, encoder=BertConfig(num_hidden_layers=1))
        >>> {name: output.shape for name, output in model.output.items()}
        {'topic': (None, 5), 'flags': (None, 4)}
    """
    return build_heads(_check_heads(heads), locals())


@suggest_keywords
def build_head(
    task: Task,
    hidden_size: int,
    *,
    hidden_units: Sequence[int] = (),
    hidden_activation: str = "relu",
    dropout: float = 0.1,
    activation: str | None = None,
    learning_rate: float = HEAD_LEARNING_RATE,
    compile: bool = True,
    name: str = "head",
) -> keras.Model:
    """Build a head alone, on vectors that are given: features computed once, or of any other encoder.

    Args:
        task: `Binary(...)`, `Multiclass(...)` or `Multilabel(...)`.
        hidden_size: width of the vectors, >= 1.
        hidden_units: widths of hidden layers.
        hidden_activation: their activation, a Keras name.
        dropout: rate in [0, 1).
        activation: output activation; None for the task's own.
        learning_rate: of AdamW, > 0.
        compile: whether to compile with the task's loss and metrics.
        name: name of the model.

    Returns:
        A functional Keras model from (batch, hidden_size) to float32 (batch, units).

    Raises:
        ConfigError: when an argument is out of its range or does not go with another.
        TypeError: when an argument has the wrong type.

    Example:
        >>> build_head(Multiclass(3), 8).output.shape
        (None, 3)
    """
    if not isinstance(task, Task):
        raise TypeError(f"`task` must be Binary(...), Multiclass(...) or Multilabel(...); got {shorten(task)}.")
    check_int("hidden_size", hidden_size, 1, 1_000_000)
    check_number("learning_rate", learning_rate, 0, 1, open_minimum=True)
    check_bool("compile", compile)
    check_name("name", name)
    hidden: dict[str, Any] = {"hidden_units": hidden_units, "hidden_activation": hidden_activation, "dropout": dropout}
    layer = ClassificationHead(task, activation=activation, **hidden, name=SINGLE_HEAD)
    inputs = keras.Input((hidden_size,), name="features")
    model = keras.Model(inputs, layer(inputs), name=name)
    if compile:
        compile_heads(model, {SINGLE_HEAD: layer}, AdamW(learning_rate))
    return model


def build_heads(heads: Mapping[str, Task], arguments: Mapping[str, Any]) -> Classifier:
    """Build a classifier of flat heads; `SINGLE_HEAD` alone gives one output instead of a dict.

    Args:
        heads: head name -> task.
        arguments: of a builder, among them the shared options.
    """
    options = BuildOptions.among(arguments)
    layers = {
        name: ClassificationHead(task, activation=options.activation, **options.head, name=name)
        for name, task in heads.items()
    }

    def outputs_of(vector: Any) -> Any:
        outputs = {name: layer(vector) for name, layer in layers.items()}
        return outputs[SINGLE_HEAD] if list(outputs) == [SINGLE_HEAD] else outputs

    return build(outputs_of, options)


def _check_heads(heads: Any) -> dict[str, Task]:
    if not isinstance(heads, Mapping) or not heads:
        raise TypeError(
            f"`heads` must be a dict of head name -> Binary, Multiclass or Multilabel; got {shorten(heads)}."
        )
    for name, task in heads.items():
        if not isinstance(name, str) or not name.isidentifier() or name in LAYER_NAMES:
            raise ConfigError(
                f"`heads` must have names of letters, digits and '_' that no layer has; got {shorten(name)}."
            )
        if not isinstance(task, Task):
            raise TypeError(
                f"`heads[{name!r}]` must be Binary(...), Multiclass(...) or Multilabel(...); got {shorten(task)}."
            )
    return dict(heads)
