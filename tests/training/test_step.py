import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasbert import DivergedError, build_multiclass, finetune
from kerasbert.classifiers.compiling import compile_heads
from kerasbert.data import make_batches
from kerasbert.optimizers import AdamW
from kerasbert.tokenization.token_arrays import TokenArrays
from kerasbert.training.step import Steps

# Texts of three lengths, which make three shapes.
ROWS = [[2, *[5 + (row + place) % 12 for place in range((row % 3) * 4 + 1)], 3] for row in range(24)]
LABELS = np.array([row % 3 for row in range(24)], "int32")


@pytest.fixture
def toy_model(tiny_config):
    def make():
        keras.utils.set_random_seed(3)
        return build_multiclass(3, encoder=dataclasses.replace(tiny_config, num_hidden_layers=1), dropout=0.0)

    return make


@pytest.fixture
def batches():
    return make_batches(TokenArrays.from_lists(ROWS), LABELS, batch_size=8, by_length=True)


def compiled(model, **options):
    compile_heads(model, model.heads, AdamW(1e-3), **options)
    model.switch_off_dropout()
    return model


@pytest.mark.long
def test_the_whole_step_compiles_under_xla_at_every_shape(toy_model, batches):
    """What a TPU needs: no operation of the host, and a program for each static shape, with the same numbers."""
    plain, compiled_model = compiled(toy_model(), jit_compile=False), compiled(toy_model(), jit_compile=True)
    spec = batches.pipeline.element_spec
    one, fast = Steps(plain, element_spec=spec), Steps(compiled_model)
    one.build(spec)
    fast.build(spec)
    step = tf.function(fast._train_rows, jit_compile=True)
    for batch in batches.dataset:
        assert "ENTRY" in step.experimental_get_compiler_ir(batch)(stage="hlo")
        assert float(fast.train(batch).loss) == pytest.approx(float(one.train(batch).loss), abs=1e-5)
    assert fast._train.experimental_get_tracing_count() >= len(batches.shapes) == 3
    for ours, expected in zip(compiled_model.get_weights(), plain.get_weights(), strict=True):
        assert np.allclose(ours, expected, atol=1e-5)


def test_one_graph_serves_all_shapes(toy_model, batches):
    steps = Steps(compiled(toy_model(), jit_compile=False), element_spec=batches.pipeline.element_spec)
    first, *others = batches.dataset
    steps.train(first)
    before = steps._train.experimental_get_tracing_count()
    for batch in others:
        steps.train(batch)
    assert steps._train.experimental_get_tracing_count() == before


def test_a_gradient_that_is_not_finite_moves_nothing(toy_model, batches):
    model = compiled(toy_model(), jit_compile=False)
    steps = Steps(model)
    first, *_ = batches.dataset
    steps.train(first)
    before = model.get_weights()
    weights = np.full(len(first[1]), np.inf, "float32")
    result = steps.train((*first, weights))
    assert int(result.skipped) == 1
    assert all(np.array_equal(one, two) for one, two in zip(before, model.get_weights(), strict=True))


def test_a_loss_scale_that_collapses_stops_with_the_last_good_weights(tiny_config, monkeypatch):
    keras.config.set_dtype_policy("mixed_float16")
    train = make_batches(TokenArrays.from_lists(ROWS), LABELS, batch_size=4, shuffle=True)
    model = build_multiclass(3, encoder=tiny_config, dropout=0.0)
    keras.config.set_dtype_policy("float32")
    bad_from = 3
    scale_loss = keras.optimizers.LossScaleOptimizer.scale_loss

    def overflow(self, loss):
        # The loss stays as it is; what is derived from it is infinite from a step on, whatever the scale.
        scaled = scale_loss(self, loss)
        return scaled * keras.ops.where(self.inner_optimizer.iterations < bad_from, 1.0, np.inf)

    monkeypatch.setattr(keras.optimizers.LossScaleOptimizer, "scale_loss", overflow)
    weights = []
    watch = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: weights.append(model.get_weights()))
    with pytest.raises(DivergedError, match="The loss scale fell to 0.5, because gradients in float16") as error:
        finetune(model, train, epochs=20, verbose=False, callbacks=[watch])
    done = error.value.epoch * train.steps + error.value.step
    # From 2 ** 15 to 2 ** -1.
    assert done == bad_from + 15 == len(weights)
    assert error.value.rows == train.rows_of(error.value.epoch, error.value.step).tolist()
    assert all(np.array_equal(one, two) for one, two in zip(weights[bad_from - 1], model.get_weights(), strict=True))
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_it_works_in_half_precision(tiny_config):
    keras.config.set_dtype_policy("mixed_float16")
    train = make_batches(TokenArrays.from_lists(ROWS), LABELS, batch_size=8, shuffle=True)
    history = finetune(build_multiclass(3, encoder=tiny_config), train, epochs=2, verbose=False).history
    assert np.isfinite(history["loss"]).all()
