"""A token table of another number of rows in an encoder that is built, as `resize_token_embeddings` makes it."""

from typing import Any

import keras
import numpy as np

from kerasbert._core.checks import check_int, shorten
from kerasbert._core.errors import ConfigError
from kerasbert.encoders.encoder import Encoder
from kerasbert.encoders.quantized_parts import check_not_quantized


def resize_table(encoder: Encoder, rows: int) -> None:
    """Give the token table a number of rows: the first stay, and new ones are drawn as new weights are.

    Raises:
        ConfigError: when the encoder is quantised, or `rows` is below 1 or leaves out the padding token.
        TypeError: when `rows` is no integer.
    """
    check_not_quantized(encoder)
    check_int("new_num_tokens", rows, 1)
    if rows <= encoder.config.pad_token_id:
        raise ConfigError(
            f"`new_num_tokens` must be above {encoder.config.pad_token_id}, the id of the padding token; got {rows}."
        )
    before = keras.ops.convert_to_numpy(encoder.embeddings.weight)
    if rows == len(before):
        return
    _replace_variable(encoder, rows)
    kept = min(rows, len(before))
    values = np.array(keras.ops.convert_to_numpy(encoder.embeddings.weight))
    values[:kept] = before[:kept]
    encoder.embeddings.weight.assign(values)
    parts: list[Any] = [encoder, encoder.embeddings, *encoder.blocks]
    for part in parts:
        part.config = part.config.replace(vocab_size=rows)
    # Made for the variable that is gone.
    encoder.train_function = encoder.test_function = encoder.predict_function = None


def set_table(encoder: Encoder, value: Any) -> None:
    """Put values in the place of the whole token table.

    Raises:
        ConfigError: when they have another shape.
    """
    check_not_quantized(encoder)
    table, array = encoder.embeddings.weight, keras.ops.convert_to_numpy(value)
    if tuple(array.shape) != tuple(table.shape):
        raise ConfigError(
            f"`value` must have shape {tuple(table.shape)}; got {shorten(tuple(array.shape))}. Call "
            f"resize_token_embeddings first for another number of tokens."
        )
    table.assign(array)


def _replace_variable(encoder: Encoder, rows: int) -> None:
    # As Keras's own layers do where they change their variables in place.
    table, own = encoder.embeddings.word_embeddings, encoder.embeddings
    table._tracker.unlock()
    table._untrack_variable(table._embeddings)
    table.input_dim = rows
    with keras.name_scope(encoder.name, caller=encoder), keras.name_scope(own.name, caller=own):
        table._embeddings = table.add_weight(
            shape=(rows, table.output_dim), initializer=table.embeddings_initializer, name="embeddings"
        )
    table._embeddings.trainable = table.trainable
    table._tracker.lock()
