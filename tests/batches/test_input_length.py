import numpy as np
import pytest
import tensorflow as tf

from kerasbert import ConfigError, build_multiclass
from kerasbert.batches.input_length import limit_input_length
from kerasbert.data import make_batches
from kerasbert.tokenization.token_arrays import TokenArrays

REFUSAL = "`input_ids` must have at most 6 tokens a row.*; got (9|more). Truncate the texts, or build it with a larger"


def inputs_of(length):
    ids = np.full((2, length), 5, "int32")
    return {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}


def unknown_length(inputs, labels):
    spec = ({name: tf.TensorSpec((None, None), tf.int32) for name in inputs}, tf.TensorSpec((None,), tf.int64))
    return tf.data.Dataset.from_generator(lambda: iter([(inputs, labels)]), output_signature=spec)


LABELS = np.array([0, 2])
WAYS = {
    "call": lambda model, length: model(inputs_of(length)),
    "predict": lambda model, length: model.predict(inputs_of(length), verbose=0),
    "predict_on_batch": lambda model, length: model.predict_on_batch(inputs_of(length)),
    "fit": lambda model, length: model.fit(inputs_of(length), LABELS, verbose=0),
    "train_on_batch": lambda model, length: model.train_on_batch(inputs_of(length), LABELS),
    "evaluate": lambda model, length: model.evaluate(list(inputs_of(length).values()), LABELS, verbose=0),
    "dataset": lambda model, length: model.fit(tf.data.Dataset.from_tensors((inputs_of(length), LABELS)), verbose=0),
    "batches": lambda model, length: model.predict(
        make_batches(TokenArrays.from_lists([[5] * length] * 2), lengths=[length]), verbose=0
    ),
    "dataset of batches": lambda model, length: model.predict(
        make_batches(TokenArrays.from_lists([[5] * length] * 2), lengths=[length]).dataset, verbose=0
    ),
}


@pytest.fixture(scope="module")
def model(tiny_config):
    return build_multiclass(3, encoder=tiny_config, max_length=6)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_longer_inputs_than_the_model_was_built_for_are_refused(way, model):
    with pytest.raises(ConfigError, match=REFUSAL):
        way(model, 9)
    way(model, 6)


# Keras tells of a dataset of unknown length that ends.
@pytest.mark.filterwarnings("ignore:Your input ran out of data")
def test_a_length_that_is_known_only_when_a_batch_comes_is_checked(model):
    with pytest.raises(tf.errors.InvalidArgumentError, match="must have at most 6 tokens a row.*; got more"):
        model.evaluate(unknown_length(inputs_of(9), LABELS), verbose=0)
    model.evaluate(unknown_length(inputs_of(6), LABELS), verbose=0)


def test_what_holds_no_tokens_is_given_back():
    dataset = tf.data.Dataset.from_tensors(np.ones((2, 3)))
    assert limit_input_length(dataset, 2) is dataset and limit_input_length("text", 2) == "text"
