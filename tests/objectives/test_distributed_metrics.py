"""Streaming metrics under `MirroredStrategy`, on two logical devices of the CPU, in a process of their own."""

import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn import metrics as sk

pytestmark = pytest.mark.long

SCRIPT = """
import json, sys
import numpy as np
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from kerasbert import metrics

given = json.load(sys.stdin)
labels, scores = np.array(given["labels"]), np.array(given["scores"], "float32")
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
    made = {
        "f1": metrics.F1Score(4, sparse=True),
        "precision": metrics.Precision(4, sparse=True),
        "recall": metrics.Recall(4, sparse=True, average="weighted"),
        "matthews": metrics.MatthewsCorrelationCoefficient(4),
        "kappa": metrics.CohenKappa(4),
        "hamming": metrics.HammingLoss(sparse=True),
    }
batches = strategy.experimental_distribute_dataset(tf.data.Dataset.from_tensor_slices((labels, scores)).batch(10))


@tf.function
def step(batch):
    for metric in made.values():
        strategy.run(metric.update_state, batch)


for batch in batches:
    step(batch)
print(json.dumps({name: float(metric.result()) for name, metric in made.items()}))
"""


@pytest.fixture(scope="module")
def scores():
    random = np.random.default_rng(2)
    return random.integers(0, 4, 57), random.random((57, 4))


def test_two_replicas_count_what_one_counts(scores):
    labels, values = scores
    given = json.dumps({"labels": labels.tolist(), "scores": values.tolist()})
    finished = subprocess.run([sys.executable, "-c", SCRIPT], input=given, capture_output=True, text=True, timeout=300)
    assert finished.returncode == 0, finished.stderr[-3000:]
    ours = json.loads(finished.stdout.splitlines()[-1])
    predicted = values.argmax(1)
    assert ours == pytest.approx(
        {
            "f1": sk.f1_score(labels, predicted, average="macro"),
            "precision": sk.precision_score(labels, predicted, average="macro"),
            "recall": sk.recall_score(labels, predicted, average="weighted"),
            "matthews": sk.matthews_corrcoef(labels, predicted),
            "kappa": sk.cohen_kappa_score(labels, predicted),
            "hamming": sk.hamming_loss(labels, predicted),
        },
        abs=1e-6,
    )
