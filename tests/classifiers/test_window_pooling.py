import keras
import numpy as np
import pytest

from kerasbert import build_multiclass
from kerasbert.classifiers.architecture import architecture_of
from kerasbert.layers import AttentionPooling, WindowPooling

VECTORS = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")
ROWS = np.array([[1, 2, 3], [4, 0, 0], [5, 6, 0]], dtype="int32")
GROUPS = [VECTORS[:3], VECTORS[3:4], VECTORS[4:]]


@pytest.mark.parametrize(("pooling", "rule"), [("mean", np.mean), ("max", np.max)])
def test_equals_numpy_text_by_text(pooling, rule):
    expected = [rule(group, axis=0) for group in GROUPS]
    assert np.allclose(keras.ops.convert_to_numpy(WindowPooling(pooling)(VECTORS, ROWS)), expected, atol=1e-6)


def test_attention_equals_the_pooling_of_each_text_alone():
    pooling = AttentionPooling()
    found = keras.ops.convert_to_numpy(WindowPooling(pooling)(VECTORS, ROWS))
    alone = [pooling(group[None], np.ones((1, len(group)))) for group in GROUPS]
    assert np.allclose(found, np.concatenate([keras.ops.convert_to_numpy(one) for one in alone]), atol=1e-6)


@pytest.mark.parametrize("pooling", ["mean", "max", "attention"])
def test_a_model_of_windows_equals_each_window_alone(pooling, tiny_config):
    keras.utils.set_random_seed(3)
    model = build_multiclass(3, encoder=tiny_config, window_pooling=pooling)
    ids = np.random.default_rng(1).integers(5, 20, (6, 7)).astype("int32")
    mask = (np.arange(7) < np.array([7, 7, 4, 3, 7, 2])[:, None]).astype("int32")
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    found = keras.ops.convert_to_numpy(model({**inputs, "window_rows": ROWS}))
    for text, rows in enumerate([(0, 1, 2), (3,), (4, 5)]):
        vectors = []
        for row in rows:
            real = ids[row : row + 1, : mask[row].sum()]
            state = model.encoder(real).last_hidden_state
            vectors.append(keras.ops.convert_to_numpy(state)[0].mean(axis=0))
        alone = model.windows.pooling(np.stack(vectors)[None], np.ones((1, len(rows))))
        assert np.allclose(found[text], keras.ops.convert_to_numpy(model.head(alone))[0], atol=1e-5)


def test_config_round_trip_and_recipe(tiny_config):
    layer = WindowPooling.from_config(WindowPooling("max").get_config())
    assert type(layer.pooling).__name__ == "MaxPooling"
    assert (
        architecture_of(build_multiclass(2, encoder=tiny_config, window_pooling="max"))["arguments"]["window_pooling"]
        == "max"
    )
