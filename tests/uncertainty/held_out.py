"""Texts and labels that toy classifiers were not trained on."""

import numpy as np
from trained_classifiers import TREE

WORDS = ["good", "bad", "card", "parcel", "thanks", "lost", "refund", "please", "late", "is", "my", "!"]
KINDS = {
    "binary": ("binary", {}),
    "multiclass": ("multiclass", {}),
    "multilabel": ("multilabel", {}),
    "multitask": ("multitask", {}),
    "hierarchical": ("hierarchical", {}),
    "summed": ("hierarchical", {"class_scores": "summed"}),
    "independent levels": ("independent levels", {}),
}


def other_texts(count=120, seed=1):
    """Texts that no toy classifier was trained on, all different."""
    random = np.random.default_rng(seed)
    return [f"{' '.join(random.choice(WORDS, random.integers(1, 6)))} {number}" for number in range(count)]


def labels_for(outputs, count=120, seed=2):
    """Labels of every head or level, drawn at random, as `fit` takes them."""
    random = np.random.default_rng(seed)
    if outputs.hierarchy is not None:
        below = {name: own for own, names in TREE.items() for name in names}
        if next(iter(outputs.tasks.values())).exclusive:
            leaves = random.choice(list(below), count)
            return {"class": [below[leaf] for leaf in leaves], "subclass": list(leaves)}
        leaves = [list(random.choice(list(below), random.integers(0, 3), replace=False)) for _ in range(count)]
        return {"class": [sorted({below[leaf] for leaf in own}) for own in leaves], "subclass": leaves}
    drawn = {}
    for head, task in outputs.tasks.items():
        names = list(task.label_names)
        several = [list(random.choice(names, random.integers(0, len(names)), replace=False)) for _ in range(count)]
        drawn[head] = list(random.choice(names, count)) if task.exclusive else several
    return outputs.unwrap(drawn)
