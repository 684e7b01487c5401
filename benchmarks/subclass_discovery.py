"""Subclasses found without sub-labels, beside the sub-labels that are known: agreement, and how many were found.

    python benchmarks/subclass_discovery.py clinc150/train.jsonl

DATA has one object a line with `text`, `label` and `sublabel`. Two tables are printed.

1. Every class of the data: normalised mutual information with the sub-labels where their number is given, and the number
   that is found where it is not.
2. Mixtures: sub-labels drawn by chance from all classes, in several numbers, and put together
   as one class. The number that is found stands beside the true one.
"""

import argparse
import json
import os
import statistics
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

import kerasbert as kb
from kerasbert.subclasses import ClassDiscovery
from kerasbert.subclasses.vectors import text_vectors

SIZES = (3, 5, 8, 12, 15, 20)
CLOSE = 3


def discover(
    texts: Sequence[str], features: np.ndarray, sublabels: Sequence[str], number: int | None = None
) -> ClassDiscovery:
    """The groups of texts that are all of one class."""
    found = kb.discover_subclasses(texts, ["class"] * len(texts), features=features, sublabels=sublabels, number=number)
    return found.classes["class"]


def compare_classes(texts: np.ndarray, features: np.ndarray, labels: np.ndarray, sublabels: np.ndarray) -> None:
    """Print the first table."""
    given, close, names = [], 0, sorted(set(labels))
    print(f"{'class':24}{'true':>6}{'found':>7}{'NMI, number given':>20}{'NMI, number found':>20}")
    for name in names:
        rows = labels == name
        true = len(set(sublabels[rows]))
        known, sought = (discover(texts[rows], features[rows], sublabels[rows], number) for number in (true, None))
        given.append(known.agreement["nmi"])
        close += abs(len(sought.subclasses) - true) <= CLOSE
        print(
            f"{name:24}{true:6}{len(sought.subclasses):7}{given[-1]:20.3f}{sought.agreement['nmi']:20.3f}", flush=True
        )
    print(f"mean NMI {statistics.mean(given):.4f}; found within {CLOSE} of the true number: {close} of {len(names)}\n")


def compare_mixtures(texts: np.ndarray, features: np.ndarray, sublabels: np.ndarray, draws: int, seed: int) -> None:
    """Print the second table."""
    random = np.random.default_rng(seed)
    print(f"{'true':>4}  found in {draws} mixtures")
    for size in SIZES:
        found = []
        for _ in range(draws):
            rows = np.isin(sublabels, random.choice(np.unique(sublabels), size, replace=False))
            found.append(len(discover(texts[rows], features[rows], sublabels[rows]).subclasses))
        print(f"{size:4}  {'  '.join(map(str, sorted(found)))}", flush=True)


def main() -> None:
    """Read, encode, print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2")
    parser.add_argument("--mixtures", type=int, default=4, help="of each size (default: 4)")
    parser.add_argument("--seed", type=int, default=0, help="of the mixtures (default: 0)")
    options = parser.parse_args()
    rows = [json.loads(line) for line in options.data.read_text(encoding="utf-8").splitlines()]
    texts, labels, sublabels = (np.array([row[key] for row in rows]) for key in ("text", "label", "sublabel"))
    features = text_vectors(options.encoder, list(texts))
    compare_classes(texts, features, labels, sublabels)
    compare_mixtures(texts, features, sublabels, options.mixtures, options.seed)


if __name__ == "__main__":
    main()
