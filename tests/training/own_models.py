"""Keras models of users' own, as small as may be, and batches for them."""

import keras
import numpy as np

import kerasbert as kb
from kerasbert._core.names import INPUT_NAMES
from kerasbert.data import make_batches
from kerasbert.tokenization.token_arrays import TokenArrays

# Texts whose first word and number tell their target; the last of six batches of 8 is odd.
TOKENS = TokenArrays.from_lists([[2, 5 + row % 3, *[9] * (row % 4), 3] for row in range(44)])
NUMBERS = np.array([row % 5 for row in range(44)], "float64")
TARGETS = (np.arange(44) % 3 + NUMBERS).astype("float32")


def token_inputs(*names, prefix=""):
    """Symbolic inputs of a text, by name."""
    return {prefix + name: keras.Input((None,), dtype="int32", name=prefix + name) for name in names or INPUT_NAMES}


def pooled(encoder, inputs, prefix=""):
    """The mean vector of a text."""
    own = {name.removeprefix(prefix): part for name, part in inputs.items()}
    return kb.layers.MeanPooling()(encoder(own).last_hidden_state, own["attention_mask"])


def text_encoder(config, name="text"):
    return kb.TFBertModel(config, name=name, add_pooling_layer=False)


def number_model(config, loss="mse", *, compiled=True, **compiling):
    """A model that reads a text and a number; the name of its head, `context`, ends in that of its encoder."""
    keras.utils.set_random_seed(3)
    inputs, number = token_inputs(), keras.Input((1,), name="number")
    joined = keras.layers.Concatenate()([pooled(text_encoder(config), inputs), number])
    model = keras.Model({**inputs, "number": number}, keras.layers.Dense(1, name="context")(joined))
    if compiled:
        model.compile("sgd", loss, **{"metrics": ["mae"], **compiling})
    return model


def number_batches(**options):
    """Batches of texts and numbers."""
    chosen = {"batch_size": 8, "shuffle": True, "other_inputs": {"number": NUMBERS}, **options}
    return make_batches(TOKENS, TARGETS, **chosen)


def siamese_model(config, names=("text", "text")):
    """A model of two texts, through one encoder or two; it is compiled."""
    keras.utils.set_random_seed(3)
    encoders = {name: text_encoder(config, name) for name in names}
    left, right = token_inputs(), token_inputs(prefix="right_")
    vectors = pooled(encoders[names[0]], left), pooled(encoders[names[1]], right, "right_")
    distance = keras.ops.mean(keras.ops.square(vectors[0] - vectors[1]), axis=1, keepdims=True)
    model = keras.Model({**left, **right}, keras.layers.Dense(1, activation="sigmoid")(distance))
    model.compile("sgd", "binary_crossentropy")
    return model


class WithoutGraph(keras.Model):
    """A subclassed model, whose head is made by its first call."""

    def __init__(self, config):
        super().__init__()
        self.encoder = text_encoder(config)
        self.head = keras.layers.Dense(1)

    def call(self, inputs, training=None):
        tokens = {name: inputs[name] for name in INPUT_NAMES}
        first = self.encoder(tokens, training=training).last_hidden_state[:, 0]
        return self.head(keras.ops.concatenate([first, keras.ops.reshape(inputs["number"], (-1, 1))], axis=1))


class WithOwnStep(WithoutGraph):
    """A subclassed model that trains by its own step, and is compiled by an own method."""

    def compile(self, optimizer, power):
        super().compile(optimizer=optimizer)
        self.power = power
        self.mean_loss = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.mean_loss]

    def train_step(self, data):
        import tensorflow as tf

        inputs, targets = data
        with tf.GradientTape() as tape:
            loss = self.own_loss(targets, self(inputs, training=True))
        weights = self.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        self.mean_loss.update_state(loss, sample_weight=keras.ops.shape(targets)[0])
        return {"loss": self.mean_loss.result()}

    def test_step(self, data):
        inputs, targets = data
        self.mean_loss.update_state(self.own_loss(targets, self(inputs)), sample_weight=keras.ops.shape(targets)[0])
        return {"loss": self.mean_loss.result()}

    def own_loss(self, targets, predicted):
        return keras.ops.mean(keras.ops.power(predicted[:, 0] - targets, self.power))
