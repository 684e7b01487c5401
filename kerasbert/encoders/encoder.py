"""The base of every encoder: embeddings, blocks and perhaps a pooler; and what a call returns."""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import keras
from keras import ops

from kerasbert._core.checks import check_int
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import INPUT_IDS, INPUT_NAMES
from kerasbert._core.process import check_process, note_process
from kerasbert._core.sentence_folders import NOTHING_SAID
from kerasbert.encoders.block import BertBlock
from kerasbert.encoders.config import BertConfig, as_config
from kerasbert.encoders.embeddings import BertEmbeddings
from kerasbert.encoders.inputs import NamedInputs
from kerasbert.encoders.kept_parts import KeepsParts
from kerasbert.encoders.quantized_parts import Quantizable

# Added to the scores of padding. Half precision cannot hold -1e9; -3e4 leaves exp() at zero in each of them.
PADDING_BIAS = {"float32": -1e9, "float64": -1e9}
HALF_PADDING_BIAS = -3e4
POSITION_IDS = "position_ids"
# The extra of this package that brings what a format of `export` needs.
EXPORT_EXTRAS = {"litert": "tflite"}


class EncoderOutput(NamedTuple):
    """What an encoder returns; a field that was not asked for or does not exist is `()`.

    Args:
        last_hidden_state: (batch, length, hidden_size), the output of the last block.
        pooler_output: (batch, hidden_size), tanh of a dense layer on the first token.
        hidden_states: embeddings and the output of every block, each (batch, length, hidden_size).
        attentions: of every block, each (batch, heads, length, length).
    """

    last_hidden_state: Any
    pooler_output: Any = ()
    hidden_states: tuple[Any, ...] = ()
    attentions: tuple[Any, ...] = ()


class Encoder(NamedInputs, Quantizable, KeepsParts, keras.Model):
    """Abstract: an embedding layer, blocks and perhaps a pooler. `TFBertModel` documents what all families share."""

    input_keys = (*INPUT_NAMES, POSITION_IDS)
    required_keys = (INPUT_IDS,)
    model_type: str = ""
    checkpoint_prefix: str = ""

    def __init__(
        self,
        config: BertConfig | dict[str, Any] | None = None,
        *,
        add_pooling_layer: bool = True,
        num_hidden_layers: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_process(keras.backend.backend())
        note_process()
        self.config = config = self._own_config(config, num_hidden_layers)
        self.embeddings = BertEmbeddings(config, dtype=self.dtype_policy, name="embeddings")
        self.blocks = [
            BertBlock(config, dtype=self.dtype_policy, name=f"layer_{index}")
            for index in range(config.num_hidden_layers)
        ]
        self.pooler = None
        if add_pooling_layer and config.model_type in ("bert", "roberta"):
            self.pooler = keras.layers.Dense(
                config.hidden_size,
                activation="tanh",
                kernel_initializer=keras.initializers.TruncatedNormal(stddev=config.initializer_range),
                dtype=self.dtype_policy,
                name="pooler",
            )
        #: What the folder that it was loaded from says of pooling and longest text, for a builder that is given the encoder.
        self.said_by_folder = NOTHING_SAID
        #: Whether training keeps the blocks' outputs alone and computes what is inside them again for the gradients.
        self.gradient_checkpointing = False
        self._build_all()

    def call(
        self,
        input_ids: Any,
        attention_mask: Any = None,
        token_type_ids: Any = None,
        position_ids: Any = None,
        *,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        training: bool | None = None,
    ) -> EncoderOutput:
        if isinstance(input_ids, Mapping):
            input_ids = self.named(input_ids)  # JAX comes here without `__call__`
            given = (None, attention_mask, token_type_ids, position_ids)
            input_ids, attention_mask, token_type_ids, position_ids = (
                input_ids.get(key, value) for key, value in zip(self.input_keys, given, strict=True)
            )
        self._check_length(input_ids)
        output_hidden_states, output_attentions = self._asked_for(output_hidden_states, output_attentions)
        bias = None if attention_mask is None else self.attention_bias(attention_mask)
        # What is frozen runs without dropout: its output is then a fixed feature of the text.
        hidden = self.embeddings(
            input_ids, token_type_ids, position_ids, training=training and self.embeddings.trainable
        )
        hidden_states, attentions = [hidden], []
        for block in self.blocks:
            if self.gradient_checkpointing and training and block.trainable and not output_attentions:
                hidden, probabilities = _recomputed(block, hidden, bias), ()
            else:
                hidden, probabilities = block(hidden, bias, training=training and block.trainable)
            hidden_states.append(hidden)
            attentions.append(probabilities)
        return EncoderOutput(
            last_hidden_state=hidden,
            pooler_output=() if self.pooler is None else self.pooler(hidden[:, 0]),
            hidden_states=tuple(hidden_states) if output_hidden_states else (),
            attentions=tuple(attentions) if output_attentions else (),
        )

    def compute_output_spec(
        self,
        input_ids: Any,
        *_: Any,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        **__: Any,
    ) -> EncoderOutput:
        """Return what `call` returns for symbolic inputs, from shapes alone: Keras would trace every block for it."""
        if isinstance(input_ids, Mapping):
            input_ids = self.named(input_ids)[INPUT_IDS]
        self._check_length(input_ids)
        batch, length = input_ids.shape
        config = self.config
        hidden = (batch, length, config.hidden_size)
        attention = (batch, config.num_attention_heads, length, length)
        output_hidden_states, output_attentions = self._asked_for(output_hidden_states, output_attentions)
        return EncoderOutput(
            last_hidden_state=self._symbolic(hidden),
            pooler_output=() if self.pooler is None else self._symbolic((batch, config.hidden_size)),
            hidden_states=tuple(self._symbolic(hidden) for _ in range(len(self.blocks) + 1))
            if output_hidden_states
            else (),
            attentions=tuple(self._symbolic(attention) for _ in self.blocks) if output_attentions else (),
        )

    def _asked_for(self, output_hidden_states: bool | None, output_attentions: bool | None) -> tuple[bool, bool]:
        """Whether a call returns hidden states, and attentions: what its arguments say, else the config."""
        if output_hidden_states is None:
            output_hidden_states = self.config.output_hidden_states is not False
        return output_hidden_states, self.config.output_attentions if output_attentions is None else output_attentions

    def _symbolic(self, shape: tuple[int | None, ...]) -> keras.KerasTensor:
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def predict_step(self, data: Any) -> EncoderOutput:
        """One step of `predict`, which keeps all hidden states only when the config asks for them."""
        inputs, _, _ = keras.utils.unpack_x_y_sample_weight(data)
        output: EncoderOutput = self(
            inputs, output_hidden_states=bool(self.config.output_hidden_states), training=False
        )
        return output

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, as plain data."""
        return {
            "config": self.config.to_dict(),
            "add_pooling_layer": self.pooler is not None,
            "name": self.name,
            "trainable": self.trainable,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
            **self.parts_config(),
        }

    @classmethod
    def from_own_config(cls, config: dict[str, Any]) -> Self:
        return cls(**{**config, "dtype": keras.dtype_policies.deserialize(config["dtype"])})

    def export(self, filepath: str | os.PathLike[str], format: str = "tf_saved_model", **options: Any) -> None:
        """Export the encoder as `keras.Model.export` does, with its inputs and outputs by name.

        The inputs are `input_ids`, `attention_mask` and `token_type_ids`, int32 (batch, length) of any length; the outputs
        `last_hidden_state`, `pooler_output` where there is a pooler, and the others that the config asks for.

        Args:
            filepath: folder of the SavedModel, or file.
            format: `"tf_saved_model"`, `"litert"` (TFLite), `"onnx"` or another of Keras's.
            **options: other arguments of `keras.Model.export`.

        Raises:
            ConfigError: when a package that the format needs is not installed.

        Example:
            >>> TFBertModel.from_pretrained("all-MiniLM-L6-v2").export("served", verbose=False)  # doctest: +SKIP
        """
        inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in INPUT_NAMES}
        output = self(inputs, output_hidden_states=bool(self.config.output_hidden_states))
        parts = {name: part for name, part in output._asdict().items() if not isinstance(part, tuple)}
        for name in ("hidden_states", "attentions"):
            parts |= {f"{name}_{index}": part for index, part in enumerate(getattr(output, name))}
        model = keras.Model(inputs, parts, name=self.name)
        model({name: ops.ones((1, 2), "int32") for name in inputs})  # Keras exports what has been called
        try:
            model.export(filepath, format=format, **options)
        except ImportError as error:
            raise ConfigError(
                f"`format` {format!r} needs a package that is not installed ({error}); run pip install "
                f"'kerasbert[{EXPORT_EXTRAS.get(format, format)}]', or choose 'tf_saved_model'."
            ) from error

    def _own_config(self, config: Any, num_hidden_layers: int | None) -> BertConfig:
        own = as_config({"model_type": self.model_type} if config is None else config)
        if own.model_type != self.model_type:
            raise ConfigError(
                f"{type(self).__name__} takes a config with `model_type` {self.model_type!r}; got {own.model_type!r}."
            )
        return own if num_hidden_layers is None else cut_layers(own, num_hidden_layers)

    def _build_all(self) -> None:
        hidden_shape = (None, None, self.config.hidden_size)
        with keras.name_scope(self.name, caller=self):
            self.embeddings.build((None, None))
            for block in self.blocks:
                block.build(hidden_shape)
            if self.pooler is not None:
                self.pooler.build((None, self.config.hidden_size))
        self.built = True
        self.settle_parts()

    def _check_length(self, input_ids: Any) -> None:
        length = input_ids.shape[1] if len(input_ids.shape) == 2 else None
        if len(input_ids.shape) != 2:
            raise ConfigError(f"`input_ids` must have shape (batch, length); got {tuple(input_ids.shape)}.")
        # While JAX traces a model, the length may be a symbol, which cannot be compared; while Keras infers shapes with
        # PyTorch, on tensors without values, it is made up.
        made_up = str(getattr(input_ids, "device", "")) == "meta"
        if isinstance(length, int) and not made_up and length > self.config.max_length:
            raise ConfigError(
                f"`input_ids` must have at most {self.config.max_length} tokens a row (the rows of the position table); "
                f"got {length}. Truncate the texts."
            )

    def attention_bias(self, attention_mask: Any) -> Any:
        """Return what is added to the attention scores: large and negative at padding, (batch, 1, 1, length)."""
        negative = PADDING_BIAS.get(self.compute_dtype, HALF_PADDING_BIAS)
        padding = 1.0 - ops.cast(attention_mask, self.compute_dtype)  # (batch, length)
        return ops.expand_dims(ops.expand_dims(padding * negative, 1), 1)


def _recomputed(block: BertBlock, hidden: Any, bias: Any) -> Any:
    """Run a block with gradient checkpointing: inner values are recomputed for the gradients, dropout included."""
    # Drawn here and not inside, where the second run would draw others.
    seeds = block.draw_seeds()
    if bias is None:
        bias = ops.zeros((1, 1, 1, 1), block.compute_dtype)
    run = keras.remat(lambda states, padding, *drawn: block(states, padding, training=True, seeds=drawn)[0])
    return run(hidden, bias, *seeds)


def cut_layers(config: BertConfig, num_hidden_layers: int) -> BertConfig:
    """Return the config cut after its first `num_hidden_layers` blocks."""
    check_int("num_hidden_layers", num_hidden_layers, 1, config.num_hidden_layers, "the blocks of the checkpoint")
    return config.replace(num_hidden_layers=num_hidden_layers)
