import copy
import pickle

import keras
import pytest
import tensorflow as tf

from kerasbert.encoders import EncoderOutput
from kerasbert.encoders.outputs import OutputOfDefaults

PARTS = {"last_hidden_state": "last", "pooler_output": "pooled", "hidden_states": ("h0", "h1"), "attentions": ("a0",)}
WHOLE = EncoderOutput(**PARTS)


def test_outputs_are_read_by_name_and_by_place():
    assert WHOLE.last_hidden_state == WHOLE["last_hidden_state"] == WHOLE[0] == "last"
    assert WHOLE[1:] == ("pooled", ("h0", "h1"), ("a0",)) == WHOLE.to_tuple()[1:]
    assert list(WHOLE.keys()) == ["last_hidden_state", "pooler_output", "hidden_states", "attentions"]
    assert len(WHOLE) == 4 and "attentions" in WHOLE and dict(WHOLE)["pooler_output"] == "pooled"


def test_what_is_absent_is_none_and_takes_no_place():
    output = EncoderOutput(last_hidden_state="last", attentions=("a0",))
    assert (output.pooler_output, output.hidden_states, output.past_key_values, output.cross_attentions) == (None,) * 4
    assert (
        output[1] == ("a0",)
        and output.to_tuple() == ("last", ("a0",))
        and list(output) == ["last_hidden_state", "attentions"]
    )
    with pytest.raises(KeyError, match="pooler_output"):
        output["pooler_output"]
    with pytest.raises(IndexError, match="tuple index out of range"):
        output[2]


def test_hidden_states_that_nobody_asked_for_take_no_place():
    output = OutputOfDefaults(**PARTS)
    assert output.hidden_states == output["hidden_states"] == ("h0", "h1")
    assert output.to_tuple() == ("last", "pooled", ("a0",)) and output[2] == ("a0",)


@pytest.mark.parametrize("kind", [EncoderOutput, OutputOfDefaults])
@pytest.mark.parametrize(
    "through",
    [
        lambda output: keras.tree.map_structure(lambda one: one, output),
        lambda output: tf.nest.map_structure(lambda one: one, output),
        lambda output: keras.tree.pack_sequence_as(output, keras.tree.flatten(output)),
        lambda output: tf.nest.pack_sequence_as(output, tf.nest.flatten(output)),
        lambda output: keras.tree.map_structure_up_to(output, lambda one: one, output),
        copy.deepcopy,
        lambda output: pickle.loads(pickle.dumps(output)),
    ],
    ids=["keras", "tensorflow", "keras packed", "tensorflow packed", "up to", "copy", "pickle"],
)
def test_trees_keep_the_kind_and_what_is_absent(through, kind):
    output = kind(last_hidden_state="last", hidden_states=("h0", "h1"))
    found = through(output)
    assert type(found) is kind and found == output and found.pooler_output is None


def test_trees_of_pytorch_keep_it():
    _pytree = pytest.importorskip("torch").utils._pytree
    parts, names = WHOLE.torchtree_flatten()
    assert EncoderOutput.torchtree_unflatten(parts, names) == WHOLE
    assert WHOLE.torchtree_flatten_with_keys()[0][0] == (_pytree.MappingKey("last_hidden_state"), "last")


def test_it_is_made_as_a_dict_is():
    assert EncoderOutput(PARTS) == EncoderOutput(PARTS.items()) == WHOLE


def test_none_in_a_tree_stays():
    assert list(keras.tree.map_structure(lambda one: None, EncoderOutput(last_hidden_state="last"))) == [
        "last_hidden_state"
    ]
