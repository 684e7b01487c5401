"""How much a classifier sees in a text: the energy of its logits."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasbert.tasks.task import Task


def energies(tasks: Mapping[str, Task], logits: Mapping[str, Any], xp: Any = np) -> list[Any]:
    """Compute the energy of each head's logits, each (n,); higher where the head has no label for the text.

    Of exclusive labels it is minus the log-sum-exp of the logits, of independent ones minus the sum of
    log(1 + exp(logit)).

    Args:
        tasks: head or level name -> task.
        logits: head or level name -> (n, units); levels that have none are left out.
        xp: NumPy, or `keras.ops` in an exported graph.

    Example:
        >>> from kerasbert.tasks.multiclass import Multiclass
        >>> energies({"a": Multiclass(2)}, {"a": np.zeros((1, 2))})[0].round(4).tolist()
        [-0.6931]

    Reference:
        Liu et al., "Energy-based Out-of-distribution Detection", 2020, equation 4; Wang et al., "Can Multi-Label
        Classification Networks Know What They Don't Know?", 2021, equation 5.
    """
    found = []
    for head, task in tasks.items():
        if head not in logits:
            continue
        values = logits[head]
        if task.uses_thresholds:
            found.append(-xp.sum(xp.logaddexp(values, xp.zeros_like(values)), axis=1))
        else:
            largest = xp.max(values, axis=1, keepdims=True)
            found.append(-(xp.log(xp.sum(xp.exp(values - largest), axis=1)) + largest[:, 0]))
    return found
