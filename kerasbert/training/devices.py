"""Which devices a training runs on: names of strategies turned into `tf.distribute` ones, with the checks they lack."""

import contextlib
import functools
import hashlib
import json
import os
from typing import Any

import keras

from kerasbert._core.checks import check_choice, shorten
from kerasbert._core.errors import ConfigError
from kerasbert.encoders.dropout import ByteDropout
from kerasbert.encoders.trainable_parts import copy_trainable
from kerasbert.training.settings import STRATEGIES


def as_strategy(value: Any) -> Any:
    """Return the `tf.distribute.Strategy` of a name, or None for one device.

    Args:
        value: `"one"` or None: one device. `"mirrored"`: all GPUs of this machine, or where there is none all its logical
            CPUs. `"multiworker"`: the machines that the environment variable `TF_CONFIG` names; ask for it before
            TensorFlow has done anything else. `"tpu"`: the TPU that the environment names. `"auto"`: the strategy in whose
            scope this is called; else several machines, a TPU or several GPUs where there are any; else one device. Or
            a `tf.distribute.Strategy`.

    Raises:
        ConfigError: when its devices do not exist.
        TypeError: when it is neither a name nor a strategy.
    """
    if value is None or value == "one":
        return None
    if keras.backend.backend() != "tensorflow":
        return _without_tensorflow(value)
    import tensorflow as tf

    if isinstance(value, tf.distribute.Strategy):
        return _checked(value)
    if not isinstance(value, str):
        raise TypeError(
            f"`strategy` must be {', '.join(map(repr, STRATEGIES))} or a tf.distribute.Strategy; got {shorten(value)}."
        )
    check_choice("strategy", value, STRATEGIES)
    if value == "auto":
        return _auto()
    return {"mirrored": _mirrored, "multiworker": _multiworker, "tpu": _tpu}[value]()


def is_chief(strategy: Any) -> bool:
    """Return whether this process is the one that writes files; the only one is."""
    resolver = getattr(strategy, "cluster_resolver", None)
    if resolver is None or not resolver.task_type:
        return True
    return resolver.task_type == "chief" or (
        resolver.task_type == "worker" and not resolver.task_id and "chief" not in resolver.cluster_spec().jobs
    )


def check_agreement(strategy: Any, settings: Any) -> None:
    """Refuse workers, on every one of them, whose settings (plain data) differ."""
    if getattr(strategy, "cluster_resolver", None) is None or strategy.num_replicas_in_sync == 1:
        return
    import tensorflow as tf

    digest = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode()).digest()
    own = tf.constant([int.from_bytes(digest[:4], "big") >> 1], tf.int32)

    def everyones() -> Any:
        return tf.distribute.get_replica_context().all_gather(own, axis=0)

    found = strategy.experimental_local_results(strategy.run(tf.function(everyones)))[0]
    if len(set(found.numpy().tolist())) > 1:
        raise ConfigError(
            "The workers were started with different settings or data, or see different checkpoints. Start all with the same "
            "command, on the same files and on one shared `checkpoint_dir`."
        )


def check_fits(strategy: Any, batch_size: int | None, jit_compile: bool) -> None:
    """Refuse what several devices cannot do.

    Args:
        strategy: None: one device.
        batch_size: must be one row for each device; None where it is not known.
        jit_compile: whether the step is to be compiled with XLA, which cannot wait for other devices.
    """
    devices = 1 if strategy is None else strategy.num_replicas_in_sync
    if strategy is not None and jit_compile and not needs_static_shapes(strategy):
        several = "several devices" if devices > 1 else "a strategy"
        raise ConfigError(f"`jit_compile` must be False with {several}; got True with {devices}.")
    if batch_size is not None and batch_size < devices:
        raise ConfigError(
            f"`batch_size` must be at least {devices}, one text for each device; got {batch_size}. It is the size of the "
            f"whole batch, over all devices."
        )


def needs_static_shapes(strategy: Any) -> bool:
    """Return whether every shape of a batch needs a program of its own."""
    return strategy is not None and type(strategy).__name__.startswith("TPUStrategy")


def make_inside(strategy: Any, model: keras.Model) -> keras.Model:
    """Return the model itself for one device, else a copy in the strategy's scope, with the same parts frozen."""
    if strategy is None:
        return model
    with strategy.scope():
        copy = keras.models.clone_model(model)
        _copy_switches(model, copy)
        copy_weights(model, copy)
    return copy


def copy_weights(source: keras.Model, target: keras.Model) -> None:
    """Give a model the weights and random states of another of the same make."""
    if source is target:
        return
    for before, after in zip(source.variables, target.variables, strict=True):
        after.assign(before.numpy())


def scope_of(strategy: Any) -> contextlib.AbstractContextManager[Any]:
    """Return the scope of a strategy, in which models and optimisers are made; nothing for None."""
    return contextlib.nullcontext() if strategy is None else strategy.scope()


def _copy_switches(source: keras.Model, target: keras.Model) -> None:
    """Freeze the layers, and switch off the dropout, that are so in another model of the same make."""
    copy_trainable(source, target)
    for before, after in zip(source._flatten_layers(), target._flatten_layers(), strict=True):
        if isinstance(before, ByteDropout) and not before.dropped:
            after.switch_off()


def _auto() -> Any:
    import tensorflow as tf

    if tf.distribute.has_strategy():
        return _checked(tf.distribute.get_strategy())
    if _num_workers() > 1:
        return _multiworker()
    if os.environ.get("TPU_NAME"):
        return _tpu()
    return _mirrored() if len(tf.config.list_logical_devices("GPU")) > 1 else None


def _mirrored() -> Any:
    import tensorflow as tf

    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    if len(devices) < 2:
        raise ConfigError(
            f"`strategy` must not be 'mirrored' with one device; TensorFlow sees {_names(devices)}. Use 'one' or 'auto'."
        )
    return _mirrored_over(tuple(device.name for device in devices))


@functools.cache
def _mirrored_over(devices: tuple[str, ...]) -> Any:
    """Return the strategy over some devices, one for all trainings."""
    # A second one would number its exchanges anew, and TensorFlow takes exchanges of one number for the same.
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(devices)


def _multiworker() -> Any:
    if not _num_workers():
        raise ConfigError(
            "`strategy` must not be 'multiworker' without the environment variable TF_CONFIG, which names the machines; see "
            "docs/devices.md."
        )
    try:
        return _workers_of(os.environ["TF_CONFIG"])
    except RuntimeError as error:
        raise ConfigError(
            "`strategy` 'multiworker' must come before TensorFlow has done anything else. Start the program with `strategy = "
            "tf.distribute.MultiWorkerMirroredStrategy()` and pass that."
        ) from error


@functools.cache
def _workers_of(config: str) -> Any:
    """Return the strategy over the machines of a `TF_CONFIG`; one for all trainings."""
    import tensorflow as tf

    return tf.distribute.MultiWorkerMirroredStrategy()


def _num_workers() -> int:
    """Return how many machines `TF_CONFIG` names; 0 where it is not set."""
    text = os.environ.get("TF_CONFIG")
    if not text:
        return 0
    try:
        config = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        machines = [*cluster.get("chief", []), *cluster["worker"]]
        cluster[task["type"]][int(task["index"])]
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ConfigError(
            f"The environment variable TF_CONFIG must be JSON with the machines under cluster.worker and this one's "
            f"type and index under task; got {shorten(text)} ({type(error).__name__}: {error})."
        ) from error
    return len(machines)


def _tpu() -> Any:
    import tensorflow as tf

    name = os.environ.get("TPU_NAME", "local")
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=name)
        if name != "local":
            tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        return tf.distribute.TPUStrategy(resolver)
    except (ValueError, RuntimeError, tf.errors.OpError) as error:
        raise ConfigError(
            f"`strategy` must not be 'tpu': no TPU named {name!r} is reachable (environment variable TPU_NAME; "
            f"{shorten(str(error))}). See docs/devices.md."
        ) from error


def _checked(strategy: Any) -> Any:
    import tensorflow as tf

    if isinstance(strategy, tf.distribute.ParameterServerStrategy):
        raise ConfigError("`strategy` must keep all devices in step; got a ParameterServerStrategy.")
    if isinstance(strategy, (tf.distribute.TPUStrategy, tf.distribute.MultiWorkerMirroredStrategy)):
        return strategy
    known = [device.name for device in tf.config.list_logical_devices()]
    missing = [name for name in strategy.extended.worker_devices if _short(name) not in map(_short, known)]
    if missing:
        raise ConfigError(
            f"`strategy` must be over devices that exist; got {', '.join(map(_short, missing))}, and TensorFlow sees "
            f"{', '.join(map(_short, known))}."
        )
    return strategy


def _without_tensorflow(value: Any) -> None:
    if value != "auto":
        raise ConfigError(
            f"`strategy` must be 'one' on the {keras.backend.backend()} backend; got {shorten(value)}. On JAX call "
            f"keras.distribution.set_distribution(keras.distribution.DataParallel()) before the model is made."
        )


def _short(name: str) -> str:
    return name.split("device:")[-1].upper()


def _names(devices: Any) -> str:
    return ", ".join(_short(device.name) for device in devices)
