"""Toy profiles, made of random answers: no model runs."""

import numpy as np

from kerasbert.monitoring.counting import count_heads
from kerasbert.monitoring.profile import NUM_LENGTH_BINS, Profile, histogram, length_bins
from kerasbert.monitoring.vector_sample import VectorSample, row_keys
from kerasbert.tasks.single import SingleOutput

VOCABULARY = 20


class Rows:
    """Texts with random answers, of which any part can be profiled."""

    def __init__(self, task, num_rows, *, seed=0, num_distinct=None):
        rng = np.random.default_rng(seed)
        self.outputs = SingleOutput(task)
        numbers = rng.integers(0, num_distinct or 10 * num_rows, num_rows)
        self.texts = [f"text {number}" for number in numbers]
        # What is said of a text follows from the text.
        own = [np.random.default_rng(number) for number in numbers]
        self.probabilities = np.array([one.random(task.units) for one in own], np.float32)
        if task.name == "multiclass":
            self.probabilities /= self.probabilities.sum(axis=1, keepdims=True)
        self.vectors = np.array([one.normal(size=4) for one in own], np.float32)
        self.lengths = np.array([one.integers(0, 700) for one in own])
        self.true = task.predict(rng.permutation(self.probabilities))
        self.labelled = rng.random(num_rows) < 0.7

    def profile(self, rows, *, size=10, keep_texts=True, fingerprint="f"):
        """Profile the rows at some places."""
        rows = np.asarray(rows, np.int64)
        (head,) = self.outputs.tasks
        probabilities = {head: self.probabilities[rows]}
        known = rows[self.labelled[rows]]
        texts = [self.texts[row] for row in rows]
        heads = count_heads(
            self.outputs,
            probabilities,
            self.outputs.predict(probabilities),
            {head: self.true[known]},
            np.flatnonzero(self.labelled[rows]),
        )
        lengths = self.lengths[rows]
        return Profile(
            fingerprint,
            len(rows),
            histogram(length_bins(lengths), NUM_LENGTH_BINS),
            int(lengths.sum()),
            int((lengths // 7).sum()),
            int((lengths > 500).sum()),
            np.bincount(lengths % VOCABULARY, minlength=VOCABULARY).astype(np.int64),
            heads,
            VectorSample.of(size, row_keys(texts), self.vectors[rows], texts if keep_texts else None),
        )
