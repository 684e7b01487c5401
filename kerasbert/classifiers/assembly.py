"""The one build behind all builders: encoder, features, windows, and the heads that read a text's vector."""

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import keras

from kerasbert._core.checks import check_bool, check_int, check_name, check_number, shorten
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import ATTENTION_MASK, DEFAULT_ENCODER, DEFAULT_MAX_LENGTH, INPUT_NAMES, TEXTS, WINDOW_ROWS
from kerasbert._core.sentence_folders import tell_defaults
from kerasbert.classifiers.classifier import Classifier
from kerasbert.classifiers.compiling import HEAD_LEARNING_RATE, LEARNING_RATE, compile_classifier
from kerasbert.classifiers.features import Features, resolve_layers
from kerasbert.classifiers.given_pooling import as_pooling, copy_weights, own_copy
from kerasbert.classifiers.pooling import MultiHeadAttentionPooling, PoolerPooling, Pooling
from kerasbert.classifiers.text_tokens import TextTokens, check_backend
from kerasbert.classifiers.windows import WindowPooling
from kerasbert.encoders.config import BertConfig
from kerasbert.encoders.encoder import Encoder
from kerasbert.encoders.outputs import EncoderOutput
from kerasbert.encoders.source import EncoderSource, encoder_for
from kerasbert.tokenization.given_tokenizers import as_tokenizer
from kerasbert.tokenization.tokenizer import Tokenizer

# A name, a folder, a config or a model; among models those of PyTorch and transformers, which are not imported.
EncoderLike = Any


@dataclasses.dataclass(frozen=True, kw_only=True)
class BuildOptions:
    """The options that the builders share, see `build_multiclass`; checked as far as possible without the encoder."""

    encoder: EncoderLike = DEFAULT_ENCODER
    layers: int | Sequence[int] | None = None
    combine: str = "concat"
    combine_before_pooling: bool = False
    pooling: str | keras.layers.Layer | None = None
    window_pooling: str | keras.layers.Layer | None = None
    hidden_units: Sequence[int] = ()
    hidden_activation: str = "relu"
    dropout: float = 0.1
    activation: str | None = None
    max_length: int | None = None
    preprocessing: bool | Tokenizer = False
    learning_rate: float = LEARNING_RATE
    head_learning_rate: float = HEAD_LEARNING_RATE
    compile: bool = True
    name: str = "classifier"

    def __post_init__(self) -> None:
        self._check_preprocessing()
        check_number("learning_rate", self.learning_rate, 0, 1, open_minimum=True)
        check_number("head_learning_rate", self.head_learning_rate, 0, 1, open_minimum=True)
        check_bool("compile", self.compile)
        check_name("name", self.name)

    def _check_preprocessing(self) -> None:
        if self.preprocessing is False:
            return
        if self.preprocessing is not True and not isinstance(self.preprocessing, Tokenizer):
            raise TypeError(f"`preprocessing` must be True, False or a Tokenizer; got {shorten(self.preprocessing)}.")
        check_backend("preprocessing")
        if self.window_pooling is not None:
            raise ConfigError(
                f"`preprocessing` must be False with `window_pooling`, whose texts become several rows of tokens; got "
                f"{shorten(self.window_pooling)}."
            )
        if self.preprocessing is True and not isinstance(self.encoder, (str, os.PathLike)):
            raise ConfigError(
                f"`preprocessing` must be a Tokenizer where `encoder` is no name or folder, whose tokenizer True takes; got "
                f"True with an encoder of type {type(self.encoder).__name__}."
            )

    @classmethod
    def among(cls, arguments: Mapping[str, Any]) -> Self:
        """Return the shared options among all arguments of a builder."""
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: value for name, value in arguments.items() if name in names})

    @property
    def head(self) -> dict[str, Any]:
        """What every head takes."""
        return {name: getattr(self, name) for name in ("hidden_units", "hidden_activation", "dropout")}


def build(outputs_of: Callable[[Any], Any], options: BuildOptions) -> Classifier:
    """Build a classifier.

    Args:
        outputs_of: from the symbolic vector of a text, (batch, hidden), to the model's outputs. Its layers exist
            already, so that a wrong argument is refused before the encoder is loaded.
        options: of the builder.
    """
    windows = None if options.window_pooling is None else WindowPooling(options.window_pooling, name="windows")
    source, pooling, length = settle_folder(options)
    features = Features(
        own_copy(pooling),
        combine=options.combine,
        combine_before_pooling=options.combine_before_pooling,
        name="features",
    )
    encoder, chosen = _encoder_up_to(source, options.layers, features)
    features.max_length = length
    features.layer_indices = chosen
    inputs, mask, output = encode_inputs(encoder, options, features.max_length)
    states = (output.pooler_output,) if encoder.pooler else tuple(output.hidden_states[index] for index in chosen)
    vector = features(states, mask)
    copy_weights(pooling, features.pooling)
    if windows is not None:
        inputs[WINDOW_ROWS] = keras.Input((None,), dtype="int32", name=WINDOW_ROWS)
        vector = windows(vector, inputs[WINDOW_ROWS])
    return finish(inputs, outputs_of(vector), options)


def encode_inputs(
    encoder: Encoder, options: BuildOptions, max_length: int
) -> tuple[dict[str, Any], Any, EncoderOutput]:
    """Return symbolic inputs by name, their attention mask, and what the encoder makes of them, all hidden states included.

    The inputs are tokens, or texts where the options say so.
    """
    inputs = tokens = {key: keras.Input((None,), dtype="int32", name=key) for key in INPUT_NAMES}
    if options.preprocessing:
        if isinstance(options.preprocessing, Tokenizer):
            positions = encoder.config.max_length
            tokenizer = as_tokenizer(options.preprocessing, positions=positions, max_length=max_length)
        else:
            tokenizer = Tokenizer.from_pretrained(options.encoder, max_length=max_length)
        tokenizer.check_fits(encoder.config.vocab_size, "`encoder`")
        inputs = {TEXTS: keras.Input((), dtype="string", name=TEXTS)}
        tokens = TextTokens(tokenizer, name="text_tokens")(inputs[TEXTS])
    ordered = [tokens[key] for key in INPUT_NAMES]
    return inputs, tokens[ATTENTION_MASK], encoder(*ordered, output_hidden_states=True, output_attentions=False)


def finish(inputs: Any, outputs: Any, options: BuildOptions) -> Classifier:
    """Return the model from inputs to outputs, compiled if that is wanted."""
    model = Classifier(inputs, outputs, name=options.name)
    if options.compile:
        compile_classifier(model, learning_rate=options.learning_rate, head_learning_rate=options.head_learning_rate)
    return model


def settle_folder(options: BuildOptions) -> tuple[EncoderSource, Pooling, int]:
    """Return encoder, pooling and longest input; what is not asked for is what the encoder's folder says, which is told.

    A pooling that is asked for is checked before the encoder is looked for.

    Raises:
        ConfigError: when the folder names a pooling that is not followed here, or an argument is out of its range.
    """
    given = None if options.pooling is None else as_pooling(options.pooling)
    source = encoder_for(options.encoder)
    said, taken = source.said, dict[str, Any]()
    if given is None:
        taken["pooling"] = said.default_pooling()
    length = check_max_length(options.max_length, source.config, usual=said.max_length or DEFAULT_MAX_LENGTH)
    if options.max_length is None:
        taken["max_length"] = length
    if said.folder:
        tell_defaults(said, **taken)
    return source, as_pooling(taken["pooling"]) if given is None else given, length


def check_max_length(max_length: int | None, config: BertConfig, *, usual: int = DEFAULT_MAX_LENGTH) -> int:
    """Return the longest input in tokens; None is the usual one, or the encoder's positions if they are fewer.

    Raises:
        ConfigError: when it is below 3 ([CLS], one token, [SEP]) or above the encoder's positions.
    """
    if max_length is None:
        return min(usual, config.max_length)
    return check_int("max_length", max_length, 3, config.max_length, "the encoder's positions")


def _encoder_up_to(
    source: EncoderSource, layers: int | Sequence[int] | None, features: Features
) -> tuple[Encoder, tuple[int, ...]]:
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
