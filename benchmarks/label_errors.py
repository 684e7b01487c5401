"""How well likely label errors are found: labels of a known share of texts are changed, and the ranking is asked for them.

    python benchmarks/label_errors.py SAVED_FOLDER DATA.jsonl [--share 0.05] [--draws 4]

The classifier must not have been trained on the data. A changed label is one of the five that the classifier finds most
probable, as people mix up labels that are alike. Printed: the share of changed texts among the first 20 and 50 of each
order, and average precision over all texts.
"""

import argparse
import dataclasses
from collections.abc import Iterator

import numpy as np
from sklearn.metrics import average_precision_score

import kerasbert as kb
from kerasbert.evaluation.comparison import judge_texts
from kerasbert.evaluation.confusions import surest_mistakes
from kerasbert.evaluation.label_errors import likely_label_errors
from kerasbert.evaluation.outcomes import Outcome


def main() -> None:
    """Print the figures of each order."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("data")
    parser.add_argument("--label-column", default="label")
    parser.add_argument("--share", type=float, default=0.05)
    parser.add_argument("--draws", type=int, default=4)
    asked = parser.parse_args()
    examples = kb.data.read_examples(asked.data, label_columns=asked.label_column)
    trained = kb.load(asked.folder).trained_
    judged = judge_texts(trained, examples.texts, examples.labels[asked.label_column], with_vectors=True)
    (outcome,) = judged.outcomes.values()
    found: dict[str, list[tuple[float, ...]]] = {}
    for seed in range(asked.draws):
        changed, noisy = change_labels(outcome, asked.share, np.random.default_rng(seed))
        for order, rows in orders(noisy, judged.vectors):
            is_changed = changed[rows]
            # Texts that are not listed come last.
            rank = np.zeros(len(changed))
            rank[rows] = np.arange(len(rows), 0, -1)
            precision = average_precision_score(changed, rank)
            found.setdefault(order, []).append((is_changed[:20].mean(), is_changed[:50].mean(), precision))
    for order, rows in found.items():
        print(f"{order:<24}", "  ".join(f"{value:.3f}" for value in np.mean(rows, axis=0)))


def change_labels(outcome: Outcome, share: float, random: np.random.Generator) -> tuple[np.ndarray, Outcome]:
    """Give a share of the texts one of the five other labels that the classifier finds most probable."""
    changed = random.random(len(outcome)) < share
    labels = outcome.y_true.copy()
    for row in np.flatnonzero(changed):
        likely = np.argsort(-outcome.probabilities[row])
        labels[row] = random.choice(likely[likely != outcome.y_true[row]][:5])
    return changed, dataclasses.replace(outcome, y_true=labels)


def orders(outcome: Outcome, vectors: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the orders of the texts: by probability, and by margin without and with neighbours."""
    mistakes = surest_mistakes(outcome, limit=len(outcome))
    yield "probability", np.array([mistake["row"] - 1 for mistake in mistakes])
    errors = likely_label_errors(outcome, vectors, limit=len(outcome))
    by_margin = sorted(errors, key=lambda error: -(2 * error["suspicion"] - error["disagreeing"]))
    yield "margin", np.array([error["row"] - 1 for error in by_margin])
    yield "margin and neighbours", np.array([error["row"] - 1 for error in errors])


if __name__ == "__main__":
    main()
