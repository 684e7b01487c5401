"""`build_layerwise`: a classifier on each of several layers, and `truncate`, which keeps one and drops what is above."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras

from kerasbert._core.checks import check_int, shorten, suggest_keywords
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import DEFAULT_ENCODER, SINGLE_HEAD
from kerasbert.classifiers.assembly import BuildOptions, EncoderLike, encode_inputs, finish, settle_folder
from kerasbert.classifiers.builders import build_heads
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.compiling import HEAD_LEARNING_RATE, LEARNING_RATE
from kerasbert.classifiers.features import Features, resolve_layers
from kerasbert.classifiers.given_pooling import copy_weights, own_copy
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.classifiers.pooling import PoolerPooling
from kerasbert.classifiers.votes import LayerVotes
from kerasbert.encoders.trainable_parts import copy_trainable
from kerasbert.tasks.task import Task
from kerasbert.tokenization.tokenizer import Tokenizer


@suggest_keywords
def build_layerwise(
    task: Task,
    *,
    layers: Sequence[int] | str = "all",
    encoder: EncoderLike = DEFAULT_ENCODER,
    pooling: str | keras.layers.Layer | None = None,
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
    """Build one classifier for each layer, trained together, and their vote under learned weights.

    Every layer has a pooling and a head of its own and a loss of its own, and all of these train the encoder; the loss of
    the vote trains the weights of the votes. Labels are those of one head. `model.votes.vote_weights` tells the weights,
    `score_layers` each layer's own score, `truncate` makes the smaller model that stops at a layer, and `predict_early`
    stops for each text as soon as the vote is sure.

    Arguments that are not named here are those of `build_multiclass`.

    Args:
        task: `Binary(...)`, `Multiclass(...)` or `Multilabel(...)`.
        layers: hidden states, at least two; 0 is the embeddings, -1 the last block. `"all"`: the output of every block.
        pooling: see `build_multiclass`; each layer gets one of its own. Not `"pooler"`.
        head_learning_rate: of everything above the encoder, the votes included.

    Returns:
        A `Classifier`; its output is a dict: `probabilities`, the vote, and `layer_3` and so on, each float32
        (batch, units).

    Raises:
        ConfigError: as `build_multiclass`; when there are fewer than two layers, or the pooling is `"pooler"`.
        TypeError: when an argument has the wrong type or an unknown name.

    Example:
        >>> model = build_layerwise(Multiclass(3), encoder=BertConfig(num_hidden_layers=2))
        >>> sorted(model.output), model.votes.vote_weights
        (['layer_1', 'layer_2', 'probabilities'], {1: 0.5, 2: 0.5})

    Reference:
        Xin et al., "DeeBERT: Dynamic Early Exiting for Accelerating BERT Inference", 2020.
    """
    if not isinstance(task, Task):
        raise TypeError(f"`task` must be Binary(...), Multiclass(...) or Multilabel(...); got {shorten(task)}.")
    options = BuildOptions.among(locals())
    source, given, length = settle_folder(options)
    if isinstance(given, PoolerPooling):
        raise ConfigError("`pooling` must not be 'pooler' in a layerwise model: it reads the last block alone.")
    chosen = _check_layers(layers, source.config.num_hidden_layers)
    heads = [ClassificationHead(task, name=f"layer_{layer}", **options.head) for layer in chosen]
    encoder_layer = source.build(num_hidden_layers=max(chosen), add_pooling_layer=False, name="encoder")
    inputs, mask, output = encode_inputs(encoder_layer, options, length)
    outputs: dict[str, Any] = {}
    for layer, head in zip(chosen, heads, strict=True):
        features = Features(own_copy(given), layer_indices=(layer,), max_length=length, name=f"features_{layer}")
        outputs[head.name] = head(features((output.hidden_states[layer],), mask))
        copy_weights(given, features.pooling)
    votes = LayerVotes(task, chosen, name=SINGLE_HEAD)
    return finish(inputs, {SINGLE_HEAD: votes(list(outputs.values())), **outputs}, options)


def truncate(model: Classifier, layer: int) -> Classifier:
    """Cut a layerwise model down to the classifier of one layer; the model stays as it is.

    Args:
        model: from `build_layerwise`.
        layer: one of its layers, negative from the end of its encoder.

    Returns:
        A plain `Classifier`, not compiled, whose encoder has no block above that layer.

    Raises:
        ConfigError: when the model is not layerwise or has no classifier on that layer.
        TypeError: when `layer` is no integer.
    """
    votes = check_layerwise(model)
    total = model.encoder.config.num_hidden_layers
    check_int("layer", layer, -total - 1, total, "the hidden states of the model")
    layer = layer if layer >= 0 else total + 1 + layer
    if layer not in votes.layer_indices:
        raise ConfigError(f"`layer` must be one of {', '.join(map(str, votes.layer_indices))}; got {layer}.")
    with _same_precision(model):
        smaller = _plain(model, layer)
    _copy_weights(model, smaller, layer)
    return smaller


def check_layerwise(model: Any) -> LayerVotes:
    """Return the votes of a layerwise model; refuse any other."""
    votes: LayerVotes | None = getattr(model, "votes", None)
    if votes is None:
        raise ConfigError(
            f"`model` must be a layerwise classifier, from build_layerwise or TextClassifier(layerwise=True); got "
            f"{shorten(model)}."
        )
    return votes


def _check_layers(layers: Any, total: int) -> tuple[int, ...]:
    chosen = (
        tuple(range(1, total + 1)) if isinstance(layers, str) and layers == "all" else resolve_layers(layers, total)
    )
    if len(chosen) < 2:
        raise ConfigError(f"`layers` must name at least two hidden states of a layerwise model; got {shorten(layers)}.")
    return tuple(sorted(chosen))


def _plain(model: Classifier, layer: int) -> Classifier:
    head, features = model.trained_heads[f"layer_{layer}"], model.get_layer(f"features_{layer}")
    options = {
        "encoder": model.encoder.config.replace(num_hidden_layers=max(layer, 1)),
        "layers": layer,
        "pooling": features.pooling,
        **head.options,
        "max_length": model.max_length,
        "preprocessing": False if model.text_tokens is None else model.text_tokens.tokenizer,
        "compile": False,
        "name": model.name,
    }
    return build_heads({SINGLE_HEAD: head.task}, options)


def _copy_weights(model: Classifier, smaller: Classifier, layer: int) -> None:
    pairs: list[tuple[Any, Any]] = [
        (model.encoder.embeddings, smaller.encoder.embeddings),
        *zip(model.encoder.blocks, smaller.encoder.blocks, strict=False),
        (model.get_layer(f"features_{layer}"), smaller.features),
        (model.trained_heads[f"layer_{layer}"], smaller.head),
    ]
    for one, other in pairs:
        values = {_name_in(one, weight): weight for weight in one.weights}
        for weight in other.weights:
            weight.assign(values[_name_in(other, weight)])
        copy_trainable(one, other)


def _name_in(layer: Any, weight: Any) -> str:
    """Return a weight's path below its layer."""
    return str(weight.path.partition(f"{layer.name}/")[2])


@contextlib.contextmanager
def _same_precision(model: Classifier) -> Iterator[None]:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(model.encoder.dtype_policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
