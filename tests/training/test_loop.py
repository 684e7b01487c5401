import keras
import numpy as np

from kerasbert import finetune
from kerasbert.classifiers.compiling import compile_classifier
from kerasbert.data import make_batches, prepare_tokens, stream_batches
from kerasbert.training.loop import Position, run_epochs


def weights_of(model):
    return np.concatenate([np.ravel(weight) for weight in model.get_weights()])


def compiled(model):
    model.encoder.trainable = False  # no dropout, so that runs can be compared
    compile_classifier(model)
    return model


class Steps(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append(batch)


def test_equal_to_fit(toy_model, toy_batches):
    validation = make_batches(toy_batches.token_arrays, toy_batches.labels, batch_size=8)
    own, keras_own = compiled(toy_model()), compiled(toy_model())
    history = run_epochs(own, toy_batches, validation, epochs=2).history
    toy_batches.begin(0)
    expected = keras_own.fit(
        toy_batches.dataset, validation_data=validation.dataset, epochs=2, shuffle=False, verbose=0
    ).history
    assert np.allclose(weights_of(own), weights_of(keras_own), atol=1e-6)
    assert set(history) == set(expected)
    assert all(np.allclose(history[name], expected[name], atol=1e-5) for name in expected)


def test_starts_in_the_middle(toy_model, toy_batches):
    steps = Steps()
    run_epochs(compiled(toy_model()), toy_batches, epochs=2, callbacks=[steps], start=Position(1, 4))
    assert steps.seen == [4, 5]


def test_two_parts_equal_one_run(toy_model, toy_batches):
    whole, parts = compiled(toy_model()), compiled(toy_model())
    run_epochs(whole, toy_batches, epochs=2)
    run_epochs(parts, toy_batches, epochs=1)
    run_epochs(parts, toy_batches, epochs=2, start=Position(1, 0))
    assert np.allclose(weights_of(whole), weights_of(parts), atol=1e-6)
    assert int(parts.optimizer.iterations) == 12


def test_a_callback_stops_it(toy_model, toy_batches):
    class Stop(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    model = compiled(toy_model())
    run_epochs(model, toy_batches, epochs=5, callbacks=[Stop()])
    assert int(model.optimizer.iterations) == 2


def test_a_stream_of_one_shape_is_judged_on_batches_of_other_shapes(tmp_path, tiny_folder, toy_model, toy_batches):
    (tmp_path / "a.jsonl").write_text("".join(f'{{"text": "good", "label": "c{n % 3}"}}\n' for n in range(12)))
    cache = prepare_tokens(tmp_path / "a.jsonl", tmp_path / "tokens", task="multiclass", encoder=tiny_folder)
    stream = stream_batches(cache, token_budget=12)
    assert len(stream.shapes) == 1
    assert "val_loss" in finetune(toy_model(), stream, toy_batches, epochs=1, verbose=False).history
