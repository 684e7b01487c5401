"""The base of every encoder: embeddings, blocks and perhaps a pooler; and what a call returns."""

import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import keras
from keras import ops

from kerasbert._core.checks import check_bool, check_int
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import INPUT_IDS, INPUT_NAMES
from kerasbert._core.process import check_process, note_process
from kerasbert._core.sentence_folders import NOTHING_SAID
from kerasbert.encoders.block import BertBlock
from kerasbert.encoders.config import BertConfig, as_config
from kerasbert.encoders.embeddings import BertEmbeddings
from kerasbert.encoders.input_shapes import check_input_shapes
from kerasbert.encoders.inputs import NamedInputs, named_inputs
from kerasbert.encoders.kept_parts import KeepsParts
from kerasbert.encoders.outputs import EncoderOutput, OutputOfDefaults
from kerasbert.encoders.quantized_parts import Quantizable

# Added to the scores of padding. Half precision cannot hold -1e9; -3e4 leaves exp() at zero in each of them.
PADDING_BIAS = {"float32": -1e9, "float64": -1e9}
HALF_PADDING_BIAS = -3e4
POSITION_IDS, HEAD_MASK, INPUTS_EMBEDS = "position_ids", "head_mask", "inputs_embeds"
# What a call takes by name beside the inputs; transformers takes it inside of a dict of inputs too.
CALL_OPTIONS = ("output_hidden_states", "output_attentions", "return_dict")
# What calls of transformers 4 take for decoders.
DECODER_ARGUMENTS = ("encoder_hidden_states", "encoder_attention_mask", "past_key_values", "use_cache")
# The extra of this package that brings what a format of `export` needs.
EXPORT_EXTRAS = {"litert": "tflite"}


class Encoder(NamedInputs, Quantizable, KeepsParts, keras.Model):
    """Abstract: an embedding layer, blocks and perhaps a pooler. `TFBertModel` documents what all families share."""

    input_keys = (*INPUT_NAMES, POSITION_IDS, HEAD_MASK, INPUTS_EMBEDS)
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

    def __call__(self, inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Call as any Keras model; inputs by name, in a list or in the order of the arguments."""
        for name in DECODER_ARGUMENTS:
            value = kwargs.pop(name, None)
            if value is not None and value is not False:
                raise ConfigError(
                    f"`{name}` must be left out: kerasbert builds encoders, which attend to no other text and keep no cache."
                )
        if isinstance(inputs, Mapping):
            inside = {name: inputs[name] for name in CALL_OPTIONS if inputs.get(name) is not None}
            kwargs = {**inside, **kwargs}
            inputs = {name: value for name, value in inputs.items() if name not in CALL_OPTIONS}
        return super().__call__(inputs, *args, **kwargs)

    def call(
        self,
        input_ids: Any = None,
        attention_mask: Any = None,
        token_type_ids: Any = None,
        position_ids: Any = None,
        head_mask: Any = None,
        inputs_embeds: Any = None,
        *,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
        training: bool | None = None,
    ) -> EncoderOutput | tuple[Any, ...]:
        inputs = self._inputs(input_ids, attention_mask, token_type_ids, position_ids, head_mask, inputs_embeds)
        input_ids, attention_mask, token_type_ids, position_ids, head_mask, inputs_embeds = inputs
        wish = _Wish.of(self.config, output_hidden_states, output_attentions, return_dict)
        # What is frozen runs without dropout: its output is then a fixed feature of the text.
        hidden = self.embeddings(
            input_ids,
            token_type_ids,
            position_ids,
            inputs_embeds=inputs_embeds,
            training=training and self.embeddings.trainable,
        )
        bias = None if attention_mask is None else self.attention_bias(attention_mask)
        hidden_states, attentions = self._run_blocks(hidden, bias, self._head_masks(head_mask), training, wish)
        pooled = None if self.pooler is None else self.pooler(hidden_states[-1][:, 0])
        return wish.output(hidden_states, pooled, attentions)

    def compute_output_spec(
        self,
        input_ids: Any = None,
        attention_mask: Any = None,
        token_type_ids: Any = None,
        position_ids: Any = None,
        head_mask: Any = None,
        inputs_embeds: Any = None,
        *,
        output_hidden_states: bool | None = None,
        output_attentions: bool | None = None,
        return_dict: bool | None = None,
        training: bool | None = None,
    ) -> EncoderOutput | tuple[Any, ...]:
        """Return what `call` returns for symbolic inputs, from shapes alone: Keras would trace every block for it."""
        inputs = self._inputs(input_ids, attention_mask, token_type_ids, position_ids, head_mask, inputs_embeds)
        wish = _Wish.of(self.config, output_hidden_states, output_attentions, return_dict)
        batch, length = (inputs[-1] if inputs[0] is None else inputs[0]).shape[:2]
        heads, width = self.config.num_attention_heads, self.config.hidden_size
        hidden_states = [self._symbolic((batch, length, width)) for _ in range(len(self.blocks) + 1)]
        attentions = [self._symbolic((batch, heads, length, length)) for _ in self.blocks]
        return wish.output(hidden_states, None if self.pooler is None else self._symbolic((batch, width)), attentions)

    def _inputs(self, input_ids: Any, *others: Any) -> tuple[Any, ...]:
        """Return the six inputs in their order, the first of which may be a dict of them; refuse wrong shapes."""
        inputs: tuple[Any, ...] = (input_ids, *others)
        if isinstance(input_ids, Mapping):
            named = self.named(input_ids)  # JAX comes here without `__call__`
            inputs = tuple(named.get(key, value) for key, value in zip(self.input_keys, (None, *others), strict=True))
        check_input_shapes(self.config, inputs)
        return inputs

    def _symbolic(self, shape: tuple[int | None, ...]) -> keras.KerasTensor:
        return keras.KerasTensor(shape, dtype=self.compute_dtype)

    def _run_blocks(
        self, hidden: Any, bias: Any, head_masks: Sequence[Any], training: bool | None, wish: "_Wish"
    ) -> tuple[list[Any], list[Any]]:
        """Return all hidden states, from `hidden` on, and the attention probabilities of the blocks."""
        hidden_states, attentions = [hidden], []
        for block, head_mask in zip(self.blocks, head_masks, strict=True):
            if self.gradient_checkpointing and training and block.trainable and not wish.attentions:
                hidden = _recomputed(block, hidden, bias, head_mask)
            else:
                hidden, probabilities = block(hidden, bias, training=training and block.trainable, head_mask=head_mask)
                attentions.append(probabilities)
            hidden_states.append(hidden)
        return hidden_states, attentions

    def predict_step(self, *arguments: Any) -> Any:
        """One step of `predict`, which keeps all hidden states only when the config asks for them."""
        found = super().predict_step(*arguments)
        # With JAX the variables come beside the outputs.
        output, *others = found if isinstance(found, tuple) else (found,)
        kept = {
            name: part for name, part in output.items() if name != "hidden_states" or self.config.output_hidden_states
        }
        return (EncoderOutput(kept), *others) if others else EncoderOutput(kept)

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
        parts = {name: part for name, part in output.items() if not isinstance(part, tuple)}
        for name in ("hidden_states", "attentions"):
            parts |= {f"{name}_{index}": part for index, part in enumerate(output.get(name, ()))}
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

    def named(self, inputs: Any) -> Any:
        """Return inputs as a dict by name, see `NamedInputs`; token ids are not needed beside `inputs_embeds`."""
        check_process(keras.backend.backend())
        is_embedded = isinstance(inputs, Mapping) and inputs.get(INPUTS_EMBEDS) is not None
        return named_inputs(inputs, self.input_keys, () if is_embedded else self.required_keys)

    def attention_bias(self, attention_mask: Any) -> Any:
        """Return what is added to the attention scores, large and negative where the mask is 0.

        Args:
            attention_mask: (batch, length), or (batch, length, length) with a row of its own for each token that attends.

        Returns:
            (batch, 1, 1, length) or (batch, 1, length, length).
        """
        negative = PADDING_BIAS.get(self.compute_dtype, HALF_PADDING_BIAS)
        bias = (1.0 - ops.cast(attention_mask, self.compute_dtype)) * negative
        return ops.expand_dims(bias if len(attention_mask.shape) == 3 else ops.expand_dims(bias, 1), 1)

    def _head_masks(self, head_mask: Any) -> list[Any]:
        """Return for each block what its heads are multiplied by, (1, heads, 1, 1); None where there is no mask."""
        if head_mask is None:
            return [None] * len(self.blocks)
        for_each = len(head_mask.shape) == 2
        mask = ops.reshape(ops.cast(head_mask, self.compute_dtype), (-1, 1, self.config.num_attention_heads, 1, 1))
        return [mask[index if for_each else 0] for index in range(len(self.blocks))]


class _Wish(NamedTuple):
    """Which outputs a call returns, and how; `hidden_states` None: nobody said."""

    hidden_states: bool | None
    attentions: bool
    as_dict: bool

    @classmethod
    def of(cls, config: BertConfig, hidden_states: Any, attentions: Any, return_dict: Any) -> "_Wish":
        """Return what a call says, else what the config says."""
        return cls(
            config.output_hidden_states if hidden_states is None else hidden_states,
            config.output_attentions if attentions is None else attentions,
            return_dict is None or check_bool("return_dict", return_dict),
        )

    def output(self, hidden_states: list[Any], pooled: Any, attentions: list[Any]) -> EncoderOutput | tuple[Any, ...]:
        """Return what was asked for."""
        output = (OutputOfDefaults if self.hidden_states is None else EncoderOutput)(
            last_hidden_state=hidden_states[-1],
            pooler_output=pooled,
            hidden_states=tuple(hidden_states) if self.hidden_states in (None, True) else None,
            attentions=tuple(attentions) if self.attentions else None,
        )
        return output if self.as_dict else output.to_tuple()


def _recomputed(block: BertBlock, hidden: Any, bias: Any, head_mask: Any) -> Any:
    """Run a block with gradient checkpointing: inner values are recomputed for the gradients, dropout included."""
    # Drawn here and not inside, where the second run would draw others.
    seeds = block.draw_seeds()
    neutral = ops.zeros((1, 1, 1, 1), block.compute_dtype) if bias is None else bias
    mask = ops.ones((1, 1, 1, 1), block.compute_dtype) if head_mask is None else head_mask

    def run(states: Any, bias: Any, heads: Any, *drawn: Any) -> Any:
        return block(states, bias, training=True, seeds=drawn, head_mask=None if head_mask is None else heads)[0]

    return keras.remat(run)(hidden, neutral, mask, *seeds)


def cut_layers(config: BertConfig, num_hidden_layers: int) -> BertConfig:
    """Return the config cut after its first `num_hidden_layers` blocks."""
    check_int("num_hidden_layers", num_hidden_layers, 1, config.num_hidden_layers, "the blocks of the checkpoint")
    return config.replace(num_hidden_layers=num_hidden_layers)
