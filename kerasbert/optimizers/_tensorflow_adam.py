"""The AdamW step in TensorFlow's fused kernels; imported only while TensorFlow is Keras's backend."""

from typing import Any

import tensorflow as tf


def sum_repeated_rows(gradient: Any, *, lazy: bool) -> Any:
    """Add up the slices of a token that occurs more than once, so that norms and updates are those of the dense gradient.

    Returns:
        An `IndexedSlices` with unique indices (`lazy`), or the dense gradient.
    """
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    if not lazy:
        return tf.convert_to_tensor(gradient)
    indices, positions = tf.unique(gradient.indices)
    rows = tf.math.unsorted_segment_sum(gradient.values, positions, tf.shape(indices)[0])
    return tf.IndexedSlices(rows, indices, gradient.dense_shape)


def silence(gradient: Any, heard: Any) -> Any:
    """The gradient, or zeros of its form while it is not `heard`."""
    factor = tf.cast(heard, gradient.dtype)
    if isinstance(gradient, tf.IndexedSlices):
        return tf.IndexedSlices(gradient.values * factor, gradient.indices, gradient.dense_shape)
    return gradient * factor


def clip_by_global_norm(gradients: list, largest: float) -> list:
    """Scale gradients down together to at most a norm; Keras's own clipping would make the slices dense."""
    return tf.clip_by_global_norm(gradients, largest)[0]


def update(optimizer: Any, gradient: Any, variable: Any, index: int, *, rate: Any, decay: Any, start: int = 0) -> None:
    """Decay and update one variable and its two moments in place; `start` updates went by before its first."""
    momentum, velocity = optimizer._momentums[index].value, optimizer._velocities[index].value
    # At least one: before its first update the gradients of a variable, and with them its moments, are zero.
    step = tf.cast(tf.maximum(optimizer.iterations + 1 - start, 1), variable.dtype)
    powers = (optimizer.beta_1**step, optimizer.beta_2**step)
    if isinstance(gradient, tf.IndexedSlices):
        _update_rows(optimizer, gradient, variable, momentum, velocity, powers, rate=rate, decay=decay)
        return
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


def _update_rows(
    optimizer: Any,
    gradient: tf.IndexedSlices,
    variable: Any,
    momentum: Any,
    velocity: Any,
    powers: tuple,
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
