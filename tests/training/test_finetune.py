import keras
import numpy as np
import pytest

from kerasbert import (
    ConfigError,
    DataError,
    Multiclass,
    Multilabel,
    build_multiclass,
    build_multitask,
    finetune,
)
from kerasbert._core.errors import KerasbertWarning
from kerasbert.data import make_batches
from kerasbert.tokenization.token_arrays import TokenArrays
from kerasbert.training.finetune import default_epochs

# Texts whose first word tells their class.
ROWS = [[2, 5 + row % 3, 8 + row % 5, 3] for row in range(60)]
CLASSES = np.array([row % 3 for row in range(60)], dtype="int32")
TOKENS = TokenArrays.from_lists(ROWS)


@pytest.fixture
def batches():
    return make_batches(TOKENS, CLASSES, batch_size=8, shuffle=True)


def quick(model, train, *validation, **options):
    return finetune(model, train, *validation, verbose=False, **{"epochs": 1, **options})


def test_learns_what_the_first_word_tells(batches, tiny_config):
    model = build_multiclass(3, encoder=tiny_config)
    history = quick(model, batches, epochs=15, learning_rate=3e-3, head_learning_rate=1e-2).history
    assert history["accuracy"][-1] > 0.9


def test_a_rate_that_destroys_the_encoder_is_told_once(batches, tiny_config):
    with pytest.warns(KerasbertWarning, match="`learning_rate` 0.001 is likely to destroy what the encoder") as told:
        quick(build_multiclass(3, encoder=tiny_config), batches, learning_rate=1e-3)
    [own] = [one for one in told if issubclass(one.category, KerasbertWarning)]
    assert own.filename == __file__


def test_a_rate_of_a_frozen_encoder_destroys_nothing(batches, tiny_config, recwarn):
    quick(build_multiclass(3, encoder=tiny_config), batches, learning_rate=1e-3, freeze="encoder")
    assert not [one for one in recwarn if issubclass(one.category, KerasbertWarning)]


def test_rate_rises_and_falls_to_zero(batches, tiny_config):
    model = build_multiclass(3, encoder=tiny_config)
    quick(model, batches, epochs=5, learning_rate=1e-3)
    schedule = model.optimizer._learning_rate
    assert (schedule.total_steps, schedule.warmup_steps) == (40, 4)
    assert float(model.optimizer.learning_rate) == 0.0


def test_best_epoch_is_restored(batches, tiny_config):
    model = build_multiclass(3, encoder=tiny_config)
    held_out = make_batches(TOKENS, CLASSES, batch_size=8)
    history = quick(model, batches, held_out, epochs=6, patience=6, learning_rate=3e-3).history
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    assert model.evaluate(held_out.dataset, verbose=0)[1] == pytest.approx(max(history["val_accuracy"]))


def test_several_heads_train_together(tiny_config):
    model = build_multitask({"topic": Multiclass(3), "flags": Multilabel(2)}, encoder=tiny_config)
    labels = {"topic": CLASSES, "flags": np.eye(3, 2, dtype="float32")[CLASSES]}
    history = quick(model, make_batches(TOKENS, labels, shuffle=True), epochs=8, learning_rate=3e-3).history
    assert history["loss"][-1] < history["loss"][0]


def test_one_seed_repeats_the_run(tiny_config):
    losses = []
    for _ in range(2):
        keras.utils.set_random_seed(5)
        model = build_multiclass(3, encoder=tiny_config)
        losses.append(quick(model, make_batches(TOKENS, CLASSES, shuffle=True)).history["loss"][0])
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_progress_goes_to_standard_error(batches, tiny_config, capsys):
    finetune(build_multiclass(3, encoder=tiny_config), batches, epochs=1)
    captured = capsys.readouterr()
    assert captured.out == "" and "epoch 1/1" in captured.err and "accuracy" in captured.err


@pytest.mark.parametrize(
    ("argument", "value"),
    [("epochs", 0), ("patience", 0), ("warmup_ratio", 1.5), ("learning_rate", 0), ("head_learning_rate", float("nan"))],
)
def test_numbers_out_of_range(argument, value, batches, tiny_config):
    with pytest.raises(ConfigError, match=f"`{argument}` must be"):
        quick(build_multiclass(3, encoder=tiny_config), batches, **{argument: value})


def test_texts_instead_of_batches(tiny_config):
    with pytest.raises(TypeError, match="`train` must be labelled batches from kerasbert.data.make_batches"):
        quick(build_multiclass(3, encoder=tiny_config), ["a text"])


def test_batches_without_labels(tiny_config):
    with pytest.raises(DataError, match="`train` must hold at least one labelled example"):
        quick(build_multiclass(3, encoder=tiny_config), make_batches(TOKENS))


@pytest.mark.parametrize(("steps", "epochs"), [(1, 8), (49, 8), (50, 4), (1000, 4), (1001, 2)])
def test_epochs_suit_the_size_of_the_data(steps, epochs):
    assert default_epochs(steps) == epochs
