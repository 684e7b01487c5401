"""Evidently's rule for texts on windows of GoEmotions, for comparison with `drift_rates.py`.

    pip install evidently==0.7.23
    python benchmarks/drift_peer.py DATA --windows 40

DATA holds goemotions/dev.jsonl and goemotions/test.jsonl. Reference and window are drawn from these texts without replacement: without
a change, and with one label's share doubled. The rule is the library's default for a text column: a classifier of words tells window
from reference, and its area under the curve is compared with a limit. It needs neither a model nor labels.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests import get_stattest
from evidently.legacy.core import ColumnType

SIZES = (100, 300, 1000, 3000)
DOUBLED = (("admiration", 500), ("anger", 1000))
REFERENCE = 5000


def main() -> None:
    """Print the alarms of each kind of window."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--windows", type=int, default=40, help="of each row (default: 40)")
    options = parser.parse_args()
    lines = [
        line
        for split in ("dev", "test")
        for line in (options.data / f"goemotions/{split}.jsonl").open(encoding="utf-8")
    ]
    rows = [json.loads(line) for line in lines]
    texts, random = np.array([row["text"] for row in rows], dtype=object), np.random.default_rng(0)
    for size in SIZES:
        print(
            f"no change, {size:,} texts: {alarms(texts, [draw(random, len(texts), size) for _ in range(options.windows)])}"
        )
    for label, size in DOUBLED:
        has = np.array([label in row["labels"] for row in rows])
        windows = [double(random, has, size) for _ in range(options.windows)]
        print(f"{label} doubled, {size:,} texts: {alarms(texts, windows)}", flush=True)


def draw(random: np.random.Generator, number: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a reference and of a window."""
    order = random.permutation(number)
    return order[:REFERENCE], order[REFERENCE : REFERENCE + size]


def double(random: np.random.Generator, has: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a reference, and of a window in which a label is twice as frequent."""
    reference = random.permutation(len(has))[:REFERENCE]
    rest = random.permutation(np.setdiff1d(np.arange(len(has)), reference))
    count = random.binomial(size, 2 * has.mean())
    return reference, np.concatenate([rest[has[rest]][:count], rest[~has[rest]][: size - count]])


def alarms(texts: np.ndarray, windows: list[tuple[np.ndarray, np.ndarray]]) -> str:
    """Count the windows that the rule calls drifted."""
    found = 0
    for reference, window in windows:
        first, second = (pd.Series(texts[rows]) for rows in (reference, window))
        rule = get_stattest(first, second, ColumnType.Text)
        found += bool(rule(first, second, ColumnType.Text, None).drifted)
    return f"{found} of {len(windows)}"


if __name__ == "__main__":
    main()
