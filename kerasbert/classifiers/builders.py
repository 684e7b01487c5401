"""The builders: one call from a choice of encoder, layers, pooling and head to a compiled Keras model."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras

from kerasbert._core.checks import check_bool, check_int, check_name, check_number, shorten, suggest_keywords
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import ATTENTION_MASK, DEFAULT_ENCODER, INPUT_NAMES, WINDOW_ROWS
from kerasbert._core.names import SINGLE_HEAD as SINGLE_HEAD
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.features import Features, resolve_layers
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.classifiers.hierarchical_head import LevelProbabilities
from kerasbert.classifiers.pooling import MultiHeadAttentionPooling, PoolerPooling, Pooling, as_pooling
from kerasbert.classifiers.windows import WindowPooling
from kerasbert.encoders.config import BertConfig
from kerasbert.encoders.encoder import Encoder
from kerasbert.encoders.source import encoder_for
from kerasbert.optimizers import AdamW
from kerasbert.optimizers.adamw import check_patterns
from kerasbert.tasks.binary import Binary
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel
from kerasbert.tasks.task import Task
from kerasbert.tokenization.tokenizer_settings import DEFAULT_MAX_LENGTH

# The recipe that docs/recipe.md measures: a fresh head needs a far higher rate than a pretrained encoder.
LEARNING_RATE = 1.5e-4
HEAD_LEARNING_RATE = 2e-3

EncoderLike = Any


@suggest_keywords
def build_binary(
    *,
    label_names: Sequence[str] = ("0", "1"),
    encoder: EncoderLike = DEFAULT_ENCODER,
    layers: int | Sequence[int] | None = None,
    combine: str = "concat",
    combine_before_pooling: bool = False,
    pooling: str | Pooling = "mean",
    window_pooling: str | Pooling | None = None,
    hidden_units: Sequence[int] = (),
    hidden_activation: str = "relu",
    dropout: float = 0.1,
    activation: str | None = None,
    max_length: int | None = None,
    learning_rate: float = LEARNING_RATE,
    head_learning_rate: float = HEAD_LEARNING_RATE,
    compile: bool = True,
    name: str = "classifier",
) -> Classifier:
    """Build a yes-or-no classifier: one sigmoid unit, labels (batch,) or (batch, 1) of 0 or 1.

    The other arguments, what is returned and what is raised are those of `build_multiclass`.

    Args:
        label_names: names of the negative and the positive label.
        encoder: see `build_multiclass`.
        layers: see `build_multiclass`.
        combine: see `build_multiclass`.
        combine_before_pooling: see `build_multiclass`.
        pooling: see `build_multiclass`.
        window_pooling: see `build_multiclass`.
        hidden_units: see `build_multiclass`.
        hidden_activation: see `build_multiclass`.
        dropout: see `build_multiclass`.
        activation: `"sigmoid"` (default) or `"linear"` for a logit.
        max_length: see `build_multiclass`.
        learning_rate: see `build_multiclass`.
        head_learning_rate: see `build_multiclass`.
        compile: see `build_multiclass`.
        name: see `build_multiclass`.

    Returns:
        A compiled `Classifier`; its output is P(positive), float32 (batch, 1).

    Raises:
        ConfigError: as `build_multiclass`.
        TypeError: as `build_multiclass`.

    Example:
        >>> model = build_binary(label_names=["ham", "spam"], encoder=BertConfig(num_hidden_layers=1))
        >>> model.output.shape
        (None, 1)
    """
    return _assemble({SINGLE_HEAD: Binary(label_names)}, **_all_but(locals(), "label_names"))


@suggest_keywords
def build_multiclass(
    num_classes: int | Sequence[str],
    *,
    encoder: EncoderLike = DEFAULT_ENCODER,
    layers: int | Sequence[int] | None = None,
    combine: str = "concat",
    combine_before_pooling: bool = False,
    pooling: str | Pooling = "mean",
    window_pooling: str | Pooling | None = None,
    hidden_units: Sequence[int] = (),
    hidden_activation: str = "relu",
    dropout: float = 0.1,
    activation: str | None = None,
    max_length: int | None = None,
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
        combine_before_pooling: False pools each hidden state and combines the vectors; True combines the hidden states token by
            token and pools the result once.
        pooling: `"mean"`, `"cls"`, `"last"`, `"max"`, `"pooler"`, `"attention"`, `"multihead_attention"`, or a pooling
            layer.
        window_pooling: None for texts that are one row each; `"mean"`, `"max"` or `"attention"` for texts in windows: the
            inputs are then the windows of all texts of a batch, the further input `window_rows` says which are whose, and
            this pooling reads the windows' vectors. `Tokenizer` with `LongTexts("windows")` and `make_batches` give them.
        hidden_units: widths of hidden layers in the head.
        hidden_activation: their activation, a Keras name.
        dropout: rate in [0, 1) in the head.
        activation: `"softmax"` (default) or `"linear"` for logits.
        max_length: longest input in tokens, from 3 to the checkpoint's positions; None means 128, or fewer where the
            checkpoint has fewer.
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
    return _assemble({SINGLE_HEAD: Multiclass(num_classes)}, **_all_but(locals(), "num_classes"))


@suggest_keywords
def build_multilabel(
    num_labels: int | Sequence[str],
    *,
    encoder: EncoderLike = DEFAULT_ENCODER,
    layers: int | Sequence[int] | None = None,
    combine: str = "concat",
    combine_before_pooling: bool = False,
    pooling: str | Pooling = "mean",
    window_pooling: str | Pooling | None = None,
    hidden_units: Sequence[int] = (),
    hidden_activation: str = "relu",
    dropout: float = 0.1,
    activation: str | None = None,
    max_length: int | None = None,
    learning_rate: float = LEARNING_RATE,
    head_learning_rate: float = HEAD_LEARNING_RATE,
    compile: bool = True,
    name: str = "classifier",
) -> Classifier:
    """Build a classifier of independent labels, any number of which apply: sigmoids, labels (batch, num_labels) of 0 or 1.

    The other arguments, what is returned and what is raised are those of `build_multiclass`.

    Args:
        num_labels: number of labels, >= 1, or their names, which travel with the model.
        encoder: see `build_multiclass`.
        layers: see `build_multiclass`.
        combine: see `build_multiclass`.
        combine_before_pooling: see `build_multiclass`.
        pooling: see `build_multiclass`.
        window_pooling: see `build_multiclass`.
        hidden_units: see `build_multiclass`.
        hidden_activation: see `build_multiclass`.
        dropout: see `build_multiclass`.
        activation: `"sigmoid"` (default) or `"linear"` for logits.
        max_length: see `build_multiclass`.
        learning_rate: see `build_multiclass`.
        head_learning_rate: see `build_multiclass`.
        compile: see `build_multiclass`.
        name: see `build_multiclass`.

    Returns:
        A compiled `Classifier`; its output is float32 (batch, num_labels).

    Raises:
        ConfigError: as `build_multiclass`.
        TypeError: as `build_multiclass`.

    Example:
        >>> build_multilabel(num_labels=10, encoder=BertConfig(num_hidden_layers=1)).output.shape
        (None, 10)
    """
    return _assemble({SINGLE_HEAD: Multilabel(num_labels)}, **_all_but(locals(), "num_labels"))


@suggest_keywords
def build_multitask(
    heads: Mapping[str, Task],
    *,
    encoder: EncoderLike = DEFAULT_ENCODER,
    layers: int | Sequence[int] | None = None,
    combine: str = "concat",
    combine_before_pooling: bool = False,
    pooling: str | Pooling = "mean",
    window_pooling: str | Pooling | None = None,
    hidden_units: Sequence[int] = (),
    hidden_activation: str = "relu",
    dropout: float = 0.1,
    max_length: int | None = None,
    learning_rate: float = LEARNING_RATE,
    head_learning_rate: float = HEAD_LEARNING_RATE,
    compile: bool = True,
    name: str = "classifier",
) -> Classifier:
    """Build several named heads over one encoder: several multi-class questions and some flags at once.

    The other arguments and what is raised are those of `build_multiclass`. The loss is the sum of the heads' losses.

    Args:
        heads: head name -> `Binary(...)`, `Multiclass(...)` or `Multilabel(...)`; names of letters, digits, `_`.
        encoder: see `build_multiclass`.
        layers: see `build_multiclass`.
        combine: see `build_multiclass`.
        combine_before_pooling: see `build_multiclass`.
        pooling: see `build_multiclass`.
        window_pooling: see `build_multiclass`.
        hidden_units: see `build_multiclass`; the same for each head.
        hidden_activation: see `build_multiclass`.
        dropout: see `build_multiclass`.
        max_length: see `build_multiclass`.
        learning_rate: see `build_multiclass`.
        head_learning_rate: see `build_multiclass`.
        compile: see `build_multiclass`.
        name: see `build_multiclass`.

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
    return _assemble(_check_heads(heads), activation=None, **_all_but(locals(), "heads"))


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
    layer = ClassificationHead(
        task,
        activation=activation,
        hidden_units=hidden_units,
        hidden_activation=hidden_activation,
        dropout=dropout,
        name=SINGLE_HEAD,
    )
    inputs = keras.Input((hidden_size,), name="features")
    model = keras.Model(inputs, layer(inputs), name=name)
    if compile:
        metrics = task.metrics(layer.activation)
        model.compile(AdamW(learning_rate), loss=task.loss(layer.activation), metrics=metrics)
    return model


def _assemble(
    heads: dict[str, Task],
    *,
    encoder: EncoderLike,
    layers: int | Sequence[int] | None,
    combine: str,
    combine_before_pooling: bool,
    pooling: str | Pooling,
    window_pooling: str | Pooling | None,
    hidden_units: Sequence[int],
    hidden_activation: str,
    dropout: float,
    activation: str | None,
    max_length: int | None,
    learning_rate: float,
    head_learning_rate: float,
    compile: bool,
    name: str,
) -> Classifier:
    check_number("learning_rate", learning_rate, 0, 1, open_minimum=True)
    check_number("head_learning_rate", head_learning_rate, 0, 1, open_minimum=True)
    check_bool("compile", compile)
    check_name("name", name)
    # Made before the encoder is loaded, so that a wrong argument is told at once.
    head_layers = {
        head_name: ClassificationHead(
            head,
            activation=activation,
            hidden_units=hidden_units,
            hidden_activation=hidden_activation,
            dropout=dropout,
            name=head_name,
        )
        for head_name, head in heads.items()
    }
    windows = None if window_pooling is None else WindowPooling(window_pooling, name="windows")
    features = Features(
        as_pooling(pooling), combine=combine, combine_before_pooling=combine_before_pooling, name="features"
    )
    encoder_layer, chosen = _encoder_up_to(encoder, layers, features)
    features.max_length = check_max_length(max_length, encoder_layer.config)
    features.layer_indices = chosen
    inputs = {key: keras.Input((None,), dtype="int32", name=key) for key in INPUT_NAMES}
    output = encoder_layer(*(inputs[key] for key in INPUT_NAMES), output_hidden_states=True, output_attentions=False)
    states = (output.pooler_output,) if encoder_layer.pooler else tuple(output.hidden_states[i] for i in chosen)
    vector = features(states, inputs[ATTENTION_MASK])
    if windows is not None:
        inputs[WINDOW_ROWS] = keras.Input((None,), dtype="int32", name=WINDOW_ROWS)
        vector = windows(vector, inputs[WINDOW_ROWS])
    outputs: Any = {head_name: layer(vector) for head_name, layer in head_layers.items()}
    model = Classifier(
        inputs, outputs if len(outputs) > 1 or SINGLE_HEAD not in outputs else outputs[SINGLE_HEAD], name=name
    )
    if compile:
        compile_classifier(model, learning_rate=learning_rate, head_learning_rate=head_learning_rate)
    return model


def compile_classifier(
    model: Classifier,
    *,
    learning_rate: Any = LEARNING_RATE,
    head_learning_rate: float = HEAD_LEARNING_RATE,
    weight_decay: float = 0.01,
    global_clipnorm: float | None = 1.0,
    head_factor: float | None = None,
    **compile_arguments: Any,
) -> None:
    """Compile a classifier with the loss and metrics of its heads and with `AdamW` at two rates.

    Args:
        model: from a builder.
        learning_rate: rate of the encoder: a number, or a schedule together with `head_factor`.
        head_learning_rate: rate of the heads.
        weight_decay: decoupled decay of kernels and embeddings, in [0, 1).
        global_clipnorm: largest global norm of the gradients; None for no clipping.
        head_factor: rate of the heads over that of the encoder; None takes it from the two rates.
        **compile_arguments: other arguments of `keras.Model.compile`, such as `jit_compile`.

    Raises:
        ConfigError: when a number is out of its range.
    """
    factor = head_learning_rate / learning_rate if head_factor is None else head_factor
    optimizer = AdamW(
        learning_rate,
        weight_decay,
        rate_factors={f"{model.encoder.name}/": 1.0, "": factor},
        global_clipnorm=global_clipnorm,
    )
    compile_heads(model, model.trained_heads, optimizer, **compile_arguments)


def compile_heads(
    model: keras.Model,
    heads: Mapping[str, ClassificationHead],
    optimizer: keras.optimizers.Optimizer,
    *,
    losses: Mapping[str, keras.losses.Loss] | None = None,
    **compile_arguments: Any,
) -> None:
    """Compile a model that ends in some heads with their losses and metrics.

    Args:
        model: its outputs are those of the heads.
        heads: head name -> head.
        optimizer: wrapped by loss scaling where the model computes in float16.
        losses: head name -> loss; None takes those of the task table.
        **compile_arguments: other arguments of `keras.Model.compile`.

    Raises:
        ConfigError: when a pattern of an `AdamW` matches no weight.
    """
    check_patterns(optimizer, model.weights)
    chosen: Any = dict(losses or {name: head.task.loss(head.activation) for name, head in heads.items()})
    metrics: Any = {name: head.task.metrics(head.activation) for name, head in heads.items()}
    if not isinstance(model.output, dict):
        chosen, metrics = next(iter(chosen.values())), next(iter(metrics.values()))
    if any(layer.compute_dtype == "float16" for layer in model.layers if layer.weights):
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    weights = {name: head.loss_weight for name, head in heads.items() if isinstance(head, LevelProbabilities)}
    own = {"auto_scale_loss": False, "loss_weights": weights or None}
    model.compile(optimizer, loss=chosen, metrics=metrics, **{**own, **compile_arguments})


def check_max_length(max_length: int | None, config: BertConfig) -> int:
    """The longest input in tokens: the value given, or `DEFAULT_MAX_LENGTH` where the encoder has as many positions.

    Raises:
        ConfigError: when it is below 3 ([CLS], one token, [SEP]) or above the encoder's positions.
        TypeError: when it is no integer.
    """
    if max_length is None:
        return min(DEFAULT_MAX_LENGTH, config.max_length)
    return check_int("max_length", max_length, 3, config.max_length, "the encoder's positions")


def _encoder_up_to(
    encoder: EncoderLike, layers: int | Sequence[int] | None, features: Features
) -> tuple[Encoder, tuple[int, ...]]:
    source = encoder_for(encoder)
    total = source.config.num_hidden_layers
    chosen = resolve_layers(layers, total)
    needs_pooler = isinstance(features.pooling, PoolerPooling)
    if needs_pooler and chosen != (total,):
        raise ConfigError(
            f"`layers` must be None with pooling='pooler', which reads the last block; got {shorten(layers)}."
        )
    if features.combination is not None and len(chosen) == 1:
        raise ConfigError(
            f"`combine` must be 'concat', 'max' or 'mean' with one hidden state, where {features.combine!r} has nothing "
            f"to weigh; got layers {shorten(layers)}. Name several, such as layers=(-4, -3, -2, -1)."
        )
    if features.combine_before_pooling and needs_pooler:
        raise ConfigError(
            "`combine_before_pooling` must be False with pooling='pooler', which reads one vector; got True."
        )
    if isinstance(features.pooling, MultiHeadAttentionPooling):
        joined = len(chosen) if features.combine_before_pooling and features.combine == "concat" else 1
        features.pooling.check_width(source.config.hidden_size * joined)
    built = source.build(num_hidden_layers=max(max(chosen), 1), add_pooling_layer=needs_pooler, name="encoder")
    if needs_pooler and built.pooler is None:
        raise ConfigError("`pooling` must not be 'pooler' with this encoder, which has none; use 'mean' or 'cls'.")
    return built, chosen


def _check_heads(heads: Any) -> dict[str, Task]:
    if not isinstance(heads, Mapping) or not heads:
        raise TypeError(
            f"`heads` must be a dict of head name -> Binary, Multiclass or Multilabel; got {shorten(heads)}."
        )
    for name, task in heads.items():
        if (
            not isinstance(name, str)
            or not name.isidentifier()
            or name in ("encoder", "features", "windows", WINDOW_ROWS, *INPUT_NAMES)
        ):
            raise ConfigError(
                f"`heads` must have names of letters, digits and '_' that no layer has; got {shorten(name)}."
            )
        if not isinstance(task, Task):
            raise TypeError(
                f"`heads[{name!r}]` must be Binary(...), Multiclass(...) or Multilabel(...); got {shorten(task)}."
            )
    return dict(heads)


def _all_but(arguments: dict[str, Any], *names: str) -> dict[str, Any]:
    return {key: value for key, value in arguments.items() if key not in names}
