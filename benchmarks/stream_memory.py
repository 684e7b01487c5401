"""Memory of preparing and training from a large file, above that of the same model trained on 1 MB.

    python benchmarks/stream_memory.py --gigabytes 5

The model is a very small BERT with the vocabulary of the default encoder, because what the data takes does not depend on
the model; `--encoder` names another. Writes the data to a temporary folder (twice its size is needed) and deletes it.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LABELS = ("billing", "delivery", "returns", "technical", "other")
RUN = """
import resource, sys
from kerasbert_command import run
try:
    run()
finally:
    print("PEAK", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""

SMALL = """
import sys, kerasbert as kb
sizes = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
tokens = kb.data.Tokenizer.from_pretrained("all-MiniLM-L6-v2")
kb.TFBertModel(kb.BertConfig(vocab_size=tokens.vocabulary_size, **sizes)).save_pretrained(sys.argv[1])
tokens.save(sys.argv[1])
"""


def main() -> None:
    """Write, measure, delete."""
    arguments = parse()
    folder = Path(tempfile.mkdtemp(prefix="stream-memory-", dir=arguments.folder))
    try:
        small, large = folder / "small.jsonl", folder / "large.jsonl"
        write_texts(small, 1_000_000)
        write_texts(large, int(arguments.gigabytes * 1e9))
        if arguments.encoder is None:
            arguments.encoder = folder / "encoder"
            subprocess.run([sys.executable, "-c", SMALL, arguments.encoder], check=True, stderr=subprocess.DEVNULL)
        print(f"{large.stat().st_size / 1e9:.2f} GB of texts", flush=True)
        base = measure("train on 1 MB, in memory", small, folder / "a", arguments)
        tokens = folder / "tokens"
        options = ["--output", tokens, "--encoder", arguments.encoder]
        prepared = command("prepare", ["prepare", large, "--task", "multiclass", "--quiet", *options])
        print(f"  the folder of tokens: {sum(f.stat().st_size for f in tokens.iterdir()) / 1e9:.2f} GB", flush=True)
        large.unlink()
        trained = measure(
            f"{arguments.steps} steps from it", tokens, folder / "b", arguments, "--max-steps", arguments.steps
        )
        print(f"above the model on 1 MB: prepare {prepared - base:+.0f} MB, training {trained - base:+.0f} MB")
    finally:
        shutil.rmtree(folder)


def parse() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=5.0)
    parser.add_argument("--steps", default="200")
    parser.add_argument("--encoder", default=None)
    parser.add_argument("--folder", default=None, help="where the data is written")
    return parser.parse_args()


def write_texts(path: Path, size: int) -> None:
    """Sentences of common and rare words, of 3 to 200 words, with one of five labels that a word of theirs tells."""
    chance = random.Random(0)
    words = [
        chance.choice(("ka", "ri", "mo", "the", "un", "sol")) * chance.randint(1, 2) + str(n % 97) for n in range(3000)
    ]
    block: list[str] = []
    for _ in range(20_000):
        label = chance.choice(LABELS)
        length = min(3 + int(chance.expovariate(1 / 40)), 200)
        text = " ".join([label, *chance.choices(words, k=length)])
        block.append(f'{{"text": "{text} {{number}}", "label": "{label}"}}\n')
    written = number = 0
    with open(path, "w", encoding="utf-8") as stream:
        while written < size:
            for line in block:
                filled = line.replace("{number}", str(number))
                written += stream.write(filled)
                number += 1
                if written >= size:
                    return


def measure(name: str, data: Path, output: Path, arguments: argparse.Namespace, *more: str) -> float:
    """Peak memory of a training in MB."""
    options = ["--output", output, "--encoder", arguments.encoder, "--epochs", "1", "--quiet", *more]
    return command(name, ["train", data, "--task", "multiclass", *options])


def command(name: str, options: list) -> float:
    """Run the command in a process of its own; its peak memory in MB."""
    start = time.perf_counter()
    process = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, options)], stderr=subprocess.PIPE, text=True, env=os.environ
    )
    lines = process.stderr.splitlines()
    if process.returncode:
        sys.exit("\n".join(lines[-5:]))
    peak = int(next(line for line in lines if line.startswith("PEAK")).split()[1]) / 1024
    said = [line for line in lines if not line.startswith("PEAK")]
    print(f"{name}: peak {peak:.0f} MB, {time.perf_counter() - start:.0f} s; {' '.join(said)[:300]}", flush=True)
    return peak


if __name__ == "__main__":
    main()
