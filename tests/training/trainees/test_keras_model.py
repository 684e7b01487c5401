"""Keras models of users' own, trained by `finetune` and looked at by `find_learning_rate`."""

import keras
import numpy as np
import pytest
from own_models import (
    NUMBERS,
    TARGETS,
    TOKENS,
    WithoutGraph,
    WithOwnStep,
    number_batches,
    number_model,
    pooled,
    siamese_model,
    text_encoder,
    token_inputs,
)
from sklearn.metrics import mean_squared_error
from toy_encoder import toy_config

from kerasbert import ConfigError, DataError, find_learning_rate, finetune
from kerasbert.data import make_batches
from kerasbert.training.trainees.keras_model import KerasModel


@pytest.fixture(scope="session")
def two_blocks():
    return toy_config(blocks=2)


def quick(model, train=None, *validation, **options):
    return finetune(model, train or number_batches(), *validation, verbose=False, **{"epochs": 1, **options}).history


def weights_of(model):
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


def test_a_text_and_a_number_tell_the_target(two_blocks):
    model = number_model(two_blocks)
    held_out = number_batches(shuffle=False, by_length=True)
    options = {"learning_rate": 3e-3, "head_learning_rate": 3e-2, "layer_decay": 0.5, "patience": 9}
    history = quick(model, number_batches(), held_out, epochs=8, **options)
    # The best epoch is kept, and the rows come back in the order of the texts.
    predicted = held_out.restore(model.predict(held_out.dataset, verbose=0))
    assert mean_squared_error(TARGETS, predicted[:, 0]) == pytest.approx(min(history["val_loss"]), rel=1e-4)
    assert min(history["val_loss"]) < 0.5 * np.var(TARGETS) and "val_mae" in history
    # `text/` is part of `context/kernel`, which is of the head all the same.
    for variable in model.trainable_weights:
        expected = {"embeddings": 0.25, "layer_0": 0.5, "layer_1": 1.0, "kernel": 10.0, "bias": 10.0}
        part = variable.path.split("/")[1]
        assert model.optimizer._factor_of(variable.path) == pytest.approx(expected[part]), variable.path


def test_accumulated_batches_are_one_larger_batch(tiny_config):
    results = []
    for size, plan in [(4, {"gradient_accumulation_steps": 2}), (8, {})]:
        model = number_model(tiny_config)
        batches = make_batches(
            TOKENS.take(range(16)), TARGETS[:16], batch_size=size, other_inputs={"number": NUMBERS[:16]}
        )
        quick(model, batches, freeze="encoder", schedule="constant", warmup_ratio=0.0, **plan)
        results.append(weights_of(model))
    assert np.allclose(*results, atol=1e-6)


class Trouble(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.optimizer.iterations) == 9:
            raise RuntimeError("trouble")


def test_a_resumed_training_is_the_uninterrupted_one(tiny_config, tmp_path):
    options = {"epochs": 3, "checkpoint_dir": tmp_path / "run", "checkpoint_every": 4}
    held_out = number_batches(shuffle=False)
    whole = number_model(tiny_config)
    history = quick(whole, number_batches(), held_out, epochs=3)
    with pytest.raises(RuntimeError, match="trouble"):
        quick(number_model(tiny_config), number_batches(), held_out, callbacks=[Trouble()], **options)
    with pytest.raises(ConfigError, match="`loss` was '\"mse\"' and is '\"mae\"'"):
        quick(number_model(tiny_config, "mae"), number_batches(), held_out, **options)
    with pytest.raises(ConfigError, match="other training other_inputs"):
        quick(number_model(tiny_config), number_batches(other_inputs={"number": NUMBERS + 1}), held_out, **options)
    resumed = number_model(tiny_config)
    again = quick(resumed, number_batches(), held_out, **options)
    assert np.allclose(weights_of(whole), weights_of(resumed), atol=1e-6)
    assert all(np.allclose(history[name], again[name], atol=1e-5) for name in history)


def test_a_range_test_leaves_a_model_as_it_was(tiny_config):
    model, batches = siamese_model(tiny_config), pair_batches()
    before, optimizer = weights_of(model), model.optimizer
    found = find_learning_rate(model, batches, lowest=1e-6, highest=1e-1, steps=12)
    assert len(found.losses) == 12 and found.rates[-1] == pytest.approx(1e-1)
    assert np.array_equal(weights_of(model), before) and model.optimizer is optimizer
    assert KerasModel(model).encoders == [model.get_layer("text")]


def pair_batches():
    labels = (np.arange(44) % 2).astype("float32")
    return make_batches(TOKENS, labels, batch_size=22, other_inputs={"right": TOKENS.take(np.arange(44)[::-1])})


def test_two_encoders_have_rates_of_their_own(two_blocks):
    model = siamese_model(two_blocks, ("text", "other_text"))
    quick(model, pair_batches(), layer_decay=0.5, unfreeze_every=1)
    rates = {name: model.optimizer._factor_of(f"{name}/layer_0/kernel") for name in ("text", "other_text")}
    assert rates == {"text": 0.5, "other_text": 0.5}
    assert [model.optimizer._start_of(f"{name}/layer_0/x") for name in ("text", "other_text")] == [4, 4]


def test_a_model_without_a_graph_is_built_and_keeps_its_own_step(tiny_config):
    results = []
    for kind, compiling in [(WithoutGraph, {"loss": "mse"}), (WithOwnStep, {"power": 2})]:
        keras.utils.set_random_seed(3)
        model = kind(tiny_config)
        model.compile("sgd", **compiling)
        batches = number_batches()
        history = quick(model, batches, number_batches(shuffle=False), freeze="encoder", head_learning_rate=0.1)
        assert batches.epoch == 1
        results.append((weights_of(model), history))
    (one, history), (other, own_history) = results
    assert np.allclose(one, other, atol=1e-6)
    assert list(history) == list(own_history) == ["loss", "val_loss"]
    assert history["val_loss"] == pytest.approx(own_history["val_loss"], rel=1e-5)


def test_labels_of_tokens(tiny_config):
    inputs = token_inputs()
    states = text_encoder(tiny_config)(inputs).last_hidden_state
    model = keras.Model(inputs, keras.layers.Dense(2, activation="softmax")(states))
    model.compile("sgd", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    length = int(TOKENS.lengths.max())
    weights = (np.arange(length) < TOKENS.lengths[:, None]).astype("float32")
    labels = (np.arange(length) % 2)[None].repeat(44, 0)
    batches = make_batches(TOKENS, labels, sample_weight=weights, lengths=[length], batch_size=22)
    history = quick(model, batches, batches)
    predicted = model.predict(batches.dataset, verbose=0)
    real = weights > 0
    # Keras's mean is over all tokens of a batch, padding with its weight of 0 among them.
    expected = -np.log(np.take_along_axis(predicted, labels[..., None], -1))[real].mean() * real.mean()
    assert history["val_loss"][0] == pytest.approx(expected, rel=1e-4)
    assert history["val_accuracy"][0] == pytest.approx((predicted.argmax(-1) == labels)[real].mean(), abs=1e-5)


def test_an_input_that_a_model_does_not_have_is_left_out(tiny_config):
    inputs = token_inputs("input_ids", "attention_mask")
    model = keras.Model(inputs, keras.layers.Dense(1)(pooled(text_encoder(tiny_config), inputs)))
    model.compile("sgd", "mse")
    batches = make_batches(TOKENS, TARGETS, batch_size=44)
    history = quick(model, batches, batches)
    padded = {name: part for name, part in TOKENS.padded().items() if name in inputs}
    assert history["val_loss"][0] == pytest.approx(mean_squared_error(TARGETS, model.predict(padded, verbose=0)))


def test_early_stopping_of_a_users_own_chooses_the_best_epoch(tiny_config):
    def largest(targets, predicted):
        return keras.ops.max(predicted, axis=-1)

    model = number_model(tiny_config, metrics=[largest])
    stopping = keras.callbacks.EarlyStopping("val_largest", mode="max", patience=1, restore_best_weights=True)
    held_out = number_batches(shuffle=False)
    history = quick(model, number_batches(), held_out, epochs=2, callbacks=[stopping])
    found = model.evaluate(held_out.dataset, verbose=0, return_dict=True)
    assert found["largest"] == pytest.approx(max(history["val_largest"]), rel=1e-5)


def bare(config):
    """A compiled model without an encoder."""
    inputs = token_inputs()
    model = keras.Model(inputs, keras.ops.sum(inputs["input_ids"], axis=1, keepdims=True) * 1.0)
    model.compile("sgd", "mse")
    return model


def odd(targets, predicted):
    return keras.ops.mean(predicted)


REFUSED = {
    "no compile": (lambda config: number_model(config, compiled=False), {}, "`model` must be compiled with its loss"),
    "no loss": (lambda config: number_model(config, None), {}, "must be compiled with a loss.*got none"),
    "no encoder": (bare, {}, "must hold an encoder, such as kerasbert.TFBertModel"),
    "balance": (
        number_model,
        {"balance": "auto"},
        "`balance` must be None for a model that no builder made.*'auto'.*loss",
    ),
    "smoothing": (
        number_model,
        {"label_smoothing": 0.1},
        "`label_smoothing` must be None .* Give `label_smoothing` to",
    ),
    "monitor": (number_model, {"monitor": "val_f1"}, "`monitor` must be one of 'val_loss', 'val_mae'.*got 'val_f1'"),
    "direction": (
        lambda config: number_model(config, metrics=[odd]),
        {"monitor": "val_odd"},
        "says whether more is better.*got 'val_odd'. Pass callbacks=",
    ),
    "two choices": (
        number_model,
        {"monitor": "val_loss", "callbacks": [keras.callbacks.EarlyStopping("val_mae")]},
        "`monitor` must be None with an EarlyStopping among the `callbacks`.*'val_mae'; got 'val_loss'",
    ),
}


@pytest.mark.parametrize(("build", "options", "message"), REFUSED.values(), ids=REFUSED)
def test_what_a_model_cannot_follow(build, options, message, tiny_config):
    batches = make_batches(TOKENS, TARGETS, batch_size=44) if build is bare else number_batches(batch_size=44)
    with pytest.raises(ConfigError, match=message):
        quick(build(tiny_config), batches, batches, **options)


def test_two_encoders_of_one_name(tiny_config):
    class Two(WithoutGraph):
        def __init__(self, config):
            super().__init__(config)
            self.other = text_encoder(config)

    model = Two(tiny_config)
    model.compile("sgd", "mse")
    with pytest.raises(ConfigError, match="must have encoders of different names.*got 'text' twice"):
        quick(model)


def test_labels_that_the_loss_does_not_take(tiny_config):
    batches = make_batches(TOKENS, TARGETS, other_inputs={"number": NUMBERS})
    with pytest.raises(DataError, match="The labels of `train` must be numbers from 0 to 1.*got 2 in row 2"):
        quick(number_model(tiny_config, "binary_crossentropy"), batches)


class TwoDevices:
    num_replicas_in_sync = 2


def test_several_devices_need_a_model_that_can_be_copied(tiny_config):
    model = WithOwnStep(tiny_config)
    model.compile("sgd", power=2)
    with pytest.raises(ConfigError, match="`strategy` must be one device for .* got 2 devices and a WithOwnStep"):
        KerasModel(model).inside(TwoDevices())


def test_a_step_must_tell_its_loss(tiny_config):
    class Silent(WithOwnStep):
        def train_step(self, data):
            return {"mean": super().train_step(data)["loss"]}

    model = Silent(tiny_config)
    model.compile("sgd", power=2)
    with pytest.raises(ConfigError, match="must return a dict with 'loss'; got mean"):
        quick(model)
