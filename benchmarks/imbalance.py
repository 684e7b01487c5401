"""What the ways of treating rare labels are worth: macro-F1 on test texts, mean and spread over seeds.

    python benchmarks/imbalance.py DATA --seeds 3 --results runs.jsonl

DATA is a folder that holds `sms_spam` (`label`, of which one is rare) and `goemotions` (`labels`), each with
`train.jsonl`, `dev.jsonl` and `test.jsonl`. Of GoEmotions the ten rarest labels of the training texts are learned: the
texts that carry one of them, and as many others, drawn by chance, in each of the files. Thresholds of the multi-label
classifier are chosen on the dev texts. Each run is written to the results as it ends, and is not repeated when the
command is started again.
"""

import argparse
import collections
import gc
import json
import os
import random
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

import kerasbert as kb

RARE = 10
# Name -> settings of the classifier.
STRATEGIES: dict[str, dict[str, Any]] = {
    "none": {},
    "balance=auto": {"balance": "auto"},
    "balance=effective": {"balance": "effective"},
    "balance=focal": {"balance": "focal"},
    "balance=asymmetric": {"balance": "asymmetric"},
    "sampling=oversample": {"sampling": "oversample"},
    "sampling=sqrt": {"sampling": "sqrt"},
}
DATA_SETS = {"SMS spam": "binary", "GoEmotions, ten rarest": "multilabel"}
Texts = tuple[list[str], list[Any]]


def read(file: Path, limit: int | None) -> list[dict[str, Any]]:
    """The rows of a file, at most `limit` of them, evenly spread."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    if limit is not None and limit < len(rows):
        rows = [rows[index * len(rows) // limit] for index in range(limit)]
    return rows


def read_spam(folder: Path, limit: int | None) -> dict[str, Any]:
    """Training and test texts, and the settings that belong to them."""
    parts = {name: read(folder / "sms_spam" / f"{name}.jsonl", limit) for name in ("train", "test")}
    found = {name: ([row["text"] for row in rows], [row["label"] for row in rows]) for name, rows in parts.items()}
    frequent, rare = (name for name, _ in collections.Counter(found["train"][1]).most_common())
    return {**found, "validation": None, "settings": {"label_names": [frequent, rare]}}


def read_emotions(folder: Path, limit: int | None) -> dict[str, Any]:
    """Training, dev and test texts with the rarest labels, and the settings that belong to them."""
    parts = {name: read(folder / "goemotions" / f"{name}.jsonl", limit) for name in ("train", "dev", "test")}
    counts = collections.Counter(label for row in parts["train"] for label in row["labels"])
    rare = sorted(name for name, _ in counts.most_common()[-RARE:])
    found = {name: restrict(rows, rare) for name, rows in parts.items()}
    settings = {"label_names": rare}
    return {"train": found["train"], "test": found["test"], "validation": found["dev"], "settings": settings}


def restrict(rows: Sequence[dict[str, Any]], rare: Sequence[str]) -> Texts:
    """The texts that carry one of some labels and as many others, with these labels alone."""
    own = [[name for name in row["labels"] if name in rare] for row in rows]
    some = [row for row, names in enumerate(own) if names]
    none = [row for row, names in enumerate(own) if not names]
    chosen = sorted(some + random.Random(0).sample(none, min(len(some), len(none))))
    return [rows[row]["text"] for row in chosen], [own[row] for row in chosen]


def measure(task: str, data: dict[str, Any], settings: dict[str, Any], seed: int) -> float:
    """Macro-F1 on the test texts of one training."""
    classifier = kb.TextClassifier(task, seed=seed, verbose=False, **data["settings"], **settings)
    classifier.fit(*data["train"], validation=data["validation"])
    return float(classifier.evaluate(*data["test"])["macro"]["f1"])


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2")
    parser.add_argument("--epochs", type=int, help="passes over the data; by its size when left out")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--limit", type=int, help="at most so many texts of each file")
    parser.add_argument("--only", action="append", choices=list(STRATEGIES), help="one strategy; may be repeated")
    parser.add_argument("--results", type=Path, help="file to which every run is added")
    return parser.parse_args(arguments)


def known_runs(options: argparse.Namespace) -> dict[tuple, float]:
    """The runs of the same settings that the results hold."""
    if options.results is None or not options.results.is_file():
        return {}
    lines = [json.loads(line) for line in options.results.read_text().splitlines()]
    same = [line for line in lines if line["settings"] == settings_of(options)]
    return {(line["data"], line["strategy"], line["seed"]): line["macro_f1"] for line in same}


def settings_of(options: argparse.Namespace) -> dict[str, Any]:
    """What all runs share."""
    shared = {"encoder": options.encoder, "epochs": options.epochs, "precision": options.precision}
    return {**shared, "limit": options.limit}


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, and print the table."""
    options = parse(arguments)
    shared = {name: value for name, value in settings_of(options).items() if name != "limit"}
    readers = dict(zip(DATA_SETS, (read_spam, read_emotions), strict=True))
    data = {name: reader(options.data, options.limit) for name, reader in readers.items()}
    for name, part in data.items():
        print(f"{name}: {len(part['train'][0])} training texts, {len(part['test'][0])} test texts", flush=True)
    runs = known_runs(options)
    for seed in range(options.seeds):
        for name, task in DATA_SETS.items():
            for strategy in options.only or STRATEGIES:
                if (name, strategy, seed) in runs:
                    continue
                start = time.perf_counter()
                score = measure(task, data[name], {**shared, **STRATEGIES[strategy]}, seed)
                runs[name, strategy, seed] = score
                print(f"{name}, {strategy}, seed {seed}: {score:.4f}, {time.perf_counter() - start:.0f} s", flush=True)
                note(options, {"data": name, "strategy": strategy, "seed": seed, "macro_f1": score})
                keras.backend.clear_session()
                gc.collect()
    print_table(runs, options)


def note(options: argparse.Namespace, run: dict[str, Any]) -> None:
    """Add a run to the results."""
    if options.results is not None:
        with open(options.results, "a", encoding="utf-8") as stream:
            stream.write(json.dumps({**run, "settings": settings_of(options)}) + "\n")


def print_table(runs: dict[tuple, float], options: argparse.Namespace) -> None:
    """Mean and standard deviation over the seeds."""
    print("\n| strategy | " + " | ".join(DATA_SETS) + " |\n|---|" + "---|" * len(DATA_SETS))
    for strategy in options.only or STRATEGIES:
        cells = []
        for name in DATA_SETS:
            values = [runs[name, strategy, seed] for seed in range(options.seeds)]
            spread = statistics.stdev(values) if len(values) > 1 else 0.0
            cells.append(f"{statistics.mean(values):.4f} ± {spread:.4f}")
        print(f"| {strategy} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
