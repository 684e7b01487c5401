"""Self-attention with one fused query/key/value product."""

from typing import Any

import keras
from keras import ops

from kerasbert._core.names import PACKAGE
from kerasbert._core.shapes import Shape
from kerasbert.encoders.dense import TokenDense
from kerasbert.encoders.dropout import ByteDropout
from kerasbert.encoders.kept_parts import KeepsParts


@keras.saving.register_keras_serializable(package=PACKAGE)
class BertSelfAttention(KeepsParts, keras.layers.Layer):
    """Scaled dot-product self-attention of BERT, up to its output projection.

    Query, key and value come from one `Dense(3 * hidden_size)`, so that a block makes one large product instead of
    three; checkpoints are split and joined where they are read and written. A row whose tokens are all padding attends
    to all of them evenly.

    Args:
        hidden_size: width of the hidden states, a multiple of `num_attention_heads`.
        num_attention_heads: number of heads.
        dropout: rate in [0, 1) on the attention probabilities, in training only.
        initializer_range: standard deviation of the truncated normal that fills the kernel.
        **kwargs: `keras.layers.Layer`'s own (`name`, `dtype`, `trainable`).

    Call arguments:
        hidden_states: (batch, length, hidden_size).
        attention_bias: (batch, 1, 1 or length, length), 0 for a token and a large negative number for padding; None: no
            padding.
        training: whether dropout is active.
        seed: of the dropout, from its `draw_seed`; None draws one.
        head_mask: (1, heads, 1, 1), what the probabilities are multiplied by after the dropout; None: 1.

    Output shape:
        A pair: context (batch, length, hidden_size) and attention probabilities (batch, heads, length, length).

    Reference:
        Vaswani et al., "Attention Is All You Need", 2017, section 3.2.
    """

    def __init__(
        self,
        hidden_size: int,
        num_attention_heads: int,
        *,
        dropout: float = 0.0,
        initializer_range: float = 0.02,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.hidden_size = hidden_size
        self.num_attention_heads = num_attention_heads
        self.initializer_range = initializer_range
        self.head_dim = hidden_size // num_attention_heads
        self.query_key_value = TokenDense(
            3 * hidden_size,
            kernel_initializer=keras.initializers.TruncatedNormal(stddev=initializer_range),
            dtype=self.dtype_policy,
            name="query_key_value",
        )
        self.dropout = ByteDropout(dropout, dtype=self.dtype_policy, name="dropout")

    def build(self, hidden_states_shape: Shape, attention_bias_shape: Shape | None = None) -> None:
        self.query_key_value.build(hidden_states_shape)
        self.settle_parts()

    def call(
        self,
        hidden_states: Any,
        attention_bias: Any = None,
        training: bool | None = None,
        seed: Any = None,
        head_mask: Any = None,
    ) -> tuple[Any, Any]:
        length = ops.shape(hidden_states)[1]
        fused = self.query_key_value(hidden_states)  # (batch, length, 3 * hidden)
        fused = ops.reshape(fused, (-1, length, 3 * self.num_attention_heads, self.head_dim))
        fused = ops.transpose(fused, (0, 2, 1, 3))  # (batch, 3 * heads, length, head_dim)
        query, key, value = ops.split(fused, 3, axis=1)  # each (batch, heads, length, head_dim)
        scores = ops.matmul(query * self.head_dim**-0.5, ops.swapaxes(key, -1, -2))  # (batch, heads, length, length)
        if attention_bias is not None:
            scores = scores + attention_bias
        probabilities = ops.softmax(scores, axis=-1)
        kept = self.dropout(probabilities, training=training, seed=seed)
        if head_mask is not None:
            kept, probabilities = kept * head_mask, probabilities * head_mask
        context = ops.matmul(kept, value)
        context = ops.transpose(context, (0, 2, 1, 3))  # (batch, length, heads, head_dim)
        return ops.reshape(context, (-1, length, self.hidden_size)), probabilities

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "hidden_size": self.hidden_size,
            "num_attention_heads": self.num_attention_heads,
            "dropout": self.dropout.rate,
            "initializer_range": self.initializer_range,
        }
