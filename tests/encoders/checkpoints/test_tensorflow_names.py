import pytest

from kerasbert.encoders.checkpoints.tensorflow_names import from_tensorflow, is_weight

QUERY = "encoder.layer.11.attention.self.query.weight"
NAMES = {
    "bert/encoder/layer_11/attention/self/query/kernel": (QUERY, True),
    "tf_bert_model/bert/encoder/layer_._11/attention/self/query/kernel:0": (QUERY, True),
    "tf_bert_for_sequence_classification_3/bert/encoder/layer_._11/attention/self/query/kernel:0": (QUERY, True),
    "bert/tf_bert_model/bert/encoder/layer_._11/attention/self/query/kernel:0": (QUERY, True),
    "bert/embeddings/word_embeddings": ("embeddings.word_embeddings.weight", False),
    "tf_bert_model/bert/embeddings/word_embeddings/weight:0": ("embeddings.word_embeddings.weight", False),
    "tf_bert_model/bert/embeddings/token_type_embeddings/embeddings:0": (
        "embeddings.token_type_embeddings.weight",
        False,
    ),
    "bert/embeddings/LayerNorm/gamma": ("embeddings.LayerNorm.weight", False),
    "bert/pooler/dense/bias": ("pooler.dense.bias", False),
    "electra/embeddings_project/kernel": ("embeddings_project.weight", True),
    "tf_distil_bert_model/distilbert/transformer/layer_._0/ffn/lin1/kernel:0": (
        "transformer.layer.0.ffn.lin1.weight",
        True,
    ),
    "tf_distil_bert_model/distilbert/transformer/layer_._0/sa_layer_norm/beta:0": (
        "transformer.layer.0.sa_layer_norm.bias",
        False,
    ),
    "tf_roberta_model/roberta/embeddings/position_embeddings/embeddings:0": (
        "embeddings.position_embeddings.weight",
        False,
    ),
    "generator/encoder/layer_0/output/dense/kernel": ("generator.encoder.layer.0.output.dense.weight", True),
}


@pytest.mark.parametrize(("name", "expected"), NAMES.items())
def test_from_tensorflow(name, expected):
    assert from_tensorflow(name) == expected


@pytest.mark.parametrize("name", ["global_step", "bert/pooler/dense/kernel/adam_m", "bert/pooler/dense/kernel/lamb_v"])
def test_variables_of_the_optimiser_are_no_weights(name):
    assert not is_weight(name)
    assert is_weight("bert/pooler/dense/kernel")
