"""One transformer block: attention and feed-forward, each with dropout, residual and layer normalisation."""

from typing import Any

import keras

from kerasbert._core.names import PACKAGE
from kerasbert._core.shapes import Shape
from kerasbert.encoders.activations import ACTIVATIONS
from kerasbert.encoders.attention import BertSelfAttention
from kerasbert.encoders.config import BertConfig, as_config
from kerasbert.encoders.dense import TokenDense
from kerasbert.encoders.dropout import ByteDropout
from kerasbert.encoders.kept_parts import KeepsParts
from kerasbert.encoders.normalization import TokenNorm


@keras.saving.register_keras_serializable(package=PACKAGE)
class BertBlock(KeepsParts, keras.layers.Layer):
    """A post-norm transformer block of BERT, shared by DistilBERT, ELECTRA and RoBERTa.

    Args:
        config: a `BertConfig` or a dict of its keys.
        **kwargs: `keras.layers.Layer`'s own (`name`, `dtype`, `trainable`).

    Call arguments:
        hidden_states: (batch, length, hidden_size).
        attention_bias: (batch, 1, 1 or length, length), 0 for a token and a large negative number for padding; None: no
            padding.
        training: whether dropout is active.
        seeds: of the three dropouts, from `draw_seeds`; None draws them.
        head_mask: (1, heads, 1, 1), what the attention probabilities are multiplied by; None: 1.

    Output shape:
        A pair: hidden states (batch, length, hidden_size) and attention probabilities (batch, heads, length, length).

    Reference:
        Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019, section 3.
    """

    def __init__(self, config: BertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config = as_config(config)
        dtype = self.dtype_policy
        self.attention = BertSelfAttention(
            config.hidden_size,
            config.num_attention_heads,
            dropout=config.attention_probs_dropout_prob,
            initializer_range=config.initializer_range,
            dtype=dtype,
            name="attention",
        )
        self.attention_output = _dense(config.hidden_size, config, dtype, "attention_output")
        self.attention_norm = _layer_norm(config, dtype, "attention_layer_norm")
        self.intermediate = _dense(
            config.intermediate_size, config, dtype, "intermediate", activation=ACTIVATIONS[config.hidden_act]
        )
        self.output_dense = _dense(config.hidden_size, config, dtype, "output")
        self.output_norm = _layer_norm(config, dtype, "output_layer_norm")
        self.dropout = ByteDropout(config.hidden_dropout_prob, dtype=dtype, name="dropout")

    def build(self, hidden_states_shape: Shape, attention_bias_shape: Shape | None = None) -> None:
        intermediate_shape = (*hidden_states_shape[:-1], self.config.intermediate_size)
        for layer in (self.attention, self.attention_output, self.attention_norm, self.intermediate, self.output_norm):
            layer.build(hidden_states_shape)
        self.output_dense.build(intermediate_shape)
        self.settle_parts()

    def draw_seeds(self) -> tuple[Any, Any, Any]:
        """Draw the seeds of the next call, in its order."""
        return self.attention.dropout.draw_seed(), self.dropout.draw_seed(), self.dropout.draw_seed()

    def call(
        self,
        hidden_states: Any,
        attention_bias: Any = None,
        training: bool | None = None,
        seeds: Any = None,
        head_mask: Any = None,
    ) -> tuple[Any, Any]:
        seeds = (None, None, None) if seeds is None else seeds
        context, probabilities = self.attention(
            hidden_states, attention_bias, training=training, seed=seeds[0], head_mask=head_mask
        )
        attended = self.dropout(self.attention_output(context), training=training, seed=seeds[1])
        hidden_states = self.attention_norm(hidden_states + attended)
        wide = self.intermediate(hidden_states)  # (batch, length, intermediate)
        transformed = self.dropout(self.output_dense(wide), training=training, seed=seeds[2])
        return self.output_norm(hidden_states + transformed), probabilities

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "config": self.config.to_dict()}


def _dense(units: int, config: BertConfig, dtype: Any, name: str, activation: Any = None) -> TokenDense:
    initializer = keras.initializers.TruncatedNormal(stddev=config.initializer_range)
    return TokenDense(units, activation=activation, kernel_initializer=initializer, dtype=dtype, name=name)


def _layer_norm(config: BertConfig, dtype: Any, name: str) -> TokenNorm:
    return TokenNorm(epsilon=config.layer_norm_eps, dtype=dtype, name=name)
