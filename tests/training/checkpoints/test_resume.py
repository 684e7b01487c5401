import dataclasses
import os
import signal

import keras
import numpy as np
import pytest

from kerasbert import ArtifactError, ConfigError, DivergedError, build_multiclass, finetune
from kerasbert.batches import row_arrays
from kerasbert.data import make_batches
from kerasbert.tokenization.token_arrays import TokenArrays
from kerasbert.training.checkpoints.signals import StopSignals, TrainingStopped


@pytest.fixture
def toy_model(tiny_config):
    """Makes models of the same weights, as small as may be."""

    def make(**options):
        keras.utils.set_random_seed(3)
        small = dataclasses.replace(tiny_config, num_hidden_layers=1)
        return build_multiclass(3, encoder=small, **{"dropout": 0.0, **options})

    return make


def weights_of(model):
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


def fresh(toy_batches):
    return make_batches(toy_batches.token_arrays, toy_batches.labels, batch_size=8, shuffle=True)


class Trouble(keras.callbacks.Callback):
    """Ends a training after some batches, as a failing callback does."""

    def __init__(self, after):
        super().__init__()
        self.left = after

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise RuntimeError("trouble")


def train(make, batches, folder=None, *, after=None, validation=None, **options):
    """Train a model; `after`: fail after so many batches."""
    model = make(dropout=0.2)
    callbacks = [] if after is None else [Trouble(after)]
    arguments = {"epochs": 4, "learning_rate": 1e-3, "patience": 9, "verbose": False, "checkpoint_dir": folder}
    try:
        model.history_seen = finetune(
            model, fresh(batches), validation, callbacks=callbacks, **{**arguments, "checkpoint_every": 4, **options}
        ).history
    except RuntimeError:
        assert after is not None
    return model


PLANS = {
    "plain": {},
    "averages, accumulation, unfreezing": {"ema": 0.9, "gradient_accumulation_steps": 3, "unfreeze_every": 1},
    "frozen": {"freeze": "encoder"},
}


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_a_resumed_training_is_the_uninterrupted_one(plan, toy_model, toy_batches, tmp_path):
    held_out = make_batches(toy_batches.token_arrays, toy_batches.labels, batch_size=8)
    whole = train(toy_model, toy_batches, validation=held_out, **plan)
    train(toy_model, toy_batches, tmp_path / "run", after=15, validation=held_out, **plan)
    assert (tmp_path / "run" / "step-000000012").is_dir()
    resumed = train(toy_model, toy_batches, tmp_path / "run", validation=held_out, **plan)
    assert np.allclose(weights_of(whole), weights_of(resumed), atol=1e-6)
    assert list(whole.history_seen) == list(resumed.history_seen)
    for name, values in whole.history_seen.items():
        assert np.allclose(values, resumed.history_seen[name], atol=1e-5), name


def test_early_stopping_goes_on_counting(toy_model, toy_batches, tmp_path):
    held_out = make_batches(toy_batches.token_arrays, np.roll(toy_batches.labels, 1), batch_size=8)
    options = {"validation": held_out, "patience": 2, "monitor": "val_loss", "epochs": 8, "learning_rate": 5e-3}
    whole = train(toy_model, toy_batches, **options)
    train(toy_model, toy_batches, tmp_path / "run", after=13, **options)
    resumed = train(toy_model, toy_batches, tmp_path / "run", **options)
    assert len(whole.history_seen["loss"]) < 8
    assert len(resumed.history_seen["loss"]) == len(whole.history_seen["loss"])
    assert np.allclose(weights_of(whole), weights_of(resumed), atol=1e-6)


def test_a_finished_training_is_given_back(toy_model, toy_batches, tmp_path):
    first = train(toy_model, toy_batches, tmp_path / "run")
    again = train(toy_model, toy_batches, tmp_path / "run", after=1)
    assert np.array_equal(weights_of(first), weights_of(again))
    assert again.history_seen == first.history_seen


CHANGES = {
    "`epochs` was 4 and is 5": {"epochs": 5},
    "`ema` was None and is 0.9": {"ema": 0.9},
    "`balance` was None and is 'sqrt'": {"balance": "sqrt"},
}


@pytest.mark.parametrize(("message", "change"), CHANGES.items(), ids=["epochs", "ema", "balance"])
def test_other_settings_are_refused_by_name(message, change, toy_model, toy_batches, tmp_path):
    train(toy_model, toy_batches, tmp_path / "run", after=6)
    with pytest.raises(ConfigError, match=message):
        train(toy_model, toy_batches, tmp_path / "run", **change)


def test_other_data_are_refused(toy_model, toy_batches, tmp_path):
    train(toy_model, toy_batches, tmp_path / "run", after=6)
    toy_batches.labels = np.roll(toy_batches.labels, 1)
    with pytest.raises(ConfigError, match="other training labels"):
        train(toy_model, toy_batches, tmp_path / "run")


def test_another_model_is_refused(toy_model, toy_batches, tmp_path):
    train(toy_model, toy_batches, tmp_path / "run", after=6)
    with pytest.raises(ConfigError, match=r"`model\.hidden_units` was \[\] and is \[5\]"):
        train(lambda **options: toy_model(hidden_units=[5], **options), toy_batches, tmp_path / "run")


def test_resume_is_demanded_or_declined(toy_model, toy_batches, tmp_path):
    with pytest.raises(ConfigError, match="holds no checkpoint"):
        train(toy_model, toy_batches, tmp_path / "run", resume=True)
    train(toy_model, toy_batches, tmp_path / "run", after=6)
    model = train(toy_model, toy_batches, tmp_path / "run", epochs=1, resume=False)
    assert len(model.history_seen["loss"]) == 1


def test_checkpoints_of_nothing_are_refused(toy_model, toy_batches, tmp_path):
    with pytest.raises(ConfigError, match="`checkpoint_every` must be"):
        train(toy_model, toy_batches, tmp_path / "run", checkpoint_every=0)
    (tmp_path / "file").touch()
    with pytest.raises(ArtifactError, match="is a file"):
        train(toy_model, toy_batches, tmp_path / "file")


def test_a_signal_stops_after_a_checkpoint(toy_model, toy_batches, tmp_path):
    class Send(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 2:
                os.kill(os.getpid(), signal.SIGTERM)

    with pytest.raises(TrainingStopped, match=r"Stopped by SIGTERM\. A checkpoint is in") as stopped:
        finetune(toy_model(), toy_batches, epochs=1, verbose=False, checkpoint_dir=tmp_path / "run", callbacks=[Send()])
    assert stopped.value.code == 143
    assert (tmp_path / "run" / "step-000000003").is_dir()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_the_second_signal_is_obeyed_at_once():
    before = signal.getsignal(signal.SIGINT)
    with StopSignals() as signals:
        os.kill(os.getpid(), signal.SIGINT)
        assert signals.caught == signal.SIGINT
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert signal.getsignal(signal.SIGINT) == before


def test_a_loss_that_is_no_number_stops_with_the_last_good_weights(toy_model, toy_batches, monkeypatch):
    # Such a weight is refused beforehand: it stands for whatever else makes a loss NaN in the middle of a training.
    monkeypatch.setattr(row_arrays, "_refuse_missing", lambda *arguments: None)
    rows = np.arange(len(toy_batches.labels))
    weight = np.where(rows == 17, np.nan, 1.0).astype("float32")
    batches = make_batches(
        toy_batches.token_arrays, toy_batches.labels, batch_size=8, shuffle=True, sample_weight=weight, seed=4
    )
    seen = []

    class Keep(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(weights_of(self.model))

    model = toy_model()
    with pytest.raises(DivergedError, match="The loss became nan in epoch 1 at batch") as error:
        finetune(model, batches, epochs=1, learning_rate=1e-3, verbose=False, callbacks=[Keep()])
    assert 17 in error.value.rows
    assert error.value.rows == batches.rows_of(0, error.value.step).tolist()
    expected = seen[-1] if seen else weights_of(toy_model())
    assert np.allclose(weights_of(model), expected) and np.isfinite(weights_of(model)).all()


def test_the_log_names_every_batch_once(toy_model, toy_batches, tmp_path):
    train(toy_model, toy_batches, tmp_path / "run", after=9)
    train(toy_model, toy_batches, tmp_path / "run")
    lines = (tmp_path / "run" / "batches.csv").read_text().splitlines()[1:]
    places = [tuple(int(number) for number in line.split(",")[:2]) for line in lines]
    assert places == [(epoch, batch) for epoch in range(1, 5) for batch in range(1, 7)]


def test_a_long_text_list_is_hashed(toy_batches):
    from kerasbert.training.checkpoints.fingerprint import facts_of_source

    one = facts_of_source("training", toy_batches)
    other = facts_of_source("training", make_batches(TokenArrays.from_lists([[2, 3]] * 44), toy_batches.labels))
    assert one["training texts"] != other["training texts"] and one["training labels"] == other["training labels"]
