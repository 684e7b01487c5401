import numpy as np
import pytest
import tensorflow as tf

from kerasbert import BertConfig, DataError, build_binary

CONFIG = BertConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1)
LABELS = np.array([[0.0], [1.0]], "float32")
WAYS = {
    "call with a text": lambda model: model("text"),
    "call with texts": lambda model: model(["text"]),
    "call with a tensor": lambda model: model(tf.constant(["text"])),
    "predict": lambda model: model.predict(["text"]),
    "predict an array": lambda model: model.predict(np.array(["text"])),
    "predict objects": lambda model: model.predict(np.array(["text"], dtype=object)),
    "predict a data set": lambda model: model.predict(tf.data.Dataset.from_tensor_slices(["a", "b"]).batch(2)),
    "fit": lambda model: model.fit(["a", "b"], LABELS),
    "fit a data set": lambda model: model.fit(tf.data.Dataset.from_tensor_slices((["a", "b"], LABELS)).batch(2)),
    "evaluate": lambda model: model.evaluate(["a", "b"], LABELS),
}


@pytest.fixture(scope="module")
def model():
    return build_binary(encoder=CONFIG)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_raw_text_is_refused_with_the_way_out(way, model):
    with pytest.raises(DataError, match=r"must be token ids.* got raw text\. .* kerasbert\.TextClassifier"):
        way(model)


def test_token_ids_pass_in_every_form(model, tiny_inputs):
    expected = np.asarray(model(tiny_inputs))
    batches = tf.data.Dataset.from_tensor_slices((tiny_inputs, LABELS)).batch(2)
    np.testing.assert_allclose(model.predict(batches, verbose=0), expected, atol=1e-5)
