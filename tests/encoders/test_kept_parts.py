import numpy as np
import pytest

from kerasbert import BertConfig, Multiclass, TFBertModel
from kerasbert.classifiers.combining import AttentionCombination
from kerasbert.classifiers.head import ClassificationHead
from kerasbert.classifiers.pooling import AttentionPooling, MultiHeadAttentionPooling
from kerasbert.encoders.attention import BertSelfAttention
from kerasbert.encoders.block import BertBlock
from kerasbert.encoders.embeddings import BertEmbeddings

CONFIG = BertConfig(vocab_size=20, hidden_size=8, num_attention_heads=2, intermediate_size=16)
STATES, MASK = np.ones((1, 3, 8), "float32"), np.ones((1, 3), "int32")
LAYERS = {
    "attention": (lambda **own: BertSelfAttention(8, 2, **own), (STATES,), "query_key_value"),
    "block": (lambda **own: BertBlock(CONFIG, **own), (STATES,), "attention"),
    "embeddings": (lambda **own: BertEmbeddings(CONFIG, **own), (MASK,), "word_embeddings"),
    "attention pooling": (AttentionPooling, (STATES, MASK), "score"),
    "multi-head pooling": (MultiHeadAttentionPooling, (STATES, MASK), "key"),
    "combination": (AttentionCombination, ([STATES, STATES],), "score"),
    "head": (lambda **own: ClassificationHead(Multiclass(["a", "b"]), **own), (STATES[:, 0],), "output_layer"),
}


@pytest.mark.parametrize(("make", "inputs", "part"), LAYERS.values(), ids=LAYERS)
def test_a_layer_that_is_made_frozen_does_not_train(make, inputs, part):
    layer = make(trainable=False)
    layer(*inputs)
    assert layer.weights and not any(weight.trainable for weight in layer.weights)


@pytest.mark.parametrize(("make", "inputs", "part"), LAYERS.values(), ids=LAYERS)
def test_a_part_that_was_frozen_is_frozen_in_the_layer_of_its_config(make, inputs, part):
    layer = make()
    layer(*inputs)
    getattr(layer, part).trainable = False
    again = type(layer).from_config(layer.get_config())
    again(*inputs)
    assert [weight.trainable for weight in again.weights] == [weight.trainable for weight in layer.weights]
    assert not getattr(again, part).trainable and again.trainable


def test_what_was_set_later_is_not_set_back():
    encoder = TFBertModel.from_config({**TFBertModel(CONFIG, num_hidden_layers=1).get_config(), "trainable": False})
    encoder.trainable = True
    assert TFBertModel.from_config(encoder.get_config()).trainable_weights
