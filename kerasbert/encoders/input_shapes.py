"""Which shapes the inputs of an encoder may have, eager as symbolic."""

from collections.abc import Sequence
from typing import Any

from kerasbert._core.checks import shorten
from kerasbert._core.errors import ConfigError
from kerasbert.encoders.config import BertConfig


def check_input_shapes(config: BertConfig, inputs: Sequence[Any]) -> None:
    """Refuse inputs of another shape than an encoder takes.

    Args:
        config: of the encoder.
        inputs: `input_ids`, `attention_mask`, `token_type_ids`, `position_ids`, `head_mask` and `inputs_embeds`.

    Raises:
        ConfigError: when one has another shape, or not exactly one of `input_ids` and `inputs_embeds` is given.
    """
    input_ids, attention_mask, token_type_ids, _, head_mask, inputs_embeds = inputs
    if (input_ids is None) == (inputs_embeds is None):
        raise ConfigError(
            f"Exactly one of `input_ids` and `inputs_embeds` must be given; got "
            f"{'neither' if input_ids is None else 'both'}."
        )
    if input_ids is not None and len(input_ids.shape) != 2:
        raise ConfigError(f"`input_ids` must have shape (batch, length); got {tuple(input_ids.shape)}.")
    _check_vectors(config, inputs_embeds)
    _check_length(config, inputs_embeds if input_ids is None else input_ids)
    if attention_mask is not None and len(attention_mask.shape) not in (2, 3):
        raise ConfigError(
            f"`attention_mask` must have shape (batch, length) or (batch, length, length), 1 where a token is attended to and "
            f"else 0; got {tuple(attention_mask.shape)}."
        )
    if token_type_ids is not None and len(token_type_ids.shape) != 2:
        # In transformers the third argument of some families is another one.
        raise ConfigError(
            f"`token_type_ids` must have shape (batch, length); got {tuple(token_type_ids.shape)}. Give other arguments by "
            f"name."
        )
    _check_heads(config, head_mask)


def _check_vectors(config: BertConfig, inputs_embeds: Any) -> None:
    width = config.embedding_width
    if inputs_embeds is not None and (len(inputs_embeds.shape) != 3 or inputs_embeds.shape[-1] != width):
        raise ConfigError(
            f"`inputs_embeds` must have shape (batch, length, {width}), the width of the token embeddings; got "
            f"{tuple(inputs_embeds.shape)}."
        )


def _check_length(config: BertConfig, tokens: Any) -> None:
    # While JAX traces a model, the length may be a symbol, which cannot be compared; while Keras infers shapes with
    # PyTorch, on tensors without values, it is made up.
    made_up = str(getattr(tokens, "device", "")) == "meta"
    length = tokens.shape[1]
    if isinstance(length, int) and not made_up and length > config.max_length:
        raise ConfigError(
            f"`input_ids` must have at most {config.max_length} tokens a row (the rows of the position table); got {length}. "
            f"Truncate the texts."
        )


def _check_heads(config: BertConfig, head_mask: Any) -> None:
    blocks, heads = config.num_hidden_layers, config.num_attention_heads
    if head_mask is not None and tuple(head_mask.shape) not in ((heads,), (blocks, heads)):
        raise ConfigError(
            f"`head_mask` must have shape ({heads},) or ({blocks}, {heads}), 1 for a head that stays and 0 for one that is "
            f"left out; got {shorten(tuple(head_mask.shape))}."
        )
