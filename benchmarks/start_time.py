"""Time until the command answers what needs no model, over that of `import tensorflow`, in fresh processes, in turn.

python benchmarks/start_time.py [SAVED]

SAVED is a folder that `kerasbert train` wrote; without it a classifier of random weights is saved first.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROUNDS = 5
COMMAND = [sys.executable, "-c", "import kerasbert_command; kerasbert_command.run()"]
TENSORFLOW = [sys.executable, "-c", "import tensorflow"]
# The words of a small vocabulary.
WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz")


def seconds_of(command: Sequence[str], code: int = 0) -> float:
    """Seconds that a command takes, which ends with an exit code."""
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != code:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return time.perf_counter() - start


def save_classifier(folder: Path) -> Path:
    """Save a classifier of random weights."""
    import kerasbert as kb

    encoder = folder / "encoder"
    config = kb.BertConfig(vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2)
    kb.TFBertModel(config).save_pretrained(encoder)
    (encoder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    classifier = kb.TextClassifier("multiclass", encoder=encoder, epochs=1, verbose=False)
    classifier.fit(["a b", "c d", "e f"] * 8, ["x", "y", "z"] * 8).save(folder / "classifier")
    return folder / "classifier"


def main(saved: Path, folder: Path) -> None:
    """Print the medians and their ratios."""
    (folder / "bad.csv").write_text("body,label\na,x\n", encoding="utf-8")
    bad = ["train", str(folder / "bad.csv"), "--task", "multiclass", "--output", str(folder / "never")]
    sides = {
        "--help": (["--help"], 0),
        "train --help": (["train", "--help"], 0),
        "--version": (["--version"], 0),
        "usage error": (["train", "--epoch", "3"], 2),
        "unreadable data": (bad, 1),
        "inspect": (["inspect", str(saved)], 0),
    }
    seconds: dict[str, list[float]] = {name: [] for name in ("import tensorflow", *sides)}
    for _ in range(ROUNDS):
        seconds["import tensorflow"].append(seconds_of(TENSORFLOW))
        for name, (arguments, code) in sides.items():
            seconds[name].append(seconds_of([*COMMAND, *arguments], code))
    whole = statistics.median(seconds["import tensorflow"])
    for name, found in seconds.items():
        median = statistics.median(found)
        print(f"{name:<18} {median:5.2f} s   {median / whole:5.2f} of importing TensorFlow")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        main(Path(sys.argv[1]) if sys.argv[1:] else save_classifier(Path(temporary)), Path(temporary))
