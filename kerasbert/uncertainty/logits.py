"""What lies between logits and probabilities, on arrays: the layers of logits that a classifier's outputs are made of.

A head has one layer. Each level of a hierarchy has one too, whose logits say what is likely given the level above; or only
the deepest level has, whose probabilities add up to those above.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

from kerasbert.tasks.outputs import ByHead, Outputs
from kerasbert.tasks.task import Task

# Bounds the logarithm of a probability of zero, and of one that float32 has no number for below 1.
LEAST = 1e-30
MOST = 1 - 2**-25
# Takes a label out of a sum of exponentials.
NEVER = -1e30


@dataclasses.dataclass(frozen=True)
class LogitLayer:
    """The logits of one dense layer, (n, units).

    Args:
        head: the head or level that they belong to.
        task: of the head; its labels exclude each other unless it decides by thresholds.
        above: the level above, which they are conditioned on; None for a head and for classes.
        parents: place of each label's parent in the level above, (units,).
    """

    head: str
    task: Task
    above: str | None = None
    parents: np.ndarray | None = None

    @property
    def exclusive(self) -> bool:
        """Whether a softmax follows, over the labels of one parent; else a sigmoid for each unit."""
        return not self.task.uses_thresholds

    def logits(self, probabilities: ByHead) -> np.ndarray:
        """Return the logits that give these probabilities, float64; of a softmax up to a constant for each text."""
        own = np.asarray(probabilities[self.head], np.float64)
        if self.parents is not None and self.above is not None:
            own = own / np.maximum(np.asarray(probabilities[self.above], np.float64)[:, self.parents], LEAST)
        own = np.clip(own, LEAST, None if self.exclusive else MOST)
        return np.asarray(np.log(own) if self.exclusive else np.log(own) - np.log1p(-own))

    def given(self, logits: np.ndarray) -> np.ndarray:
        """Return the probability of each label given its parent, (n, units)."""
        if not self.exclusive:
            return sigmoid(logits)
        shares = np.exp(logits - logits.max(axis=1, keepdims=True))
        if self.parents is None:
            return np.asarray(shares / shares.sum(axis=1, keepdims=True))
        # Siblings are compared with each other alone, so that those of an unlikely parent are not lost.
        largest = np.full((len(logits), int(self.parents.max()) + 1), NEVER)
        np.maximum.at(largest.T, self.parents, logits.T)
        shares = np.exp(logits - largest[:, self.parents])
        return np.asarray(shares / (shares @ self._of_parent)[:, self.parents])

    @property
    def _of_parent(self) -> np.ndarray:
        """One-hot rows: the parent of each label, (units, number of parents)."""
        assert self.parents is not None
        return np.asarray(np.eye(int(self.parents.max()) + 1)[self.parents])

    def judged(self, y_true: ByHead) -> np.ndarray:
        """Return which logits are judged by a known label, bool (n, units): those of siblings of the true one, or of children
        of a true parent."""
        labels = np.asarray(y_true[self.head])
        if self.exclusive:
            known = np.repeat((labels >= 0)[:, None], self.task.units, axis=1)
            return known if self.parents is None else known & (self.parents[labels][:, None] == self.parents)
        known = labels >= 0
        if self.parents is not None and self.above is not None:
            known &= np.asarray(y_true[self.above])[:, self.parents] == 1
        return np.asarray(known)

    def losses(self, y_true: ByHead, logits: np.ndarray) -> np.ndarray:
        """Return the cross-entropy of each text, (n,), the sum over its judged labels; 0 where none is."""
        labels, judged = np.asarray(y_true[self.head]), self.judged(y_true)
        if not self.exclusive:
            # log(1 + exp(-z)) of a true label, log(1 + exp(z)) of another.
            return np.asarray((np.logaddexp(0, np.where(labels == 1, -logits, logits)) * judged).sum(axis=1))
        rivals = np.where(judged, logits, NEVER)
        largest = rivals.max(axis=1)
        total = largest + np.log(np.exp(rivals - largest[:, None]).sum(axis=1))
        own = np.take_along_axis(logits, np.maximum(labels, 0).astype(np.int64)[:, None], axis=1)[:, 0]
        return np.where(labels >= 0, total - own, 0.0)

    def losses_of_choice(self, y_true: ByHead, logits: np.ndarray) -> np.ndarray:
        """Return how wrong the probability of the most probable exclusive label is, (n,): the cross-entropy of its being right.

        It is chosen among the siblings of the true one.
        """
        labels, judged = np.asarray(y_true[self.head]), self.judged(y_true)
        rivals = np.where(judged, logits, NEVER)
        chosen = rivals.argmax(axis=1)
        shares = np.exp(rivals - np.take_along_axis(rivals, chosen[:, None], axis=1))
        np.put_along_axis(shares, chosen[:, None], 0.0, axis=1)
        # The others' odds against the choice: p = 1 / (1 + odds), without the rounding of 1 - p.
        odds = shares.sum(axis=1)
        wrong = np.log(np.maximum(odds, LEAST)) - np.log1p(odds)
        return np.where(labels >= 0, -np.where(chosen == labels, -np.log1p(odds), wrong), 0.0)


def logit_layers(outputs: Outputs, *, summed: bool = False) -> list[LogitLayer]:
    """List the layers of logits of a classifier, from the classes down.

    Args:
        outputs: what it predicts.
        summed: whether only the deepest level of its hierarchy has logits, see `HierarchicalHead`.
    """
    tree = outputs.hierarchy
    if tree is None:
        return [LogitLayer(head, task) for head, task in outputs.tasks.items()]
    levels = list(tree.levels)
    if summed:
        return [LogitLayer(levels[-1], outputs.tasks[levels[-1]])]
    below = [
        LogitLayer(level, outputs.tasks[level], above, np.array(parents))
        for above, level, parents in zip(levels, levels[1:], tree.parents, strict=False)
    ]
    return [LogitLayer(levels[0], outputs.tasks[levels[0]]), *below]


def probabilities_of(
    outputs: Outputs, layers: list[LogitLayer], logits: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Return the probabilities of every head or level, float64 (n, units), from the logits of its layers by head."""
    found: dict[str, np.ndarray] = {}
    for layer in layers:
        given = layer.given(logits[layer.head])
        found[layer.head] = given if layer.above is None else given * found[layer.above][:, layer.parents]
    if outputs.hierarchy is not None and len(layers) < len(outputs.hierarchy.levels):
        levels = outputs.hierarchy.levels
        for depth in reversed(range(len(levels) - 1)):
            parents = np.array(outputs.hierarchy.parents[depth])
            found[levels[depth]] = found[levels[depth + 1]] @ np.eye(int(parents.max()) + 1)[parents]
    return {head: found[head] for head in outputs.tasks}


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Return 1 / (1 + exp(-z)) without overflow."""
    return np.asarray(np.exp(-np.logaddexp(0, -np.asarray(logits, np.float64))))
