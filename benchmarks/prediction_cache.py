"""What a prediction cache is worth, what it costs, and what it survives.

    python benchmarks/prediction_cache.py requests SAVED_FOLDER banking77/train.jsonl
    python benchmarks/prediction_cache.py cost SAVED_FOLDER banking77/train.jsonl
    python benchmarks/prediction_cache.py kills --count 100
    python benchmarks/prediction_cache.py damage --count 100

`requests` asks a saved classifier 10,000 texts of which 80 % repeat, in one call, in calls of 100, and 1,000 one at a time,
without and with a cache on disk, in stretches that take turns. `cost` asks texts of which none repeats, 500 one at a time and
10,000 in calls of 500. Ratios are of processor time, which other programs disturb less than the clock. `kills` kills processes
that write to a cache, two at a time, at moments of chance; after each kill everything that is there is compared with what was
written. `damage` overwrites, cuts and empties the file at places of chance, and compares every answer.
"""

import argparse
import hashlib
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

REQUESTS, REPEATED, CALL = 10_000, 0.8, 100
SINGLE = 1_000
PAIR = 500
# Texts of `kills` and `damage`, and numbers in a result.
NUMBERS, WIDTH = 20_000, 77


def read(path: str) -> list[str]:
    """The different texts of a JSONL file, in an order of chance."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    texts = list(dict.fromkeys(json.loads(line)["text"] for line in lines))
    random.Random(0).shuffle(texts)
    return texts


def requests_of(texts: list[str], count: int) -> list[str]:
    """So many texts, of which 80 % are there before."""
    different = texts[: round(count * (1 - REPEATED))]
    drawn = random.Random(1)
    found = different + drawn.choices(different, k=count - len(different))
    drawn.shuffle(found)
    return found


def seconds(ask: Any, texts: list[str], call: int) -> float:
    """Processor time to ask texts, `call` of them at a time."""
    start = time.process_time()
    for place in range(0, len(texts), call):
        ask(texts[place : place + call])
    return time.process_time() - start


def in_turns(sides: list[Any], texts: list[str], call: int, stretch: int) -> list[list[float]]:
    """Processor times of both sides for each stretch of texts; the side that begins changes."""
    took: list[list[float]] = []
    for number, start in enumerate(range(0, len(texts), stretch)):
        part, found = texts[start : start + stretch], [0.0, 0.0]
        for side in (0, 1) if number % 2 else (1, 0):
            found[side] = seconds(sides[side].predict_proba, part, call)
        took.append(found)
    return took


def opened(folder: str, data: str) -> tuple[list[str], Any, Any]:
    """Texts, and a classifier twice, which have answered before."""
    import kerasbert as kb

    texts, plain, cached = read(data), kb.load(folder), kb.load(folder)
    for classifier in (plain, cached):
        classifier.predict_proba(texts[-256:])
        classifier.predict_proba(texts[-1:])
    return texts, plain, cached


def measure_requests(folder: str, data: str) -> None:
    """Print the worth of a cache where texts repeat, and its cost where none does."""
    import kerasbert as kb

    texts, plain, cached = opened(folder, data)
    for name, count, call in (
        ("in one call", REQUESTS, REQUESTS),
        ("calls of 100", REQUESTS, CALL),
        ("one at a time", SINGLE, 1),
    ):
        asked = requests_of(texts, count)
        with tempfile.TemporaryDirectory() as place, kb.PredictionCache(place) as cache:
            cached.use_cache(cache)
            took = in_turns([plain, cached], asked, call, max(call, count // 20))
            without, with_cache = (sum(part) for part in zip(*took, strict=True))
            print(
                f"{count:,} requests, {name}, {REPEATED:.0%} repeat: {without:.1f} s without, {with_cache:.1f} s with a cache, "
                f"{without / with_cache:.2f} times as fast; {cache.hit_rate:.1%} known"
            )
            known = seconds(cached.predict_proba, asked, call)
            print(
                f"    all known: {1000 * known / count:.3f} ms a text, {without / known:.1f} times as fast", flush=True
            )


def measure_cost(folder: str, data: str) -> None:
    """Print the ratio of times of calls with and without a cache, of texts that never repeat."""
    import kerasbert as kb

    texts, plain, cached = opened(folder, data)
    for call, count in ((1, SINGLE // 2), (PAIR, REQUESTS)):
        with tempfile.TemporaryDirectory() as place, kb.PredictionCache(place) as cache:
            cached.use_cache(cache)
            asked = texts[:count]
            took = in_turns([plain, cached], asked, call, PAIR if call > 1 else 25)
            ratios = [one / other for other, one in took]
            print(
                f"{len(asked):,} texts, calls of {call}, none repeats: {statistics.median(ratios):.4f} of the time without, median "
                f"of {len(ratios)} pairs; {cache.hit_rate:.1%} known; {cache.num_bytes / cache.num_entries:.0f} bytes an entry",
                flush=True,
            )


class Toy:
    """Stands for a model: the result of a text follows from its number."""

    digest = hashlib.sha256(b"toy").digest()
    notices_undone = True

    def unchanged(self) -> bool:
        """Always."""
        return True

    @staticmethod
    def compute(tokens: Any) -> np.ndarray:
        """Random numbers, seeded by each text."""
        numbers = tokens.input_ids[tokens.offsets[:-1] + 1]
        return np.stack([np.random.default_rng(number).random(WIDTH, np.float32) for number in numbers])

    def wrong(self, cache: Any, numbers: list[int]) -> int:
        """How many answers are not what they should be."""
        from kerasbert.tokenization.token_arrays import TokenArrays

        tokens = TokenArrays.from_lists([[2, number, 3] for number in numbers])
        given = cache.rows(self, "toy", tokens, self.compute, width=WIDTH)
        return int((given != self.compute(tokens)).any(axis=1).sum())


def open_cache(folder: str) -> Any:
    """Open a small cache, in which entries also leave, without loading Keras."""
    import kerasbert_command  # noqa: F401
    from kerasbert.caching.cache import PredictionCache

    return PredictionCache(folder, max_bytes=3_000_000, max_memory_bytes=1_000_000)


def write(folder: str, seed: int) -> None:
    """Write to a cache until the process is killed."""
    drawn, cache, toy = random.Random(seed), open_cache(folder), Toy()
    print("ready", flush=True)
    while True:
        assert not toy.wrong(cache, [drawn.randrange(NUMBERS) for _ in range(drawn.choice([1, 20, 700]))])


def measure_kills(count: int) -> None:
    """Kill two writers at moments of chance, again and again."""
    drawn, toy = random.Random(2), Toy()
    wrong = entries = damaged = known = 0
    with tempfile.TemporaryDirectory() as folder:
        writers = [start_writer(folder, seed) for seed in range(2)]
        for number in range(count):
            time.sleep(drawn.random() * 0.2)
            killed = number % 2
            writers[killed].kill()
            writers[killed].wait()
            with open_cache(folder) as cache:
                entries = cache.num_entries
                wrong += toy.wrong(cache, drawn.sample(range(NUMBERS), 300))
                known += cache.statistics["disk"]
                damaged += cache.statistics["damaged"]
            if writers[1 - killed].poll() is not None:
                raise SystemExit("The other writer ended: a wrong answer, or an error.")
            writers[killed] = start_writer(folder, number + 2)
        for writer in writers:
            writer.kill()
            writer.wait()
    print(
        f"{count} kills of 2 writers at once: {wrong} wrong answers, {damaged} damaged entries or files, {known:,} of "
        f"{300 * count:,} answers from disk, {entries:,} entries at the end"
    )


def start_writer(folder: str, seed: int) -> "subprocess.Popen[str]":
    """Start a process that writes, and wait until it does."""
    command = [sys.executable, __file__, "write", folder, str(seed)]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    writer.stdout.readline()
    return writer


def measure_damage(count: int) -> None:
    """Damage the file again and again, and compare every answer."""
    drawn, toy, wrong, damaged = random.Random(3), Toy(), 0, 0
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings(action="ignore"):
        for _ in range(count):
            with open_cache(folder) as cache:
                wrong += toy.wrong(cache, drawn.sample(range(3000), 1500))
                wrong += toy.wrong(cache, drawn.sample(range(3000), 1500))
                damaged += cache.statistics["damaged"]
            damage(drawn.choice(list(Path(folder).glob("entries-*.sqlite*"))), drawn)
    print(f"{count} damages of the file: {wrong} wrong answers, {damaged} damaged entries or files noticed")


def damage(file: Path, drawn: random.Random) -> None:
    """Overwrite up to 20,000 bytes, or cut a file."""
    content = bytearray(file.read_bytes())
    start = drawn.randrange(len(content) + 1)
    if drawn.random() < 0.25:
        del content[start:]
    else:
        length = drawn.choice([1, 100, 20_000])
        content[start : start + length] = drawn.randbytes(min(length, len(content) - start))
    file.write_bytes(bytes(content))


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("requests", "cost"):
        asked = commands.add_parser(name)
        asked.add_argument("folder")
        asked.add_argument("data")
    for name in ("kills", "damage"):
        commands.add_parser(name).add_argument("--count", type=int, default=100)
    writing = commands.add_parser("write")
    writing.add_argument("folder")
    writing.add_argument("seed", type=int)
    given = parser.parse_args()
    if given.command in ("requests", "cost"):
        (measure_requests if given.command == "requests" else measure_cost)(given.folder, given.data)
    elif given.command == "write":
        write(given.folder, given.seed)
    else:
        (measure_kills if given.command == "kills" else measure_damage)(given.count)


if __name__ == "__main__":
    main()
