import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from kerasbert import ConfigError, finetune
from kerasbert.training.devices import as_strategy, is_chief

# The package gives the name of the module to the function.
MODULE = importlib.import_module("kerasbert.training.finetune")
CASES = ["heads, accumulation and averages", "frozen", "windows", "a user's model", "stream", "frozen stream"]


@pytest.fixture(scope="module")
def two_cpus():
    """How far a training on two logical CPUs is from one on one device."""
    script = Path(__file__).with_name("devices_script.py")
    done = subprocess.run([sys.executable, str(script), *CASES], capture_output=True, text=True)
    assert not done.returncode, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.long
@pytest.mark.parametrize("case", CASES)
def test_two_devices_equal_one(case, two_cpus):
    assert two_cpus[case]["same names"]
    assert two_cpus[case]["weights"] < 1e-5
    assert two_cpus[case]["history"] < 1e-5


def test_one_device_needs_no_strategy():
    assert as_strategy(None) is None and as_strategy("one") is None and as_strategy("auto") is None
    assert is_chief(None)


def test_mirrored_needs_two_devices():
    with pytest.raises(ConfigError, match=r"must not be 'mirrored' with one device; TensorFlow sees CPU:0"):
        as_strategy("mirrored")


def test_an_unknown_name():
    with pytest.raises(ConfigError, match="Did you mean 'mirrored'"):
        as_strategy("miror")
    with pytest.raises(TypeError, match="or a tf.distribute.Strategy; got 3"):
        as_strategy(3)


def test_a_strategy_of_one_device_gives_the_same(toy_model, toy_batches):
    results = []
    for strategy in ("one", tf.distribute.MirroredStrategy()):
        model = toy_model()
        toy_batches.begin(0)
        finetune(model, toy_batches, epochs=1, verbose=False, freeze="embeddings", max_steps=2, strategy=strategy)
        results.append(np.concatenate([np.ravel(weight) for weight in model.head.get_weights()]))
    assert np.allclose(*results, atol=1e-3)


def test_devices_that_do_not_exist():
    with pytest.raises(ConfigError, match="must be over devices that exist; got GPU:7, and TensorFlow sees CPU:0"):
        as_strategy(tf.distribute.OneDeviceStrategy("/gpu:7"))


def test_several_workers_need_a_cluster(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ConfigError, match="without the environment variable TF_CONFIG"):
        as_strategy("multiworker")


@pytest.mark.parametrize(
    "text", ["nonsense", '{"cluster": {}}', '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 3}}']
)
def test_a_cluster_that_cannot_be_read(text, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(ConfigError, match="TF_CONFIG must be JSON with the machines"):
        as_strategy("multiworker")


def test_a_cluster_after_tensorflow_has_started(monkeypatch):
    tf.constant(0)
    cluster = {"cluster": {"worker": ["localhost:1", "localhost:2"]}, "task": {"type": "worker", "index": 0}}
    monkeypatch.setenv("TF_CONFIG", json.dumps(cluster))
    with pytest.raises(ConfigError, match="must come before TensorFlow has done anything else"):
        as_strategy("multiworker")


def test_a_tpu_that_is_not_there(monkeypatch):
    monkeypatch.delenv("TPU_NAME", raising=False)
    with pytest.raises(ConfigError, match="no TPU named 'local' is reachable"):
        as_strategy("tpu")


class TwoDevices:
    """What the check of the batch size asks."""

    num_replicas_in_sync = 2


def test_a_batch_smaller_than_the_devices(toy_model, toy_batches, monkeypatch):
    monkeypatch.setattr(MODULE, "as_strategy", lambda value: TwoDevices())
    toy_batches.batch_size = 1
    with pytest.raises(ConfigError, match="`batch_size` must be at least 2, one text for each device; got 1"):
        finetune(toy_model(), toy_batches, epochs=1, verbose=False)


def test_a_compiled_step_on_several_devices(toy_model, toy_batches, monkeypatch):
    monkeypatch.setattr(MODULE, "as_strategy", lambda value: TwoDevices())
    with pytest.raises(ConfigError, match="`jit_compile` must be False with several devices; got True with 2"):
        finetune(toy_model(), toy_batches, epochs=1, verbose=False, jit_compile=True)
