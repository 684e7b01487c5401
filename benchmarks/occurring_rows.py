"""A training step that updates the rows of the token table that occur, against one that updates all; and the update alone.

python benchmarks/occurring_rows.py [ROWS]

ROWS of the default encoder's 30,522 occur: 2,421 unless told otherwise, as many as Banking77 uses. Batches hold 32 texts of 16
tokens, in mixed bfloat16. The two sides take turns, step by step.
"""

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import kerasbert as kb
from kerasbert.optimizers import AdamW
from kerasbert.training.memory import kept_memory
from kerasbert.training.step import Steps

TEXTS, LENGTH, CLASSES, STEPS = 32, 16, 77, 60


def batch_of(rows: np.ndarray, random: np.random.Generator) -> tuple[dict[str, Any], Any]:
    """Token ids among some rows, and labels."""
    ids = tf.constant(random.choice(rows, (TEXTS, LENGTH)).astype("int32"))
    inputs = {"input_ids": ids, "attention_mask": tf.ones_like(ids), "token_type_ids": tf.zeros_like(ids)}
    return inputs, tf.constant(random.integers(0, CLASSES, TEXTS).astype("int32"))


def side(batch: Any, rows: np.ndarray | None) -> tuple[Callable[[], Any], Callable[[], Any]]:
    """A training step of a fresh classifier, and the update of its weights alone."""
    model = kb.build_multiclass(num_classes=CLASSES)
    model.compile(AdamW(1e-6, global_clipnorm=1.0))
    steps = Steps(model)
    steps.build(batch)
    if rows is not None:
        model.optimizer.train_rows(model.encoder.embeddings.weight, rows)
    weights = model.trainable_weights
    with tf.GradientTape() as tape:
        loss = model.compute_loss(batch[0], batch[1], model(batch[0], training=True))
    gradients = tape.gradient(loss, weights)

    def update() -> None:
        model.optimizer.apply_gradients(zip(gradients, weights, strict=True))

    return lambda: float(steps.train(batch).loss), tf.function(update, autograph=False)


def in_turns(one: Callable[[], Any], other: Callable[[], Any]) -> tuple[list[float], list[float]]:
    """Seconds of each call, after three that are not counted."""
    took: tuple[list[float], list[float]] = ([], [])
    for number in range(STEPS + 3):
        for place, call in enumerate((one, other)):
            start = time.perf_counter()
            call()
            if number >= 3:
                took[place].append(time.perf_counter() - start)
    return took


def main() -> None:
    """Print medians, and the median of the ratios."""
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    random = np.random.default_rng(0)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2421
    rows = np.sort(random.choice(30_522, count, replace=False))
    batch = batch_of(rows, random)
    with kept_memory():
        occurring, whole = side(batch, rows), side(batch, None)
        for name, one, other in zip(("step", "update"), occurring, whole, strict=True):
            ours, theirs = in_turns(one, other)
            ratio = statistics.median(np.array(theirs) / np.array(ours))
            print(
                f"{name}: {count:,} rows {statistics.median(ours) * 1e3:.1f} ms, all {statistics.median(theirs) * 1e3:.1f} ms, "
                f"ratio {ratio:.2f}"
            )


if __name__ == "__main__":
    main()
