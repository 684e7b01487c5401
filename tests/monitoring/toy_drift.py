"""Toy profiles with known shares, lengths and words: no model runs."""

import numpy as np
from toy_profiles import VOCABULARY

from kerasbert import Binary, Multiclass, Multilabel
from kerasbert.monitoring.counting import count_heads
from kerasbert.monitoring.profile import NUM_LENGTH_BINS, Profile, histogram, length_bins
from kerasbert.monitoring.vector_sample import VectorSample, row_keys
from kerasbert.tasks.single import SingleOutput

TASKS = {
    "binary": Binary(["ham", "spam"]),
    "multiclass": Multiclass(["a", "b", "c"]),
    "multilabel": Multilabel(["a", "b", "c"]),
}
WORDS = ["hello", "world", "a", "b", "unhappily", "sep"]
SHARES = (0.6, 0.25, 0.15)


def draw(task_name, number, *, seed, shares=SHARES, shift=0.0, length=12, words=None, labelled=True, errors=0.3):
    """Profile random texts: labels of these shares, predicted with noise, vectors moved by `shift`, of a mean length."""
    random, task = np.random.default_rng(seed), TASKS[task_name]
    outputs = SingleOutput(task)
    (head,) = outputs.tasks
    if task.exclusive:
        true = random.choice(
            len(task.label_names),
            number,
            p=np.array(shares[: len(task.label_names)]) / sum(shares[: len(task.label_names)]),
        )
        flags = np.eye(len(task.label_names), dtype=int)[true]
        true = flags[:, 1:] if task.units == 1 else true
    else:
        flags = (random.random((number, 3)) < shares).astype(int)
        true = flags
    seen = np.where(random.random(flags.shape) < errors, random.random(flags.shape), 0.1 + 0.8 * flags)
    probabilities = (seen / seen.sum(axis=1, keepdims=True) if task.exclusive else seen).astype(np.float32)
    probabilities = probabilities[:, -task.units :]
    lengths = random.poisson(length, number)
    held = random.random((number, VOCABULARY)) < (np.full(VOCABULARY, 0.2) if words is None else words)
    texts = [f"{seed} {row}" for row in range(number)]
    known = np.arange(number) if labelled else np.zeros(0, np.int64)
    answers = {head: probabilities}
    return Profile(
        "f",
        number,
        histogram(length_bins(lengths), NUM_LENGTH_BINS),
        int(lengths.sum()),
        0,
        int((lengths > 30).sum()),
        held.sum(axis=0).astype(np.int64),
        count_heads(outputs, answers, outputs.predict(answers), {head: true[known]}, known),
        VectorSample.of(100, row_keys(texts), (random.normal(size=(number, 4)) + shift).astype(np.float32)),
    )


def texts_of(number, *, start=0):
    """Distinct short texts of the toy vocabulary."""
    return [" ".join(WORDS[(row // 6**place) % 6] for place in range(4)) for row in range(start, start + number)]
