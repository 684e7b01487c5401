import keras
import numpy as np
import pytest
from own_models import NUMBERS, TARGETS, TOKENS, WithoutGraph, number_model, token_inputs

from kerasbert import ConfigError
from kerasbert.data import make_batches
from kerasbert.training.trainees.selected_inputs import SelectedInputs, fewer_inputs


def summed(inputs):
    """A model that adds up the tokens that are left when padding is taken away, and the ids."""
    return keras.Model(inputs, keras.ops.sum(inputs["input_ids"] * inputs["attention_mask"], axis=1, keepdims=True))


BATCHES = make_batches(TOKENS, TARGETS, batch_size=8, shuffle=True)


def test_inputs_that_are_not_read_are_left_out():
    names = fewer_inputs(summed(token_inputs("input_ids", "attention_mask")), BATCHES, "train")
    found = SelectedInputs(BATCHES, names)
    assert (found.steps, found.num_examples, found.labels is TARGETS) == (BATCHES.steps, 44, BATCHES.labels is TARGETS)
    found.begin(2)
    rows = np.concatenate([found.rows_of(2, step) for step in range(found.steps)])
    batches = list(found.dataset)
    assert found.epoch == BATCHES.epoch == 3
    assert all(set(inputs) == {"input_ids", "attention_mask"} for inputs, _ in batches)
    assert np.array_equal(np.concatenate([labels for _, labels in batches]), TARGETS[rows])


@pytest.mark.parametrize("inputs", [token_inputs(), list(token_inputs().values())], ids=["dict", "list"])
def test_batches_of_the_right_inputs_stay_as_they_are(inputs):
    named = dict(zip(token_inputs(), inputs, strict=True)) if isinstance(inputs, list) else inputs
    model = keras.Model(inputs, keras.ops.sum(named["input_ids"], axis=1))
    assert fewer_inputs(model, BATCHES, "train") is None


def test_a_model_without_a_graph_gets_all(tiny_config):
    assert fewer_inputs(WithoutGraph(tiny_config), BATCHES, "train") is None


@pytest.mark.parametrize(
    ("others", "message"),
    [
        (None, r"`train` must hold the inputs of the model, .*'number'; its batches lack 'number'\. Give make_batches"),
        ({"number": NUMBERS, "age": NUMBERS}, "its batches hold 'age', which it does not read"),
    ],
    ids=["missing", "unread"],
)
def test_refused(others, message, tiny_config):
    batches = make_batches(TOKENS, TARGETS, other_inputs=others)
    with pytest.raises(ConfigError, match=message):
        fewer_inputs(number_model(tiny_config), batches, "train")
