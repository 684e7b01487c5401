import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasbert import BertConfig, build_multiclass, finetune
from kerasbert.data import make_batches
from kerasbert.optimizers import AdamW
from kerasbert.tokenization.token_arrays import TokenArrays
from kerasbert.training import occurring_rows

CONFIG = BertConfig(
    vocab_size=90, hidden_size=8, num_attention_heads=2, num_hidden_layers=1, intermediate_size=16
)  # of whose tokens fewer than half occur


def batches_of(first_token):
    first = np.broadcast_to(first_token, 40)
    rows = [[2, first[row] + row % 7, first[row] + row % 5, 3] for row in range(40)]
    labels = np.array([row % 3 for row in range(40)], dtype="int32")
    return make_batches(TokenArrays.from_lists(rows), labels, batch_size=8, shuffle=True)


def table_of(model):
    return keras.ops.convert_to_numpy(model.encoder.embeddings.weight)


class Looking(keras.callbacks.Callback):
    """Keeps the token table after each batch."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(table_of(self.model))


def train(monkeypatch, share=0.5, callbacks=(), **options):
    monkeypatch.setattr(occurring_rows, "LARGEST_SHARE", share)
    keras.utils.set_random_seed(1)
    model = build_multiclass(3, encoder=CONFIG)
    given = {"epochs": 3, "learning_rate": 1e-4, "weight_decay": 0.2, "verbose": False}
    history = finetune(model, batches_of(10), batches_of(60), callbacks=callbacks, **{**given, **options}).history
    return model, history


def test_the_weights_are_those_of_whole_updates(monkeypatch):
    keras.utils.set_random_seed(1)
    before = table_of(build_multiclass(3, encoder=CONFIG))
    options = {"schedule": "constant", "warmup_ratio": 0.0}
    (ours, history), (whole, expected) = train(monkeypatch, **options), train(monkeypatch, share=0.0, **options)
    for mine, other in zip(ours.get_weights(), whole.get_weights(), strict=True):
        assert np.allclose(mine, other, atol=1e-6, rtol=1e-5)
    for name, values in expected.items():
        assert np.allclose(history[name], values, atol=1e-5), name
    # A row that never occurs only decays: Loshchilov and Hutter's algorithm 2 without a gradient.
    steps = 3 * batches_of(10).steps
    assert np.allclose(table_of(ours)[80:], before[80:] * (1 - 1e-4 * 0.2) ** steps, rtol=1e-6)
    assert not np.allclose(table_of(ours)[10:17], before[10:17], rtol=1e-3)
    # Next, all rows train again.
    assert ours.optimizer.trained_rows is None


def test_a_callback_sees_whole_updates_after_each_batch(monkeypatch):
    ours, whole = Looking(), Looking()
    train(monkeypatch, callbacks=[ours], epochs=1)
    train(monkeypatch, share=0.0, callbacks=[whole], epochs=1)
    assert len(ours.seen) == 5 and np.allclose(ours.seen, whole.seen, atol=1e-7)


class Trouble(keras.callbacks.Callback):
    """Ends a training after some batches; it looks at no weights, and is taken for a callback of the package."""

    __module__ = "kerasbert.tests"

    def on_train_batch_end(self, batch, logs=None):
        if batch == 3 and self.model.optimizer.iterations == 9:
            raise RuntimeError("trouble")


@pytest.mark.long
def test_a_resumed_training_decays_the_other_rows_as_often(monkeypatch, tmp_path):
    keeping = {"checkpoint_dir": tmp_path / "run", "checkpoint_every": 4}
    with pytest.raises(RuntimeError, match="trouble"):
        train(monkeypatch, callbacks=[Trouble()], **keeping)
    resumed, _ = train(monkeypatch, **keeping)
    assert np.array_equal(table_of(resumed), table_of(train(monkeypatch)[0]))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, [0, 2, 3, *range(10, 17)]),
        ({"use_ema": True}, None),
        ({"gradient_accumulation_steps": 2}, None),
        ({"lazy_embeddings": True}, None),
    ],
    ids=["default", "averages", "accumulation", "lazy"],
)
def test_where_only_occurring_rows_are_updated(options, expected):
    model = build_multiclass(3, encoder=CONFIG)
    model.compile(AdamW(**options))
    with occurring_rows.occurring_rows(model, batches_of(10), []) as first:
        assert [callback.rows.tolist() for callback in first] == ([] if expected is None else [expected])


def test_where_most_rows_occur_or_none_trains_all_are_updated():
    model = build_multiclass(3, encoder=CONFIG)
    with occurring_rows.occurring_rows(model, batches_of(np.arange(0, 80, 2)), []) as first:
        assert first == []
    model.encoder.embeddings.trainable = False
    with occurring_rows.occurring_rows(model, batches_of(10), []) as first:
        assert first == []


def test_a_token_that_was_not_named_stops_the_training(monkeypatch):
    monkeypatch.setattr(type(batches_of(10)), "occurring_tokens", lambda self: np.array([0, 2, 3]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="A token occurs that the batches did not name"):
        train(monkeypatch, epochs=1)
