"""Ways to read the hidden states, with each other: F1 on test texts of a multi-label task, and the time of training.

    python benchmarks/layer_settings.py goemotions --epochs 2 --seeds 0 --results layer_settings.jsonl
    python benchmarks/layer_settings.py goemotions --epochs 2 --seeds 1 2 --settings "mean" "attention pooling"

DATA is a folder with `train.jsonl`, `dev.jsonl` and `test.jsonl`, one object a line with `text` and `labels`. The texts are
tokenised once. Every run trains a fresh classifier as `TextClassifier` does, keeps its best epoch on dev, tunes a
threshold for each label on dev, scores the test texts and adds a line to the results file. A run that stands in that file
already is left out, so that the same command goes on after an interruption. Then the table of all runs with the same epochs,
limit, encoder, precision, batch size and head rate is printed, over as many seeds as each setting has; `--seeds` without a number
trains nothing and prints the table alone.
"""

import argparse
import gc
import json
import os
import statistics
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np

import kerasbert as kb
from kerasbert.classifiers.compiling import HEAD_LEARNING_RATE
from kerasbert.objectives.scores import score_predictions
from kerasbert.objectives.thresholds import tune_thresholds
from kerasbert.tokenization.tokenizer import TokenArrays

LAST_FOUR = (-4, -3, -2, -1)
ALL = "all"
LAYERWISE = "a classifier on each block"
# Name -> arguments of `build_multilabel`, or of `build_layerwise`.
SETTINGS: dict[str, dict[str, Any]] = {
    "mean": {},
    "cls": {"pooling": "cls"},
    "pooler": {"pooling": "pooler"},
    "max": {"pooling": "max"},
    "attention pooling": {"pooling": "attention"},
    "multi-head attention pooling": {"pooling": "multihead_attention"},
    "last 4, concat": {"layers": LAST_FOUR, "combine": "concat"},
    "last 4, mean": {"layers": LAST_FOUR, "combine": "mean"},
    "last 4, weighted": {"layers": LAST_FOUR, "combine": "weighted"},
    "last 4, attention": {"layers": LAST_FOUR, "combine": "attention"},
    "last 4, max": {"layers": LAST_FOUR, "combine": "max"},
    "all, weighted": {"layers": ALL, "combine": "weighted"},
    "all, weighted first, attention pooling": {
        "layers": ALL,
        "combine": "weighted",
        "combine_before_pooling": True,
        "pooling": "attention",
    },
    LAYERWISE: {},
}
COLUMNS = ("setting", "macro-F1", "micro-F1", "training s", "seeds")
# What a line of the results must share with the options to count.
CONDITIONS = ("data", "epochs", "limit", "encoder", "precision", "batch_size", "max_length", "head_learning_rate")


class Part(NamedTuple):
    """One file: its texts' tokens and its labels (n, C) of 0 or 1."""

    tokens: TokenArrays
    labels: np.ndarray


class Data(NamedTuple):
    """All that the runs share."""

    names: tuple[str, ...]
    train: Part
    dev: Part
    test: Part
    pad_id: int


def read(options: argparse.Namespace) -> Data:
    """The three files, tokenised."""
    tokens = kb.data.Tokenizer.from_pretrained(options.encoder, max_length=options.max_length)
    files = [
        kb.data.read_examples(options.data / f"{name}.jsonl", label_columns=["labels"])
        for name in ("train", "dev", "test")
    ]
    names = kb.data.collect_label_names(files[0].labels["labels"])
    if options.limit is not None:
        files = [file.take(range(0, len(file.texts), max(1, len(file.texts) // options.limit))) for file in files]
    parts = [Part(tokens.encode(file.texts), kb.data.encode_multi_hot(file.labels["labels"], names)) for file in files]
    return Data(tuple(names), *parts, tokens.pad_id)


def build(name: str, names: Sequence[str], options: argparse.Namespace) -> keras.Model:
    """The classifier of a setting, not compiled."""
    shared = {"encoder": options.encoder, "max_length": options.max_length, "compile": False}
    if name == LAYERWISE:
        return kb.build_layerwise(kb.Multilabel(list(names)), **shared)
    settings = dict(SETTINGS[name])
    if settings.get("layers") == ALL:
        blocks = kb.build_multilabel(list(names), **shared).encoder.config.num_hidden_layers
        settings["layers"] = tuple(range(blocks + 1))
    return kb.build_multilabel(list(names), **settings, **shared)


def run(name: str, seed: int, data: Data, options: argparse.Namespace) -> dict[str, Any]:
    """Train and score a setting once; the line for the results file."""
    keras.utils.set_random_seed(seed)
    model = build(name, data.names, options)
    batches = {"batch_size": options.batch_size, "pad_id": data.pad_id}
    train = kb.data.make_batches(*data.train, shuffle=True, seed=seed, **batches)
    dev = kb.data.make_batches(*data.dev, by_length=True, **batches)
    start = time.perf_counter()
    # Of a single epoch there is no best one to look for.
    judged = dev if options.epochs > 1 else None
    history = kb.finetune(
        model,
        train,
        judged,
        epochs=options.epochs,
        head_learning_rate=options.head_learning_rate,
        verbose=options.progress,
    )
    seconds = time.perf_counter() - start
    thresholds = tune_thresholds(data.dev.labels, probabilities(model, data.dev, batches))
    predicted = probabilities(model, data.test, batches) >= thresholds
    scores = score_predictions(data.test.labels, predicted, data.names)
    return {
        **conditions(options),
        "setting": name,
        "seed": seed,
        "macro_f1": scores["macro"]["f1"],
        "micro_f1": scores["micro"]["f1"],
        "seconds": round(seconds, 1),
        "weights": model.count_params(),
        "history": {key: [float(value) for value in values] for key, values in history.history.items()},
    }


def probabilities(model: keras.Model, part: Part, batches: dict[str, Any]) -> np.ndarray:
    """(n, C), in the order of the texts."""
    ordered = kb.data.make_batches(part.tokens, by_length=True, **batches)
    output = model.predict(ordered.dataset, verbose=0)
    result = np.zeros(part.labels.shape)
    result[ordered.order] = output["probabilities"] if isinstance(output, dict) else output
    return result


def conditions(options: argparse.Namespace) -> dict[str, Any]:
    """What the runs of one table share."""
    return {name: getattr(options, name) for name in CONDITIONS} | {"data": options.data.resolve().name}


def finished(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The lines of the results file that belong to the table; a line cut by an interruption is left out."""
    if not options.results.is_file():
        return []
    lines = []
    for line in options.results.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return [line for line in lines if conditions(options).items() <= line.items()]


def table(lines: Sequence[dict[str, Any]]) -> str:
    """Mean and, over several seeds, standard deviation of each setting, in Markdown."""
    rows = ["| " + " | ".join(COLUMNS) + " |", "|---|" + "---:|" * (len(COLUMNS) - 1)]
    for name in SETTINGS:
        own = [line for line in lines if line["setting"] == name]
        if own:
            macro, micro = (spread(line[key] for line in own) for key in ("macro_f1", "micro_f1"))
            seconds = statistics.mean(line["seconds"] for line in own)
            rows.append(f"| {name} | {macro} | {micro} | {seconds:.0f} | {len(own)} |")
    return "\n".join(rows)


def spread(values: Iterable[float]) -> str:
    """Mean and standard deviation as text."""
    listed = list(values)
    mean = f"{statistics.mean(listed):.4f}"
    return mean if len(listed) < 2 else f"{mean} ± {statistics.stdev(listed):.4f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Do the runs that are missing, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    parser.add_argument("--settings", nargs="+", choices=list(SETTINGS), default=list(SETTINGS), metavar="SETTING")
    parser.add_argument("--results", type=Path, default=Path("layer_settings.jsonl"), help="a line for each run")
    parser.add_argument("--limit", type=int, help="about so many texts of each file, evenly spread")
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2")
    parser.add_argument("--precision", default="mixed_bfloat16")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--max-length", type=int, default=128)
    parser.add_argument("--head-learning-rate", type=float, default=HEAD_LEARNING_RATE)
    parser.add_argument("--progress", action="store_true")
    options = parser.parse_args(arguments)
    keras.config.set_dtype_policy(options.precision)
    known = {(line["setting"], line["seed"]) for line in finished(options)}
    # Seeds outside, so that an interrupted comparison has every setting once before any twice.
    missing = [(name, seed) for seed in options.seeds for name in options.settings if (name, seed) not in known]
    data = read(options) if missing else None
    for name, seed in missing:
        line = run(name, seed, data, options)
        with options.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        print(f"{name}, seed {seed}: macro-F1 {line['macro_f1']:.4f}, {line['seconds']:.0f} s", flush=True)
        keras.backend.clear_session()
        gc.collect()
    print(table(finished(options)))


if __name__ == "__main__":
    main()
