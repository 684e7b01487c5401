"""Computing blocks twice changes memory and nothing else, dropout included."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasbert import BertConfig, TFBertModel, build_multiclass, finetune
from kerasbert.data import make_batches
from kerasbert.tokenization.token_arrays import TokenArrays

CONFIG = {
    "vocab_size": 23,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
    "hidden_dropout_prob": 0.3,
    "attention_probs_dropout_prob": 0.3,
}


def gradients(encoder, inputs, *, compiled):
    def run():
        with tf.GradientTape() as tape:
            states = encoder(inputs, training=True).last_hidden_state
            loss = tf.reduce_sum(states * tf.cos(tf.range(16.0)))
        return loss, tape.gradient(loss, [weight.value for weight in encoder.trainable_weights])

    return (tf.function(run) if compiled else run)()


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "graph"])
def test_gradients_are_equal_with_dropout_on(compiled, tiny_inputs):
    results = []
    for checkpointing in (False, True):
        keras.utils.set_random_seed(5)
        encoder = TFBertModel(BertConfig(**CONFIG), add_pooling_layer=False)
        encoder.gradient_checkpointing = checkpointing
        results.append([gradients(encoder, tiny_inputs, compiled=compiled) for _ in range(2)])
    for (loss, grads), (other_loss, other_grads) in zip(*results, strict=True):
        assert float(loss) == pytest.approx(float(other_loss), rel=1e-6)
        for one, other in zip(grads, other_grads, strict=True):
            np.testing.assert_allclose(tf.convert_to_tensor(one), tf.convert_to_tensor(other), atol=1e-5)
    # Dropout was on: the second call drew another mask.
    assert float(results[0][0][0]) != float(results[0][1][0])


def test_training_gives_the_same_weights():
    rows = [[2, 5 + row % 3, 8 + row % 5, 3] for row in range(24)]
    batches = [
        make_batches(TokenArrays.from_lists(rows), np.arange(24) % 3, batch_size=8, shuffle=True) for _ in range(2)
    ]
    models = []
    for checkpointing, train in zip((False, True), batches, strict=True):
        keras.utils.set_random_seed(5)
        models.append(build_multiclass(3, encoder=BertConfig(**CONFIG)))
        plan = {"gradient_checkpointing": checkpointing}
        finetune(models[-1], train, epochs=2, verbose=False, **plan)
    for one, other in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_blocks_are_computed_again_for_the_gradients(tiny_inputs):
    counts = {}
    for checkpointing in (False, True):
        encoder = TFBertModel(BertConfig(**CONFIG), add_pooling_layer=False)
        encoder.gradient_checkpointing = checkpointing
        weights = [weight.value for weight in encoder.trainable_weights]

        @tf.function
        def run(encoder=encoder, weights=weights):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(encoder(tiny_inputs, training=True).last_hidden_state)
            return tape.gradient(loss, weights)

        operations = run.get_concrete_function().graph.get_operations()
        counts[checkpointing] = sum(operation.type == "Softmax" for operation in operations)
    assert counts == {False: 3, True: 6}
