import numpy as np
import pytest

import kerasbert as kb

from .reference import largest_difference


def test_the_first_rows_stay_and_new_ones_are_drawn(tiny_config, tiny_inputs, tmp_path):
    encoder = kb.TFBertModel(tiny_config)
    before, expected = np.array(encoder.get_input_embeddings().weight), encoder(tiny_inputs)[0]
    names = [weight.path for weight in encoder.weights]
    table = encoder.resize_token_embeddings(len(before) + 4)
    assert table is encoder.get_input_embeddings().weight is encoder.bert.embeddings.word_embeddings.embeddings
    assert np.array_equal(table[: len(before)], before) and 0 < np.std(table[len(before) :]) < 0.05
    assert encoder.config.vocab_size == encoder.get_config()["config"]["vocab_size"] == len(before) + 4
    assert sorted(weight.path for weight in encoder.weights) == sorted(names)
    assert largest_difference([expected], [encoder(tiny_inputs)[0]]) < 1e-6
    with_new = {**tiny_inputs, "input_ids": np.full((2, 4), len(before) + 3, "int32")}
    encoder.save_pretrained(tmp_path / "resized")
    again = kb.TFBertModel.from_pretrained(tmp_path / "resized")
    assert largest_difference([encoder(with_new)[0]], [again(with_new)[0]]) < 1e-6
    assert kb.build_binary(encoder=encoder, compile=False).encoder.config.vocab_size == len(before) + 4


def test_rows_are_taken_off_and_training_goes_on(tiny_config, tiny_inputs):
    encoder = kb.TFBertModel(tiny_config)
    encoder.embeddings.word_embeddings.trainable = False
    encoder.resize_token_embeddings(10)
    assert (
        tuple(encoder.resize_token_embeddings().shape) == (10, 16) == tuple(encoder.resize_token_embeddings(10).shape)
    )
    assert not any("word_embeddings" in weight.path for weight in encoder.trainable_weights)
    encoder.compile("sgd", lambda y, y_pred: y_pred[..., 0])
    assert np.isfinite(encoder.predict(tiny_inputs, verbose=0)[0]).all()


def test_the_whole_table_is_set(tiny_config):
    encoder = kb.TFBertModel(tiny_config)
    values = np.arange(23 * 16, dtype="float32").reshape(23, 16)
    encoder.set_input_embeddings(values)
    assert np.array_equal(encoder.get_input_embeddings().weight, values)
    with pytest.raises(kb.ConfigError, match=r"`value` must have shape \(23, 16\); got \(2, 16\). Call resize_token"):
        encoder.set_input_embeddings(values[:2])


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (0, kb.ConfigError, "`new_num_tokens` must be an integer >= 1; got 0"),
        (2.0, TypeError, "`new_num_tokens` must be an integer >= 1; got 2.0"),
        (3, kb.ConfigError, "must be above 3, the id of the padding token; got 3"),
    ],
)
def test_a_number_that_cannot_be_is_refused(rows, error, message, tiny_config):
    with pytest.raises(error, match=message):
        kb.TFBertModel(tiny_config.replace(pad_token_id=3)).resize_token_embeddings(rows)


def test_a_quantised_encoder_is_refused(tiny_config):
    encoder = kb.TFBertModel(tiny_config)
    encoder.quantize("int8")
    with pytest.raises(kb.ConfigError, match="is quantised"):
        encoder.resize_token_embeddings(30)
