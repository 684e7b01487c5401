"""Data parallelism on the JAX backend, by Keras's own `keras.distribution`, on two virtual CPU devices."""

import importlib.util
import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, sys
import keras, numpy as np
import kerasbert as kb
from kerasbert.tokenization.token_arrays import TokenArrays

devices = keras.distribution.list_devices()
if sys.argv[1] == "two":
    keras.distribution.set_distribution(keras.distribution.DataParallel())
keras.utils.set_random_seed(1)
config = kb.BertConfig(vocab_size=30, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32,
                       hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0)
model = kb.build_multiclass(3, encoder=config, dropout=0.0)
tokens = TokenArrays.from_lists([[2, 5 + row % 20, 6, 3] for row in range(32)])
batches = kb.data.make_batches(tokens, np.arange(32, dtype="int32") % 3, batch_size=8, shuffle=True)
history = kb.finetune(model, batches, epochs=2, learning_rate=1e-3, verbose=False).history
weights = np.concatenate([np.ravel(np.asarray(weight)) for weight in model.get_weights()])
spread = len(model.weights[0].value.sharding.device_set)
print(json.dumps({"devices": len(devices), "spread": spread, "loss": history["loss"], "weights": weights.tolist()}))
"""


def run(number):
    environment = {
        "KERAS_BACKEND": "jax",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "JAX_PLATFORMS": "cpu",
    }
    done = subprocess.run([sys.executable, "-c", SCRIPT, number], env=environment, capture_output=True, text=True)
    assert not done.returncode, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed; pip install jax")
def test_two_devices_train_as_one():
    one, two = run("one"), run("two")
    assert one["devices"] == two["devices"] == 2
    assert (one["spread"], two["spread"]) == (1, 2)
    assert two["weights"] == pytest.approx(one["weights"], abs=1e-5)
    assert two["loss"] == pytest.approx(one["loss"], abs=1e-5)
