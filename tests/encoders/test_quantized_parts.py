"""Quantised encoders and classifiers are saved, loaded and cloned."""

import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert.classifiers.architecture import architecture_of
from kerasbert.encoders.quantized_parts import quantized_parts

BUILDERS = {
    "multiclass": lambda **own: kb.build_multiclass(3, pooling="attention", hidden_units=(4,), **own),
    "hierarchical": lambda **own: kb.build_hierarchical({"a": ["b", "c"], "d": ["e"]}, **own),
    "layerwise": lambda **own: kb.build_layerwise(kb.Multiclass(3), **own),
}


def difference(one, other):
    parts = keras.tree.map_structure(lambda a, b: float(np.abs(np.asarray(a) - np.asarray(b)).max()), one, other)
    return max(keras.tree.flatten(parts))


@pytest.mark.parametrize("builder", BUILDERS.values(), ids=BUILDERS)
def test_a_quantised_model_saves_and_loads(builder, tiny_config, tiny_inputs, tmp_path):
    model = builder(encoder=tiny_config)
    before = model.predict(tiny_inputs, verbose=0)
    model.quantize("int8")
    wide = [weight.path for weight in model.weights if len(weight.shape) == 2 and weight.dtype != "int8"]
    after = model.predict(tiny_inputs, verbose=0)
    assert not wide and 0 < difference(before, after) < 0.02
    model.save(tmp_path / "model.keras")
    loaded, clone = keras.models.load_model(tmp_path / "model.keras"), keras.models.clone_model(model)
    clone.set_weights(model.get_weights())
    assert difference(loaded.predict(tiny_inputs, verbose=0), after) < 1e-6
    assert difference(clone.predict(tiny_inputs, verbose=0), after) < 1e-6


def test_an_int8_kernel_is_what_the_rule_says(tiny_config):
    encoder = kb.TFBertModel(tiny_config)
    layer = encoder.blocks[0].intermediate
    kernel = np.asarray(layer.kernel)
    encoder.quantize("int8")
    steps = np.round(kernel * 127 / np.abs(kernel).max(axis=0))
    assert np.abs(np.asarray(layer._kernel) - steps).max() <= 1


def test_a_quantised_encoder_saves_and_loads(tiny_config, tiny_inputs, tmp_path):
    encoder = kb.TFBertModel(tiny_config)
    encoder.quantize("int8")
    encoder.save(tmp_path / "encoder.keras")
    loaded = keras.models.load_model(tmp_path / "encoder.keras")
    assert difference(loaded(tiny_inputs)[0], encoder(tiny_inputs)[0]) < 1e-6
    assert set(quantized_parts(loaded)) == set(quantized_parts(encoder))


@pytest.mark.parametrize("mode", ["int4", "float8"])
def test_another_mode_is_refused_before_anything_is_changed(mode, tiny_config):
    model = kb.build_binary(encoder=tiny_config)
    with pytest.raises(kb.ConfigError, match="`mode` must be one of 'int8'"):
        model.quantize(mode)
    assert not quantized_parts(model)


WRITERS = {
    "folder of transformers": lambda model, folder: model.encoder.save_pretrained(folder),
    "builder": lambda model, folder: kb.build_binary(encoder=model.encoder),
    "description": lambda model, folder: architecture_of(model),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
def test_a_quantised_model_is_refused_where_its_weights_would_be_read_as_numbers(write, tiny_config, tmp_path):
    model = kb.build_binary(encoder=tiny_config)
    model.quantize("int8")
    with pytest.raises(kb.ConfigError, match="is quantised, .*`model.save`"):
        write(model, tmp_path / "folder")
