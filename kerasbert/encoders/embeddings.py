"""The embeddings below the first block: token + position + token type, normalised."""

from typing import Any

import keras
from keras import ops

from kerasbert._core.names import PACKAGE
from kerasbert._core.shapes import Shape
from kerasbert.encoders.config import BertConfig, as_config
from kerasbert.encoders.dropout import ByteDropout
from kerasbert.encoders.kept_parts import KeepsParts
from kerasbert.encoders.normalization import TokenNorm


@keras.saving.register_keras_serializable(package=PACKAGE)
class BertEmbeddings(KeepsParts, keras.layers.Layer):
    """Sum of token, position and token type embeddings, layer-normalised, with dropout.

    RoBERTa counts positions over its tokens only, starting after `pad_token_id`; DistilBERT has no token types; ELECTRA
    projects narrower embeddings to the width of its blocks.

    Args:
        config: a `BertConfig` or a dict of its keys.
        **kwargs: `keras.layers.Layer`'s own (`name`, `dtype`, `trainable`).

    Call arguments:
        input_ids: int (batch, length), each in [0, vocab_size); None beside `inputs_embeds`.
        token_type_ids: int (batch, length), each in [0, type_vocab_size); None: all zero.
        position_ids: int (batch, length) or (1, length); None: counted by the family's rule.
        training: whether dropout is active.
        inputs_embeds: (batch, length, embedding width), vectors in the place of the tokens' own.

    Output shape:
        (batch, length, hidden_size).

    Example:
        >>> encoder = TFBertModel(BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1))
        >>> tuple(encoder.get_input_embeddings()(keras.ops.ones((1, 5), "int32")).shape)
        (1, 5, 8)

    Reference:
        Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", 2019, figure 2.
    """

    def __init__(self, config: BertConfig, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config = as_config(config)
        self.word_embeddings = self._table(config.vocab_size, "word_embeddings")
        self.position_embeddings = self._table(config.max_position_embeddings, "position_embeddings")
        self.token_type_embeddings = None
        if config.type_vocab_size:
            self.token_type_embeddings = self._table(config.type_vocab_size, "token_type_embeddings")
        self.layer_norm = TokenNorm(epsilon=config.layer_norm_eps, dtype=self.dtype_policy, name="layer_norm")
        self.dropout = ByteDropout(config.hidden_dropout_prob, dtype=self.dtype_policy, name="dropout")
        self.projection = None
        if config.embedding_width != config.hidden_size:
            self.projection = keras.layers.Dense(
                config.hidden_size,
                kernel_initializer=keras.initializers.TruncatedNormal(stddev=config.initializer_range),
                dtype=self.dtype_policy,
                name="embeddings_project",
            )

    @property
    def weight(self) -> Any:
        """The token table, a variable (vocab_size, embedding width)."""
        return self.word_embeddings.embeddings

    def build(self, input_ids_shape: Shape, *other_shapes: Any) -> None:
        embedded_shape = (None, None, self.config.embedding_width)
        for table in (self.word_embeddings, self.position_embeddings, self.token_type_embeddings):
            if table is not None:
                table.build((None, None))
        self.layer_norm.build(embedded_shape)
        if self.projection is not None:
            self.projection.build(embedded_shape)
        self.settle_parts()

    def call(
        self,
        input_ids: Any = None,
        token_type_ids: Any = None,
        position_ids: Any = None,
        training: bool | None = None,
        inputs_embeds: Any = None,
    ) -> Any:
        if position_ids is None:
            position_ids = self._counted(inputs_embeds) if input_ids is None else self._positions(input_ids)
        words = (
            self.word_embeddings(input_ids) if inputs_embeds is None else ops.cast(inputs_embeds, self.variable_dtype)
        )
        embedded = words + self.position_embeddings(position_ids)
        if self.token_type_embeddings is not None:
            if token_type_ids is None:
                token_type_ids = ops.zeros((1, 1), dtype="int32")
            embedded = embedded + self.token_type_embeddings(token_type_ids)
        embedded = self.layer_norm(ops.cast(embedded, self.compute_dtype))  # (batch, length, embedding)
        embedded = self.dropout(embedded, training=training)
        return embedded if self.projection is None else self.projection(embedded)

    def _positions(self, input_ids: Any) -> Any:
        if self.config.model_type != "roberta":
            return self._counted(input_ids)
        is_token = ops.cast(ops.not_equal(input_ids, self.config.pad_token_id), "int32")
        return ops.cumsum(is_token, axis=1) * is_token + self.config.pad_token_id  # (batch, length)

    def _counted(self, tokens: Any) -> Any:
        """Return the places from the first on, whatever stands there, (1, length)."""
        first = self.config.pad_token_id + 1 if self.config.model_type == "roberta" else 0
        return ops.expand_dims(ops.arange(ops.shape(tokens)[1], dtype="int32") + first, 0)

    def _table(self, rows: int, name: str) -> keras.layers.Embedding:
        # Kept in the variables' dtype: under a mixed policy a half-precision layer would cast the whole table each step.
        return keras.layers.Embedding(
            rows,
            self.config.embedding_width,
            embeddings_initializer=keras.initializers.TruncatedNormal(stddev=self.config.initializer_range),
            dtype=self.variable_dtype,
            name=name,
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "config": self.config.to_dict()}
