import numpy as np
import pytest

from kerasbert.encoders.embeddings import BertEmbeddings

from .reference import toy_config

IDS = np.array([[5, 6, 7], [8, 1, 1]], dtype="int32")


def built(**changes):
    layer = BertEmbeddings(toy_config(layer_norm_eps=1e-6, initializer_range=0.5, **changes))
    layer(IDS)
    return layer


def by_hand(layer, positions, types):
    tables = [
        (layer.word_embeddings, IDS),
        (layer.position_embeddings, positions),
        (layer.token_type_embeddings, types),
    ]
    total = sum(np.asarray(table.embeddings)[ids] for table, ids in tables if table is not None)
    centred = total - total.mean(-1, keepdims=True)
    return centred / np.sqrt(total.var(-1, keepdims=True) + 1e-6)


def test_sum_of_three_tables():
    layer, types = built(), np.array([[0, 1, 1], [0, 0, 0]], dtype="int32")
    np.testing.assert_allclose(layer(IDS, types), by_hand(layer, np.arange(3)[None], types), atol=1e-5)


def test_token_types_default_to_zero():
    layer = built()
    np.testing.assert_allclose(layer(IDS), by_hand(layer, np.arange(3)[None], np.zeros_like(IDS)), atol=1e-5)


def test_roberta_counts_tokens_only():
    layer = built(model_type="roberta")
    # The padding id is 1: tokens are at 2, 3, 4, padding stays at 1.
    positions = np.array([[2, 3, 4], [2, 1, 1]])
    np.testing.assert_allclose(layer(IDS), by_hand(layer, positions, np.zeros_like(IDS)), atol=1e-5)


def test_distilbert_has_no_token_types():
    layer = built(model_type="distilbert", dim=12)
    assert layer.token_type_embeddings is None
    np.testing.assert_allclose(layer(IDS, np.ones_like(IDS)), layer(IDS))


@pytest.mark.parametrize(("size", "projected"), [(5, True), (12, False)])
def test_electra_projects_narrower_embeddings(size, projected):
    layer = built(model_type="electra", embedding_size=size)
    assert (layer.projection is not None) == projected
    assert layer(IDS).shape == (2, 3, 12)


def test_tables_stay_in_float32_under_a_mixed_policy():
    layer = BertEmbeddings(toy_config(), dtype="mixed_bfloat16")
    assert layer(IDS).dtype.name == "bfloat16"
    assert layer.word_embeddings.compute_dtype == "float32"


def test_config_round_trip():
    layer = built(model_type="electra", embedding_size=5)
    assert BertEmbeddings.from_config(layer.get_config()).get_config() == layer.get_config()
