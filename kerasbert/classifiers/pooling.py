"""Pooling: from the hidden states of a text to one vector. To add one, write its class here and name it in `POOLINGS`."""

from typing import Any, ClassVar, final

import keras
from keras import ops

from kerasbert._core.checks import check_int
from kerasbert._core.errors import ConfigError
from kerasbert._core.names import PACKAGE
from kerasbert._core.shapes import Shape, width_of
from kerasbert.encoders.kept_parts import KeepsParts

# Far below any score, yet inside half precision.
LARGE_NEGATIVE = -3e4


class Pooling(KeepsParts, keras.layers.Layer):
    """The base of poolings: one vector from the hidden states of a text. Every pooling is called like this:

    Derive from it for a pooling of your own: write `call`; `build` where it has weights; `compute_output_shape` where the
    vector is not as wide as the hidden states; `get_config` where the constructor has arguments. A registered class is
    saved, and loaded where its module was imported before. Any other Keras layer with this `call` can be given too.

    Call arguments:
        hidden_states: (batch, length, hidden).
        attention_mask: (batch, length), 1 for a token and 0 for padding.

    Output shape:
        (batch, hidden); zeros where a row is all padding.

    Example:
        >>> @keras.saving.register_keras_serializable(package="example")
        ... class SumPooling(Pooling):
        ...     def call(self, hidden_states, attention_mask):
        ...         mask = keras.ops.cast(attention_mask, hidden_states.dtype)
        ...         return keras.ops.sum(hidden_states * mask[..., None], axis=1)
        >>> model = build_multiclass(2, pooling=SumPooling(), encoder=BertConfig(num_hidden_layers=1))
        >>> type(model.features.pooling).__name__
        'SumPooling'
    """

    #: Whether it must be trained before it reads anything.
    has_weights: ClassVar[bool] = False
    #: `"tokens"`, all of them; `"one token"`, which is no word of the text; or `"pooler"`, the encoder's pooler alone.
    reads: ClassVar[str] = "tokens"
    #: The body of a PyTorch method that computes it from `name` (of the layer), `hidden` and `mask`; `save_pretrained`
    #: writes it, and refuses a pooling without it.
    torch_code: ClassVar[str | None] = None

    def build(self, hidden_states_shape: Shape, attention_mask_shape: Shape | None = None) -> None:
        """Nothing to make, unless a pooling has weights."""

    def compute_output_shape(self, hidden_states_shape: Shape, attention_mask_shape: Shape | None = None) -> Shape:
        """(batch, hidden) from (batch, length, hidden)."""
        return (hidden_states_shape[0], hidden_states_shape[-1])


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class MeanPooling(Pooling):
    """Mean of the hidden states over the tokens, padding left out.

    The default: with the default encoder it beats the pooler by several points (docs/recipe.md). Summed in float32.

    Example:
        >>> MeanPooling()(np.array([[[1.0], [3.0], [9.0]]]), np.array([[1, 1, 0]])).numpy().tolist()
        [[2.0]]

    Reference:
        Reimers and Gurevych, "Sentence-BERT", 2019, section 3 (MEAN strategy).
    """

    torch_code = "return (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)"

    def call(self, hidden_states: Any, attention_mask: Any) -> Any:
        mask = ops.expand_dims(ops.cast(attention_mask, "float32"), -1)  # (batch, length, 1)
        total = ops.sum(ops.cast(hidden_states, "float32") * mask, axis=1)
        count = ops.maximum(ops.sum(mask, axis=1), 1.0)
        return ops.cast(total / count, self.compute_dtype)


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class FirstTokenPooling(Pooling):
    """The hidden state of the first token, [CLS].

    The first position is taken, so that inputs must be padded on the right.

    Example:
        >>> FirstTokenPooling()(np.array([[[1.0], [3.0]]]), np.array([[1, 1]])).numpy().tolist()
        [[1.0]]

    Reference:
        Devlin et al., "BERT", 2019, section 3.
    """

    reads = "one token"
    torch_code = "return hidden[:, 0]"

    def call(self, hidden_states: Any, attention_mask: Any) -> Any:
        return _zero_where_empty(hidden_states[:, 0], attention_mask)


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class LastTokenPooling(Pooling):
    """The hidden state of the last token that is not padding, [SEP].

    Example:
        >>> LastTokenPooling()(np.array([[[1.0], [3.0], [9.0]]]), np.array([[1, 1, 0]])).numpy().tolist()
        [[3.0]]

    Reference:
        Clark et al., "What Does BERT Look At?", 2019, section 3.2, on what [SEP] gathers.
    """

    reads = "one token"
    torch_code = "return hidden[torch.arange(len(hidden)), mask.sum(1) - 1]"

    def call(self, hidden_states: Any, attention_mask: Any) -> Any:
        length = ops.shape(hidden_states)[1]
        places = ops.cast(attention_mask, "int32") * ops.expand_dims(ops.arange(length, dtype="int32"), 0)
        last = ops.one_hot(ops.max(places, axis=1), length, dtype=hidden_states.dtype)  # (batch, length)
        return _zero_where_empty(ops.einsum("bl,blh->bh", last, hidden_states), attention_mask)


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class PoolerPooling(Pooling):
    """BERT's own pooler: the encoder's `pooler_output`, (batch, hidden), is passed on.

    Example:
        >>> PoolerPooling()(np.array([[1.0, 2.0]]), np.array([[0, 0, 0]])).numpy().tolist()
        [[0.0, 0.0]]

    Reference:
        Devlin et al., "BERT", 2019, section 3.
    """

    reads = "pooler"
    torch_code = "return hidden"

    def call(self, hidden_states: Any, attention_mask: Any) -> Any:
        return _zero_where_empty(hidden_states, attention_mask)


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class MaxPooling(Pooling):
    """Largest value of each hidden unit over the tokens, padding left out.

    Example:
        >>> MaxPooling()(np.array([[[1.0], [3.0], [9.0]]]), np.array([[1, 1, 0]])).numpy().tolist()
        [[3.0]]

    Reference:
        Reimers and Gurevych, "Sentence-BERT", 2019, section 3 (MAX strategy).
    """

    torch_code = "return hidden.masked_fill(mask[..., None] == 0, -3e4).amax(1)"

    def call(self, hidden_states: Any, attention_mask: Any) -> Any:
        is_token = ops.expand_dims(ops.cast(attention_mask, "bool"), -1)
        lowest = ops.cast(LARGE_NEGATIVE, hidden_states.dtype)
        return _zero_where_empty(ops.max(ops.where(is_token, hidden_states, lowest), axis=1), attention_mask)


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class AttentionPooling(Pooling):
    """Mean of the hidden states weighted by a learned softmax over the tokens.

    A token's score is v . tanh(W h + b); padding takes no part in the softmax.

    Args:
        units: width of the scoring layer; None for the hidden width.
        **kwargs: `keras.layers.Layer`'s own.

    Example:
        >>> AttentionPooling()(np.ones((1, 3, 2)), np.array([[1, 1, 0]])).numpy().round(4).tolist()
        [[1.0, 1.0]]

    Reference:
        Yang et al., "Hierarchical Attention Networks for Document Classification", 2016, equations 5-7.
    """

    has_weights = True
    torch_code = """
        scores = torch.tanh(self.dense(f"{name}/hidden", hidden)) @ self.weights[f"{name}/score/kernel"]
        weights = scores[..., 0].masked_fill(mask == 0, -3e4).softmax(-1)
        return (weights[..., None] * hidden).sum(1)
    """

    def __init__(self, units: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, hidden_states_shape: Shape, attention_mask_shape: Shape | None = None) -> None:
        self.hidden_layer, self.score = scoring_layers(self, hidden_states_shape[-1])
        self.settle_parts()

    def call(self, hidden_states: Any, attention_mask: Any) -> Any:
        weights = ops.cast(self.weights_of(hidden_states, attention_mask), hidden_states.dtype)
        pooled = ops.sum(ops.expand_dims(weights, -1) * hidden_states, axis=1)
        return _zero_where_empty(pooled, attention_mask)

    def weights_of(self, hidden_states: Any, attention_mask: Any) -> Any:
        """Return the weight of each token, float32 (batch, length), summing to 1 over a row's tokens."""
        scores = ops.squeeze(self.score(self.hidden_layer(hidden_states)), -1)  # (batch, length)
        is_token = ops.cast(attention_mask, "bool")
        return ops.softmax(ops.where(is_token, ops.cast(scores, "float32"), LARGE_NEGATIVE), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}


@final
@keras.saving.register_keras_serializable(package=PACKAGE)
class MultiHeadAttentionPooling(Pooling):
    """Multi-head attention with learned queries: each head asks its own question of the tokens.

    Every head has a query vector that is learned, not computed from the text; keys and values are projections of the
    hidden states, and padding takes no part in the softmax. The heads' answers are joined and projected.

    Args:
        num_heads: heads, >= 1; it must divide the hidden width.
        **kwargs: `keras.layers.Layer`'s own.

    Raises:
        ConfigError: when `num_heads` is below 1 or does not divide the hidden width.

    Example:
        >>> layer = MultiHeadAttentionPooling(num_heads=2)
        >>> tuple(layer(np.ones((1, 3, 8)), np.array([[1, 1, 0]])).shape)
        (1, 8)

    Reference:
        Lee et al., "Set Transformer", 2019, section 3.2 (pooling by multi-head attention, one seed).
    """

    has_weights = True
    torch_code = """
        query = self.weights[f"{name}/query"]  # (heads, head_dim)
        key, value = (self.dense(f"{name}/{part}", hidden).unflatten(-1, query.shape) for part in ("key", "value"))
        scores = torch.einsum("nd,blnd->bnl", query * query.shape[1] ** -0.5, key)
        weights = scores.masked_fill(mask[:, None] == 0, -3e4).softmax(-1)
        return self.dense(f"{name}/output", torch.einsum("bnl,blnd->bnd", weights, value).flatten(1))
    """

    def __init__(self, num_heads: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_heads = check_int("num_heads", num_heads, 1)

    def check_width(self, hidden: int) -> None:
        """Refuse a hidden width that the heads cannot share evenly."""
        if hidden % self.num_heads:
            raise ConfigError(f"`num_heads` must divide the hidden width, {hidden}; got {self.num_heads}.")

    def build(self, hidden_states_shape: Shape, attention_mask_shape: Shape | None = None) -> None:
        hidden = width_of(hidden_states_shape)
        self.check_width(hidden)
        initializer = keras.initializers.TruncatedNormal(stddev=hidden**-0.5)
        self.query = self.add_weight((self.num_heads, hidden // self.num_heads), initializer=initializer, name="query")
        self.key, self.value, self.output_layer = (
            keras.layers.Dense(hidden, dtype=self.dtype_policy, name=name) for name in ("key", "value", "output")
        )
        for layer in (self.key, self.value, self.output_layer):
            layer.build((None, None, hidden))
        self.settle_parts()

    def call(self, hidden_states: Any, attention_mask: Any) -> Any:
        value = self._by_head(self.value(hidden_states))  # (batch, length, heads, head_dim)
        weights = ops.cast(self.weights_of(hidden_states, attention_mask), value.dtype)
        answers = ops.einsum("bnl,blnd->bnd", weights, value)
        joined = ops.reshape(answers, (-1, self.output_layer.units))
        return _zero_where_empty(self.output_layer(joined), attention_mask)

    def weights_of(self, hidden_states: Any, attention_mask: Any) -> Any:
        """Return the weight of each token for each head, float32 (batch, heads, length), summing to 1 over the tokens."""
        key = self._by_head(self.key(hidden_states))
        query = ops.cast(self.query, key.dtype) * key.shape[-1] ** -0.5
        scores = ops.cast(ops.einsum("nd,blnd->bnl", query, key), "float32")
        is_token = ops.expand_dims(ops.cast(attention_mask, "bool"), 1)
        return ops.softmax(ops.where(is_token, scores, LARGE_NEGATIVE), axis=-1)

    def _by_head(self, projected: Any) -> Any:
        length = ops.shape(projected)[1]
        return ops.reshape(projected, (-1, length, self.num_heads, projected.shape[-1] // self.num_heads))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_heads": self.num_heads}


POOLINGS: dict[str, type[Pooling]] = {
    "attention": AttentionPooling,
    "cls": FirstTokenPooling,
    "last": LastTokenPooling,
    "max": MaxPooling,
    "mean": MeanPooling,
    "multihead_attention": MultiHeadAttentionPooling,
    "pooler": PoolerPooling,
}


def scoring_layers(owner: Any, width: int | None) -> tuple[keras.layers.Dense, keras.layers.Dense]:
    """Build the two layers of an attention score, v . tanh(W h + b).

    Args:
        owner: the layer that holds them; its `units` is their inner width, None for the same.
        width: of the vectors that are scored.
    """
    units = owner.units or width
    hidden_layer = keras.layers.Dense(units, activation="tanh", dtype=owner.dtype_policy, name="hidden")
    score = keras.layers.Dense(1, use_bias=False, dtype=owner.dtype_policy, name="score")
    hidden_layer.build((None, width))
    score.build((None, units))
    return hidden_layer, score


def _zero_where_empty(pooled: Any, attention_mask: Any) -> Any:
    has_token = ops.any(ops.cast(attention_mask, "bool"), axis=1, keepdims=True)  # (batch, 1)
    return ops.where(has_token, pooled, ops.zeros_like(pooled))
