"""Time and memory of inputs that are large in one way: one text of 1 MB, 100,000 texts, 5,000 labels.

    python benchmarks/large_inputs.py

Each case runs in a process of its own with the default encoder; printed are the seconds of the step and how much the
process's memory grew beyond a classifier that has answered one short text.
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

WORDS = "where is my parcel please send it again today the card was charged twice and nobody answers".split()


def make_texts(number: int) -> list[str]:
    """Texts of 5 to 14 words."""
    return [" ".join(WORDS[(row + place) % len(WORDS)] for place in range(5 + row % 10)) for row in range(number)]


def trained(num_labels: int, num_texts: int):
    """A classifier after one epoch."""
    import kerasbert as kb

    labels = [f"label {row % num_labels}" for row in range(num_texts)]
    classifier = kb.TextClassifier("multiclass", epochs=1, precision="mixed_bfloat16", verbose=False)
    return classifier.fit(make_texts(num_texts), labels)


def measure(step: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and growth of the peak memory in MB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    step()
    return time.perf_counter() - start, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def one_long_text() -> tuple[float, float]:
    """A text of 1 MB of words, cut to 128 tokens."""
    classifier = trained(4, 64)
    return measure(lambda: classifier.predict([" ".join(WORDS * 11_000)]))


def one_long_word() -> tuple[float, float]:
    """A text of 1 MB without a space."""
    classifier = trained(4, 64)
    return measure(lambda: classifier.predict(["x" * 1_000_000]))


def many_texts() -> tuple[float, float]:
    """100,000 texts of 5 to 14 words predicted."""
    classifier, texts = trained(4, 64), make_texts(100_000)
    return measure(lambda: classifier.predict(texts))


def many_labels() -> tuple[float, float]:
    """5,000 labels: trained on 20,000 texts, saved, loaded, 20,000 texts predicted."""
    import kerasbert as kb

    def step() -> None:
        with tempfile.TemporaryDirectory() as folder:
            trained(5_000, 20_000).save(f"{folder}/model")
            kb.load(f"{folder}/model").predict(make_texts(20_000))

    trained(4, 64)
    return measure(step)


CASES = {case.__name__: case for case in (one_long_text, one_long_word, many_texts, many_labels)}

if __name__ == "__main__":
    if sys.argv[1:]:
        print(*CASES[sys.argv[1]]())
    for name in () if sys.argv[1:] else CASES:
        result = subprocess.run([sys.executable, sys.argv[0], name], capture_output=True, text=True, check=True)
        seconds, growth = map(float, result.stdout.split())
        print(f"{name:15} {seconds:7.2f} s  {growth:6.0f} MB  {CASES[name].__doc__}", flush=True)
