"""Seconds of the first epoch of a frozen encoder, in which the features are computed, and of the later ones.

    python benchmarks/frozen_encoder.py banking77/train.jsonl

DATA has an object a line with `text` and `label`. The first epoch is counted from the call of `finetune` to its end, the
later ones each by itself.
"""

import argparse
import os
import statistics
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

import kerasbert as kb


class Clock(keras.callbacks.Callback):
    """The time at the end of every epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.ends: list[float] = []

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Note the time."""
        self.ends.append(time.perf_counter())


def main(arguments: Sequence[str] | None = None) -> None:
    """Train and print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="all-MiniLM-L6-v2")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--limit", type=int, help="at most so many texts")
    options = parser.parse_args(arguments)
    examples = kb.data.read_examples(options.data, label_columns=["label"])
    texts, labels = examples.texts[: options.limit], examples.labels["label"][: options.limit]
    names = kb.data.collect_label_names(labels)
    tokens = kb.data.Tokenizer.from_pretrained(options.encoder).encode(texts)
    batches = kb.data.make_batches(tokens, kb.data.encode_class_ids(labels, names), shuffle=True)
    keras.utils.set_random_seed(0)
    model = kb.build_multiclass(names, encoder=options.encoder, compile=False)
    clock = Clock()
    start = time.perf_counter()
    kb.finetune(model, batches, epochs=options.epochs, freeze="encoder", verbose=False, callbacks=[clock])
    first, *later = (end - begin for begin, end in zip([start, *clock.ends], clock.ends, strict=False))
    middle = statistics.median(later)
    print(
        f"{len(texts)} texts: first epoch {first:.1f} s, later ones {middle:.2f} s (median of {len(later)}), "
        f"{first / middle:.0f} times as fast"
    )


if __name__ == "__main__":
    main()
