"""What a probe of every hidden state and four poolings costs beside one plain encoding pass of the same texts.

    python benchmarks/probe_cost.py banking77/train.jsonl

The plain pass is `predict` of the encoder under mean pooling, over batches of like length. Of the probe, the fits of the
linear classifiers are timed apart. The plain pass has compiled on a few batches before; a probe builds its graph anew.
Memory is the highest resident size of the process over what it had after `import kerasbert`, whose own peak lies below it.
"""

import argparse
import json
import os
import resource
import statistics
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

import kerasbert as kb
from kerasbert._core.names import INPUT_NAMES
from kerasbert.evaluation.probe_scores import ProbeScorer

ENCODER = "all-MiniLM-L6-v2"
MEGABYTE = 1e6


def resident() -> float:
    """Resident size of this process in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MEGABYTE


def plain_model() -> keras.Model:
    """The encoder under mean pooling, as a user would build it."""
    encoder = kb.TFBertModel.from_pretrained(ENCODER)
    inputs = {name: keras.Input((None,), dtype="int32", name=name) for name in INPUT_NAMES}
    output = encoder(*inputs.values(), output_hidden_states=False)
    return keras.Model(inputs, kb.layers.MeanPooling()(output.last_hidden_state, inputs["attention_mask"]))


def plain_seconds(model: keras.Model, texts: list[str]) -> float:
    """Seconds to turn texts into vectors once."""
    start = time.perf_counter()
    tokens = kb.data.Tokenizer.from_pretrained(ENCODER).encode(texts)
    model.predict(kb.data.make_batches(tokens, batch_size=64, by_length=True).dataset, verbose=0)
    return time.perf_counter() - start


def probe_seconds(source: Any, texts: list[str], labels: list[str]) -> tuple[float, float]:
    """Seconds of a probe without its fits, and of the fits."""
    fits, score = 0.0, ProbeScorer.score

    def timed(scorer: ProbeScorer, vectors: Any, **options: Any) -> dict[str, float]:
        nonlocal fits
        start = time.perf_counter()
        scores = score(scorer, vectors, **options)
        fits += time.perf_counter() - start
        return scores

    ProbeScorer.score = timed  # type: ignore[method-assign]
    start = time.perf_counter()
    kb.probe(source, texts, labels, max_texts=None)
    ProbeScorer.score = score  # type: ignore[method-assign]
    return time.perf_counter() - start - fits, fits


def main() -> None:
    """Print both times, their ratio and the memory."""
    after_import = resident()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--max-texts", type=int, help="evenly spread over the file (default: all of them)")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    rows = [json.loads(line) for line in Path(options.data).read_text(encoding="utf-8").splitlines()]
    wanted = options.max_texts or len(rows)
    rows = rows[:: max(1, len(rows) // wanted)][:wanted]
    texts, labels = [row["text"] for row in rows], [row["label"] for row in rows]

    model = plain_model()
    source = (kb.TFBertModel.from_pretrained(ENCODER), kb.data.Tokenizer.from_pretrained(ENCODER))
    plain_seconds(model, texts[:256])
    ratios = []
    for _ in range(options.rounds):
        plain = plain_seconds(model, texts)
        reading, fits = probe_seconds(source, texts, labels)
        ratios.append(reading / plain)
        print(
            f"plain pass {plain:.1f} s   probe {reading:.1f} s + fits {fits:.1f} s   ratio {ratios[-1]:.2f}", flush=True
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
    print(f"{len(texts)} texts, median ratio {statistics.median(ratios):.2f}, {peak - after_import:.0f} MB over import")


if __name__ == "__main__":
    main()
