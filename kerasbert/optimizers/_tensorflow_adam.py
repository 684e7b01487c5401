"""The AdamW step in TensorFlow's fused kernels; imported only while TensorFlow is Keras's backend."""

from typing import Any

import tensorflow as tf


def sum_repeated_rows(gradient: Any) -> Any:
    """Sum the slices of repeated tokens: norms and updates are then those of the dense gradient."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    indices, positions = tf.unique(gradient.indices)
    rows = tf.math.unsorted_segment_sum(gradient.values, positions, tf.shape(indices)[0])
    return tf.IndexedSlices(rows, indices, gradient.dense_shape)


def silence(gradient: Any, heard: Any) -> Any:
    """Zero a gradient unless `heard`, in its own form."""
    factor = tf.cast(heard, gradient.dtype)
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
    return gradient * factor


def has_replicas() -> bool:
    """Return whether this is one of several devices."""
    context = tf.distribute.get_replica_context()
    return context is not None and context.num_replicas_in_sync > 1


def sum_over_replicas(gradients: list[Any]) -> list[Any]:
    """Sum each gradient over all devices."""
    if not has_replicas():
        return gradients
    return list(tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, gradients))


def clip_by_global_norm(gradients: list[Any], largest: float | None) -> tuple[list[Any], Any]:
    """Clip gradients by their global norm, and return whether all are finite; all become zero when one is not.

    Keras's own clipping would make the slices dense.
    """
    norm = tf.linalg.global_norm(gradients)
    finite = tf.math.is_finite(norm)
    scale = tf.constant(1.0) if largest is None else largest / tf.maximum(norm, largest)
    scale = tf.where(finite, scale, 0.0)
    return [_times(gradient, scale) for gradient in gradients], finite


def _times(gradient: Any, scale: Any) -> Any:
    # Zero times NaN is to be zero.
    if isinstance(gradient, tf.IndexedSlices):
        values = tf.math.multiply_no_nan(gradient.values, tf.cast(scale, gradient.dtype))
        return tf.IndexedSlices(values, gradient.indices, gradient.dense_shape)
    return tf.math.multiply_no_nan(gradient, tf.cast(scale, gradient.dtype))


def update_everywhere(optimizer: Any, gradients: list[Any], rate: Any, due: Any = None) -> None:
    """Call `optimizer.update_step` for each (gradient, variable) on every device, if the step is `due`."""

    def update_one(variable: Any, gradient: Any, rate: Any, due: Any) -> None:
        if due is None:
            optimizer.update_step(gradient, variable, rate)
            return

        def update() -> Any:
            optimizer.update_step(gradient, variable, rate)
            return tf.constant(0)

        tf.cond(due, update, lambda: tf.constant(0))

    _on_all_devices(update_one, [(variable, gradient, rate, due) for gradient, variable in gradients])


def assign_everywhere(pairs: list[Any]) -> None:
    """Assign each (variable, value) on every device."""
    _on_all_devices(lambda variable, value: variable.assign(value), pairs)


def _on_all_devices(function: Any, calls: list[Any]) -> None:
    def call_all(strategy: tf.distribute.Strategy, calls: list[Any]) -> None:
        for variable, *rest in calls:
            strategy.extended.update(variable, function, tuple(rest), group=False)

    calls = [(getattr(variable, "value", variable), *rest) for variable, *rest in calls]
    tf.__internal__.distribute.interim.maybe_merge_call(call_all, tf.distribute.get_strategy(), calls)


def update(optimizer: Any, gradient: Any, variable: Any, index: int, *, rate: Any, decay: Any, start: int = 0) -> None:
    """Decay and update one variable and its two moments in place; its first update is number `start`."""
    momentum, velocity = optimizer._momentums[index].value, optimizer._velocities[index].value
    # At least one: before its first update the gradients of a variable, and with them its moments, are zero.
    step = tf.cast(tf.maximum(optimizer.iterations + 1 - start, 1), variable.dtype)
    powers = (optimizer.beta_1**step, optimizer.beta_2**step)
    trained = optimizer.trained_rows
    has_other_rows = trained is not None and trained.index == index
    if has_other_rows:
        gradient = _rows_of(gradient, trained.rows)
        if decay is not None:
            trained.decay.value.assign(trained.decay.value * (1.0 - decay))
    if isinstance(gradient, tf.IndexedSlices) and (optimizer.lazy_embeddings or has_other_rows):
        _update_rows(optimizer, gradient, variable, momentum, velocity, powers, rate=rate, decay=decay)
        return
    # Rows become a whole table last of all: until here its norm and its scale cost no more than the rows.
    gradient = tf.convert_to_tensor(gradient)
    if decay is not None:
        variable.assign(variable * (1.0 - decay))
    tf.raw_ops.ResourceApplyAdam(
        var=variable.handle,
        m=momentum.handle,
        v=velocity.handle,
        beta1_power=powers[0],
        beta2_power=powers[1],
        lr=rate,
        beta1=optimizer.beta_1,
        beta2=optimizer.beta_2,
        epsilon=optimizer.epsilon,
        grad=tf.cast(gradient, variable.dtype),
        use_locking=False,
    )


def _rows_of(gradient: tf.IndexedSlices, trained: Any) -> tf.IndexedSlices:
    """Return the gradient of the rows of a table that train, zero where a row does not occur."""
    rows, indices = tf.constant(trained, tf.int32), tf.cast(gradient.indices, tf.int32)
    places = tf.minimum(tf.searchsorted(rows, indices), len(trained) - 1)
    known = tf.debugging.assert_equal(tf.gather(rows, places), indices, "A token occurs that the batches did not name.")
    with tf.control_dependencies([known]):
        values = tf.math.unsorted_segment_sum(gradient.values, places, len(trained))
    return tf.IndexedSlices(values, rows, gradient.dense_shape)


def _update_rows(
    optimizer: Any,
    gradient: tf.IndexedSlices,
    variable: Any,
    momentum: Any,
    velocity: Any,
    powers: tuple[Any, Any],
    *,
    rate: Any,
    decay: Any,
) -> None:
    rows, indices = tf.cast(gradient.values, variable.dtype), gradient.indices
    first = optimizer.beta_1 * tf.gather(momentum, indices) + (1.0 - optimizer.beta_1) * rows
    second = optimizer.beta_2 * tf.gather(velocity, indices) + (1.0 - optimizer.beta_2) * rows * rows
    change = rate * tf.sqrt(1.0 - powers[1]) / (1.0 - powers[0]) * first / (tf.sqrt(second) + optimizer.epsilon)
    if decay is not None:
        change += decay * tf.gather(variable, indices)
    momentum.scatter_update(tf.IndexedSlices(first, indices))
    velocity.scatter_update(tf.IndexedSlices(second, indices))
    variable.scatter_sub(tf.IndexedSlices(change, indices))
