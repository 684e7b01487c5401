import numpy as np
import pytest

import kerasbert as kb
from kerasbert.encoders.transformers_options import REFUSED, sort_keywords

from .reference import largest_difference


def test_fields_of_the_config_are_changed(tiny_folder, tiny_inputs):
    encoder = kb.TFBertModel.from_pretrained(
        tiny_folder,
        output_hidden_states=True,
        output_attentions=True,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        from_pt=True,
        local_files_only=True,
        add_pooling_layer=False,
        name="mine",
    )
    output = encoder(tiny_inputs, training=True)
    assert encoder.name == "mine" and list(output) == ["last_hidden_state", "hidden_states", "attentions"]
    assert len(encoder.predict(tiny_inputs, verbose=0).to_tuple()) == 3
    assert largest_difference([output[0]], [encoder(tiny_inputs)[0]]) < 1e-6  # no dropout
    assert kb.TFBertModel.from_config(encoder.get_config()).config.hidden_dropout_prob == 0.0


def test_false_leaves_the_hidden_states_out(tiny_folder, tiny_inputs):
    encoder = kb.TFBertModel.from_pretrained(tiny_folder, output_hidden_states=False, config=None)
    assert encoder(tiny_inputs).hidden_states is None
    assert len(encoder(tiny_inputs, output_hidden_states=True).hidden_states) == 3


def test_distilbert_takes_its_own_names():
    changes, keras_keywords = sort_keywords(
        {"dropout": 0.0, "attention_dropout": 0.2, "trainable": False}, "distilbert"
    )
    assert changes == {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.2}
    assert keras_keywords == {"trainable": False}
    with pytest.raises(TypeError, match="from_pretrained.. has no argument 'dropout'"):
        sort_keywords({"dropout": 0.0}, "bert")


def test_a_model_in_memory_is_copied(tiny_config, tiny_inputs):
    first = kb.TFBertModel(tiny_config)
    second = kb.TFBertModel.from_pretrained(first, hidden_dropout_prob=0.5)
    assert second.config.hidden_dropout_prob == 0.5 and second.weights[0] is not first.weights[0]
    assert np.array_equal(first(tiny_inputs)[0], second(tiny_inputs)[0])


WRONG = {
    "code": (
        {"trust_remote_code": True},
        "`trust_remote_code` must be left out: no code of a model folder .* got True",
    ),
    "sizes": (
        {"ignore_mismatched_sizes": True},
        "`ignore_mismatched_sizes` must be left out: a tensor of another shape",
    ),
    "devices": ({"device_map": "auto"}, "`device_map` must be left out: place the model by tf.device.* got 'auto'"),
    "subfolder": ({"subfolder": "onnx"}, "`subfolder` must be left out: give the folder itself; got 'onnx'"),
    "range": ({"hidden_dropout_prob": 1.5}, r"`hidden_dropout_prob` must be a number in \[0, 1\); got 1.5"),
    "version": ({"revision": "v2"}, "`revision` chooses a version on the hub, and .* is a folder; got 'v2'"),
}


@pytest.mark.parametrize(("options", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_followed_is_refused_by_name(options, message, tiny_folder):
    with pytest.raises(kb.ConfigError, match=message):
        kb.TFBertModel.from_pretrained(tiny_folder, **options)


def test_an_unknown_keyword_is_refused_with_the_near_miss(tiny_folder):
    with pytest.raises(TypeError, match="no argument 'hidden_dropout'.* Did you mean 'hidden_dropout_prob'"):
        kb.TFBertModel.from_pretrained(tiny_folder, hidden_dropout=0.0)
    with pytest.raises(TypeError, match="`from_pt` must be True or False; got 'yes'"):
        kb.TFBertModel.from_pretrained(tiny_folder, from_pt="yes")


def test_sizes_that_do_not_fit_the_weights_are_refused(tiny_folder):
    with pytest.raises(kb.CheckpointError, match="wrong shape .*intermediate.dense.weight"):
        kb.TFBertModel.from_pretrained(tiny_folder, intermediate_size=8)


def test_what_asks_for_nothing_is_taken():
    silent = {name: harmless[0] for name, (harmless, _) in REFUSED.items()}
    assert sort_keywords(silent, "bert") == ({}, {})
