"""Random outcomes of each task, one label of which no text has."""

import numpy as np
import pytest

from kerasbert.evaluation.outcomes import Outcome
from kerasbert.tasks.table import TASKS


def random_outcome(task, texts=60, seed=0):
    random = np.random.default_rng(seed)
    own = TASKS[task].of(("no", "yes") if task == "binary" else ("a", "b", "c", "absent"))
    rows = np.arange(texts)
    if task == "multiclass":
        probabilities = random.dirichlet(np.ones(4), texts).astype("float32")
        labels = random.integers(0, 3, texts)
        return Outcome("head", own, rows, labels, probabilities, probabilities.argmax(axis=1))
    width = 1 if task == "binary" else 4
    probabilities = random.random((texts, width), dtype="float32").round(2)  # with ties
    labels = (random.random((texts, width)) < 0.4).astype("float32")
    labels[:, 3:] = 0
    limits = np.full(width, 0.6)
    return Outcome("head", own, rows, labels, probabilities, (probabilities >= limits).astype(int), limits)


@pytest.fixture(params=["binary", "multiclass", "multilabel"])
def outcome(request):
    return random_outcome(request.param)
