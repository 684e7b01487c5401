import keras
import numpy as np
import pytest

from kerasbert import CheckpointError, TFBertModel, TFDistilBertModel
from kerasbert.encoders.checkpoints import load_weights
from kerasbert.encoders.checkpoints.live import LiveEncoderSource, live_source
from kerasbert.encoders.source import encoder_from

from ..reference import inputs_for, largest_difference, random_tensors, torch_model, torch_outputs, toy_config
from .formats import transformers_4_name

CONFIG = toy_config(num_hidden_layers=2)


class Variable:
    """A variable of TensorFlow, as transformers 4 names them."""

    def __init__(self, name, value):
        self.name, self.value, self.shape = name, value, value.shape

    def numpy(self):
        return self.value


class Transformers4Model:
    """What the package sees of a TFBertModel of transformers 4."""

    config = CONFIG

    def __init__(self, tensors):
        self.weights = []
        for name, value in tensors.items():
            theirs, transposed = transformers_4_name(name)
            self.weights.append(Variable(theirs, value.T if transposed else value))


def test_transformers_4_model_is_copied():
    tensors = random_tensors(CONFIG)
    source = LiveEncoderSource(encoder_from(Transformers4Model(tensors)))
    assert all(np.array_equal(source.read(name), value) for name, value in tensors.items())


def test_lower_layers_only():
    encoder = encoder_from(Transformers4Model(random_tensors(CONFIG)), num_hidden_layers=1, add_pooling_layer=False)
    assert (encoder.config.num_hidden_layers, encoder.pooler) == (1, None)


def test_copy_between_encoders(tiny_inputs):
    config = toy_config()
    first, second = TFBertModel(config), TFBertModel(config, num_hidden_layers=2)
    load_weights(second, live_source(first))
    assert largest_difference(first(tiny_inputs).hidden_states[:3], second(tiny_inputs).hidden_states) == 0


def test_copy_from_half_precision_weights():
    first, second = TFBertModel(CONFIG, dtype="bfloat16"), TFBertModel(CONFIG)
    load_weights(second, live_source(first))
    expected = keras.ops.cast(first.weights[0], "float32")
    np.testing.assert_array_equal(second.weights[0], expected)


@pytest.mark.parametrize("pooled", [True, False], ids=["BertForSequenceClassification", "BertForMaskedLM"])
def test_models_with_a_head_give_their_encoder(pooled):
    transformers = pytest.importorskip("transformers")
    plain = torch_model(CONFIG)
    head_class = transformers.BertForSequenceClassification if pooled else transformers.BertForMaskedLM
    model = head_class(plain.config)
    model.bert.load_state_dict(plain.state_dict(), strict=pooled)
    encoder = encoder_from(model)
    inputs = inputs_for(CONFIG)
    assert (encoder.pooler is not None) == pooled
    assert largest_difference(torch_outputs(plain, CONFIG, inputs).hidden_states, encoder(inputs).hidden_states) < 1e-5


def test_pytorch_weights_in_half_precision():
    torch = pytest.importorskip("torch")
    model = torch_model(CONFIG).to(torch.bfloat16)
    source = LiveEncoderSource(encoder_from(model))
    expected = model.state_dict()["pooler.dense.weight"].float().numpy()
    np.testing.assert_array_equal(source.read("pooler.dense.weight"), expected)


def test_other_shapes_are_refused_and_change_nothing():
    encoder = TFBertModel(CONFIG)
    before = [np.array(weight) for weight in encoder.weights]
    with pytest.raises(
        CheckpointError, match=r"the encoder 'other'.*\n.*wrong shape  embeddings.word_embeddings.weight"
    ):
        load_weights(encoder, live_source(TFBertModel(toy_config(hidden_size=24), name="other")))
    assert all(np.array_equal(old, new) for old, new in zip(before, encoder.weights, strict=True))


def test_another_family_is_refused():
    distilbert = TFDistilBertModel(toy_config(model_type="distilbert", dim=12, n_heads=3, hidden_dim=29))
    with pytest.raises(CheckpointError, match=r"missing      embeddings.token_type_embeddings.weight \(2, 12\)"):
        load_weights(TFBertModel(CONFIG), live_source(distilbert))


def test_something_else():
    with pytest.raises(TypeError, match="`encoder` must be a TFBertModel or a PyTorch BertModel; got 3"):
        live_source(3)


def test_model_without_a_config():
    torch = pytest.importorskip("torch")
    with pytest.raises(TypeError, match="`config` must be .*; got None"):
        encoder_from(torch.nn.Linear(2, 2))
