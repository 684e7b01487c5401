"""Three ways with texts longer than the model: accuracy on test texts, and what training and prediction cost.

    python benchmarks/long_texts.py movie_reviews --epochs 4

DATA is a folder with `train.jsonl` and `test.jsonl`, one object a line with `text` and `label`. Every row of the table is
a training of its own, with the same seed. Memory is the highest resident size so far, so a row never shows less than the
rows above it; `--only` runs a single row in a process of its own.
"""

import argparse
import json
import os
import resource
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import kerasbert as kb

# Name -> settings of the classifier.
ROWS = {
    "truncate 128": {"long_texts": "truncate", "max_length": 128},
    "head_tail 128": {"long_texts": "head_tail", "max_length": 128},
    "windows 128, mean": {"long_texts": "windows", "max_length": 128, "window_pooling": "mean"},
    "windows 128, max": {"long_texts": "windows", "max_length": 128, "window_pooling": "max"},
    "windows 128, attention": {"long_texts": "windows", "max_length": 128, "window_pooling": "attention"},
    "truncate 512": {"long_texts": "truncate", "max_length": 512},
    "head_tail 512": {"long_texts": "head_tail", "max_length": 512},
}
COLUMNS = ("way", "accuracy", "training s", "prediction s", "tokens a text", "peak MB")


def read(file: Path, limit: int | None) -> tuple[list[str], list[str]]:
    """Texts and labels of a file, at most `limit` of them, evenly spread."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    if limit is not None and limit < len(rows):
        rows = [rows[index * len(rows) // limit] for index in range(limit)]
    return [row["text"] for row in rows], [row["label"] for row in rows]


def measure(name: str, options: argparse.Namespace, seed: int) -> tuple[float, float, float, float, float]:
    """Accuracy, seconds of training and of prediction, tokens a text and peak memory of one way."""
    train = read(options.data / "train.jsonl", options.limit)
    test = read(options.data / "test.jsonl", options.limit)
    settings = {"encoder": options.encoder, "epochs": options.epochs, "precision": options.precision, "verbose": False}
    if options.batch_size is not None:
        settings["batch_size"] = options.batch_size
    classifier = kb.TextClassifier("multiclass", seed=seed, **settings, **ROWS[name])
    start = time.perf_counter()
    classifier.fit(*train)
    trained = time.perf_counter()
    accuracy = classifier.score(*test)
    predicted = time.perf_counter()
    tokens = float(classifier.tokenizer_.encode(test[0]).lengths.mean())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return accuracy, trained - start, predicted - trained, tokens, peak


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each row; the means are printed")
    parser.add_argument("--limit", type=int, help="at most so many texts of each file")
    parser.add_argument("--only", action="append", choices=list(ROWS), help="a single row; may be repeated")
    options = parser.parse_args(arguments)
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS), flush=True)
    for name in options.only or ROWS:
        runs = [measure(name, options, seed) for seed in range(options.seeds)]
        accuracy, training, prediction, tokens, peak = (statistics.mean(values) for values in zip(*runs, strict=True))
        print(
            f"| {name} | {accuracy:.4f} | {training:.1f} | {prediction:.1f} | {tokens:.0f} | {peak:.0f} |", flush=True
        )


if __name__ == "__main__":
    main()
