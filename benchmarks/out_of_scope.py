"""How well texts that belong to none of the labels are told, on CLINC150: 4,500 test texts in scope and 1,000 out of scope.

    python benchmarks/out_of_scope.py SAVED_FOLDER DATA_FOLDER [--seeds 3]

SAVED_FOLDER was trained on DATA_FOLDER/train.jsonl, 150 intents:

    kerasbert train DATA_FOLDER/train.jsonl --validation DATA_FOLDER/dev.jsonl --task multiclass --label-column sublabel \
        --precision mixed_bfloat16 --epochs 3 --output SAVED_FOLDER

The score is fitted on train.jsonl and on the texts of dev.jsonl, first without any text out of scope, then with the 100 of
oos_train.jsonl. Printed: AUROC and AUPRC (out of scope is the positive class) and FPR at 95 % on the test texts, the shares kept
and rejected at the threshold, and the bytes that the score adds to a saved folder. Each seed leaves a tenth of the training
and validation texts out, to show how much depends on them; seed 0 leaves none out. Then, for the abstention that is fitted
on dev.jsonl, precision and answered share on the test texts.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

import kerasbert as kb

NAMES = ("auroc", "auprc", "fpr_at_95", "kept", "rejected")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    classifier = kb.load(asked.folder)
    parts = {name: read(asked.data / f"{name}.jsonl") for name in ("train", "dev", "test", "oos_train", "oos_test")}
    for seed in range(asked.seeds):
        train, dev = (part if seed == 0 else without_a_tenth(*part, seed) for part in (parts["train"], parts["dev"]))
        for examples in (None, parts["oos_train"][0]):
            print_scope(classifier, train, dev[0], examples, parts, seed)
    for precision in (0.98, 0.99):
        print_abstention(classifier, parts, precision)


def read(file: Path) -> tuple[list[str], list[str]]:
    """Read texts and intents."""
    examples = kb.data.read_examples(file, label_columns="sublabel")
    return list(examples.texts), list(examples.labels["sublabel"])


def without_a_tenth(texts: list[str], labels: list[str], seed: int) -> tuple[list[str], list[str]]:
    """Leave a tenth of the texts out, drawn by a seed."""
    kept = np.flatnonzero(np.random.default_rng(seed).random(len(texts)) > 0.1)
    return [texts[row] for row in kept], [labels[row] for row in kept]


def print_scope(classifier: Any, train: Any, validation: Any, examples: Any, parts: Any, seed: int) -> None:
    """Fit, and print what the score tells."""
    begin = time.perf_counter()
    part = classifier.fit_out_of_scope(*train, validation=validation, out_of_scope_texts=examples)
    seconds = time.perf_counter() - begin
    found = classifier.evaluate_out_of_scope(parts["test"][0], parts["oos_test"][0])
    given = "no text" if examples is None else f"{len(examples)} texts"
    print(f"seed {seed}, {given} out of scope given:", "  ".join(f"{name} {found[name]:.4f}" for name in NAMES))
    print(
        "  95 % intervals:", {name: tuple(round(end, 4) for end in ends) for name, ends in found["intervals"].items()}
    )
    weights = dict(zip(part.components, part.weights.round(2).tolist(), strict=True))
    print(f"  {part}  fitted in {seconds:.0f} s; weights {weights}", flush=True)


def print_abstention(classifier: Any, parts: Any, precision: float) -> None:
    """Fit, and print how often it answers and is right."""
    promise = classifier.fit_abstention(*parts["dev"], precision=precision).promises["probabilities"]
    answers, (texts, labels) = classifier.predict(parts["test"][0], abstain=True), parts["test"]
    right = [answer == label for answer, label in zip(answers, labels, strict=True) if answer is not None]
    print(
        f"precision {precision:g} promised with {promise.sure:.0%} confidence: {np.mean(right):.4f} of {len(right) / len(texts):.4f} "
        f"answered; {promise.observed:.4f} of {promise.answered:.4f} on the validation texts"
    )


if __name__ == "__main__":
    main()
