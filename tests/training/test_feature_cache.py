import json
import sys

import keras
import numpy as np
import pytest

from kerasbert import Multiclass, build_multitask, finetune
from kerasbert._core.errors import KerasbertWarning
from kerasbert.data import make_batches, prepare_tokens, stream_batches
from kerasbert.training.feature_cache import FeatureBatches, frozen_features

FROZEN = {"freeze": "encoder"}


def trained(model, batches, **options):
    history = finetune(model, batches, epochs=3, verbose=False, head_learning_rate=1e-2, **options).history
    return history, [np.array(weight) for weight in model.weights]


@pytest.mark.parametrize("options", [{}, {"hidden_units": (6,)}, {"pooling": "cls"}], ids=["plain", "hidden", "cls"])
def test_equal_to_the_slow_way(options, toy_model, toy_batches, monkeypatch):
    validation = make_batches(toy_batches.token_arrays, toy_batches.labels, batch_size=8)
    fast = trained(toy_model(**options), toy_batches, validation=validation, **FROZEN)
    toy_batches.begin(0)
    # By its name among the modules: the room gives the function under the name of the module.
    monkeypatch.setattr(sys.modules["kerasbert.training.trainees.builder_model"], "frozen_features", lambda *_: None)
    slow = trained(toy_model(**options), toy_batches, validation=validation, **FROZEN)
    assert all(np.allclose(*pair, atol=1e-5) for pair in zip(fast[1], slow[1], strict=True))
    assert fast[0].keys() == slow[0].keys()
    assert all(np.allclose(fast[0][name], slow[0][name], atol=1e-5) for name in fast[0])


def test_it_says_so(toy_model, toy_batches, capsys):
    finetune(toy_model(), toy_batches, epochs=1, **FROZEN)
    assert "features were computed once" in capsys.readouterr().err


def test_only_when_nothing_below_the_head_trains(toy_model, toy_batches):
    assert frozen_features(toy_model(), toy_batches, None) is None
    attention = toy_model(pooling="attention")
    attention.encoder.trainable = False
    assert frozen_features(attention, toy_batches, None) is None


def test_features_belong_to_their_rows(toy_model, toy_batches):
    model = toy_model()
    model.encoder.trainable = False
    cached = frozen_features(model, toy_batches, None).train
    assert isinstance(cached, FeatureBatches)
    cached.begin(1, 2)
    features, labels = next(iter(cached.pipeline))
    toy_batches.begin(1, 2)
    inputs, expected = next(iter(toy_batches.pipeline))
    direct = keras.Model(model.inputs, model.features.output)(inputs)
    assert np.allclose(features, direct, atol=1e-5)
    assert np.array_equal(labels, expected)


def test_several_heads(toy_batches, tiny_config):
    labels = {"a": toy_batches.labels, "b": toy_batches.labels}
    batches = make_batches(toy_batches.token_arrays, labels, batch_size=8, shuffle=True)
    model = build_multitask({"a": Multiclass(3), "b": Multiclass(3)}, encoder=tiny_config)
    history = finetune(model, batches, epochs=4, verbose=False, head_learning_rate=3e-2, **FROZEN).history
    assert history["loss"][-1] < history["loss"][0]


@pytest.fixture
def stream(tmp_path, tiny_folder):
    """Batches of a token cache of 44 texts, of which three rows are held out."""
    words = ("good", "bad", "late", "lost", "refund")
    rows = [{"text": " ".join(words[: n % 5 + 1]) + " card" * (n % 3), "label": f"c{n % 3}"} for n in range(44)]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    cache = prepare_tokens(tmp_path / "a.jsonl", tmp_path / "tokens", task="multiclass", encoder=tiny_folder)
    return stream_batches(cache, token_budget=60, held_out=np.array([3, 8, 30]))


def test_a_stream_gives_the_result_of_the_slow_way(stream, toy_model, monkeypatch, capsys):
    monkeypatch.setattr(sys.modules["kerasbert.training.feature_cache"], "STREAM_ROWS", 10)
    fast = trained(toy_model(), stream, **FROZEN)
    stream.begin(0)
    monkeypatch.setattr(sys.modules["kerasbert.training.trainees.builder_model"], "frozen_features", lambda *_: None)
    slow = trained(toy_model(), stream, **FROZEN)
    assert all(np.allclose(*pair, atol=1e-5) for pair in zip(fast[1], slow[1], strict=True))
    assert all(np.allclose(fast[0][name], slow[0][name], atol=1e-5) for name in fast[0])


def test_a_stream_goes_on_from_any_batch(stream, toy_model):
    model = toy_model()
    model.encoder.trainable = False
    cached = frozen_features(model, stream, None).train
    cached.begin(1, 2)
    features, labels = next(iter(cached.pipeline))
    stream.begin(1, 2)
    inputs, expected = next(iter(stream.pipeline))
    direct = keras.Model(model.inputs, model.features.output)(inputs)
    assert np.allclose(features, direct, atol=1e-5)
    assert np.array_equal(labels, expected)
    rows = stream.rows_of(1, 2)
    assert sorted(labels.numpy()) == sorted(stream.store.read(np.sort(rows))[1]["probabilities"])


def test_features_that_do_not_fit_are_told(stream, toy_model, monkeypatch):
    monkeypatch.setattr(sys.modules["kerasbert.training.feature_cache"], "MOST_BYTES", 1000)
    model = toy_model()
    model.encoder.trainable = False
    with pytest.warns(KerasbertWarning, match="the features of 44 texts take .* the encoder runs in every epoch"):
        assert frozen_features(model, stream, None) is None


def test_less_than_an_epoch_computes_no_features(stream, toy_model, capsys):
    finetune(toy_model(), stream, max_steps=1, **FROZEN)
    assert "features were computed once" not in capsys.readouterr().err
