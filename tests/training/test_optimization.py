import keras
import numpy as np
import pytest
from toy_encoder import toy_config

from kerasbert import ConfigError, finetune
from kerasbert.data import make_batches
from kerasbert.training import TrainingSettings
from kerasbert.training.optimization import layer_factors, prepare_layers, start_steps


@pytest.fixture(scope="session")
def tiny_config():
    return toy_config(blocks=2)


def copies(layer):
    return [np.array(weight) for weight in layer.weights]


def same(layer, before):
    return [np.array_equal(*pair) for pair in zip(copies(layer), before, strict=True)]


def quick(model, batches, epochs=1, **plan):
    return finetune(model, batches, epochs=epochs, verbose=False, **plan, warmup_ratio=0.0)


def test_rates_fall_from_the_top(toy_model):
    assert list(layer_factors(toy_model().encoder, 0.5).values()) == [1.0, 0.5, 0.25, 1.0]


def test_each_variable_gets_its_rate(toy_model, toy_batches):
    model = toy_model()
    quick(model, toy_batches, layer_decay=0.5)
    rates = {variable.path: model.optimizer._factor_of(variable.path) for variable in model.trainable_weights}
    for path, rate in rates.items():
        expected = 0.25 if "/embeddings/" in path else 0.5 if "/layer_0/" in path else 1.0
        assert rate == pytest.approx(expected if path.startswith("encoder/") else 2e-3 / 1.5e-4)


@pytest.mark.parametrize(
    ("freeze", "still"),
    [("embeddings", [True, False, False]), (1, [True, True, False]), ("encoder", [True, True, True])],
)
def test_frozen_parts_stand_still(freeze, still, toy_model, toy_batches):
    model = toy_model()
    parts = [model.encoder.embeddings, *model.encoder.blocks]
    before = [copies(part) for part in parts]
    quick(model, toy_batches, freeze=freeze)
    assert [all(same(part, old)) for part, old in zip(parts, before, strict=True)] == still


def test_fresh_top_blocks(toy_model):
    model = toy_model()
    for weight in model.encoder.weights:
        weight.assign(np.full(weight.shape, 9.0, dtype="float32"))
    prepare_layers([model.encoder], TrainingSettings(reinit_layers=1))
    below, top = (np.concatenate([np.ravel(w) for w in copies(block)]) for block in model.encoder.blocks)
    assert (below == 9).all() and abs(top).max() <= 1.0
    kernels = [w for w in copies(model.encoder.blocks[1]) if w.ndim == 2]
    assert 0.01 < np.concatenate([np.ravel(w) for w in kernels]).std() < 0.025


def test_one_more_block_trains_every_epoch(toy_model, toy_batches):
    for epochs, moved in [(1, [0, 0, 0]), (2, [0, 0, 1]), (3, [0, 1, 1])]:
        model = toy_model()
        toy_batches.begin(0)
        parts = [model.encoder.embeddings, *model.encoder.blocks]
        before = [copies(part) for part in parts]
        quick(model, toy_batches, epochs=epochs, unfreeze_every=1)
        assert [int(not all(same(part, old))) for part, old in zip(parts, before, strict=True)] == moved


def test_unfreezing_starts(toy_model):
    assert list(start_steps(toy_model().encoder, 6).values()) == [6, 12, 18, 6]
    assert start_steps(toy_model().encoder, 0) == {}


def test_accumulated_batches_are_one_larger_batch(toy_model, toy_batches):
    """Four batches of 4 rows, two to an update, against two batches of 8; frozen, so without dropout."""
    results = []
    for size, plan in [(4, {"gradient_accumulation_steps": 2}), (8, {})]:
        model = toy_model()
        tokens, labels = toy_batches.token_arrays.take(range(16)), toy_batches.labels[:16]
        batches = make_batches(tokens, labels, batch_size=size)
        quick(model, batches, freeze="encoder", schedule="constant", **plan)
        results.append(np.concatenate([np.ravel(w) for w in copies(model.head)]))
    assert np.allclose(*results, atol=1e-6)


def test_averages_are_what_is_kept(toy_model, toy_batches):
    """The average of Keras's definition, recomputed from the weights after every step."""

    class Follow(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.average = [np.array(weight) for weight in self.model.trainable_weights]

        def on_train_batch_end(self, batch, logs=None):
            momentum = 0.5 if int(self.model.optimizer.iterations) > 1 else 0.0
            self.average = [
                momentum * old + (1 - momentum) * np.array(new)
                for old, new in zip(self.average, self.model.trainable_weights, strict=True)
            ]

    follow = Follow()
    model = toy_model()
    finetune(model, toy_batches, epochs=2, verbose=False, callbacks=[follow], ema=0.5, freeze="encoder")
    for got, expected in zip(model.trainable_weights, follow.average, strict=True):
        assert np.allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schedule": "lienar"}, "`schedule` must be one of .* Did you mean 'linear'"),
        ({"layer_decay": 0}, "`layer_decay` must be"),
        ({"ema": 1.0}, "`ema` must be"),
        ({"gradient_accumulation_steps": 0}, "`gradient_accumulation_steps` must be"),
        ({"freeze": "head"}, "`freeze` must be one of"),
        ({"freeze": "encoder", "reinit_layers": 1}, "`freeze` must not be 'encoder' with"),
    ],
    ids=["schedule", "decay", "ema", "gradient_accumulation_steps", "freeze", "pair"],
)
def test_what_is_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        TrainingSettings(**options).check_training()


@pytest.mark.parametrize("options", [{"freeze": 3}, {"reinit_layers": 3}], ids=["freeze", "reinit"])
def test_more_blocks_than_there_are(options, toy_model):
    with pytest.raises(ConfigError, match="from 0 to 2"):
        prepare_layers([toy_model().encoder], TrainingSettings(**options))
