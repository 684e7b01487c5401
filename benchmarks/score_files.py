"""`kerasbert score` on files of any size: memory, overhead, kills, and two processes.

    python benchmarks/score_files.py memory                     peak memory, 1 to 10 million short lines
    python benchmarks/score_files.py overhead MODEL TEXTS.txt   time beside plain prediction of the same texts in memory
    python benchmarks/score_files.py kills [--kills 20]         a run that is killed at random moments, byte by byte
    python benchmarks/score_files.py skip                       how long rows take that another process answers
    python benchmarks/score_files.py processes                  two processes on one folder, byte by byte

`memory`, `kills` and `processes` take a toy classifier of one block (hidden size 16) with random weights, so that reading, writing and
book-keeping are most of the work. The command runs in processes of its own.
"""

import argparse
import filecmp
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

WORDS = "the my a card parcel refund lost late good bad please thanks where is when fee money back now account".split()
COMMAND = [sys.executable, "-c", "import kerasbert_command; kerasbert_command.run()", "score"]


def write_toy(folder: Path) -> Path:
    """Write a toy classifier."""
    import kerasbert as kb

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    config = kb.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=40,
    )
    kb.TFBertModel(config).save_pretrained(folder / "encoder")
    (folder / "encoder" / "vocab.txt").write_text("\n".join(vocabulary) + "\n")
    (folder / "encoder" / "tokenizer_config.json").write_text('{"tokenizer_class": "BertTokenizer"}')
    classifier = kb.TextClassifier("multiclass", encoder=folder / "encoder", epochs=1, max_length=32, verbose=False)
    classifier.fit(["good", "bad", "late"] * 4, ["a", "b", "c"] * 4).save(folder / "model")
    return folder / "model"


def write_lines(file: Path, count: int) -> Path:
    """Write short lines, each an object of an id and a text of 3 to 9 words."""
    chosen = random.Random(0)
    with file.open("w") as stream:
        for number in range(count):
            text = " ".join(chosen.choices(WORDS, k=chosen.randint(3, 9)))
            stream.write(json.dumps({"id": number, "text": text}) + "\n")
    return file


def start(model: Path, file: Path, output: Path, *options: str) -> "subprocess.Popen[bytes]":
    """Start the command."""
    given = [*map(str, (model, file)), "--output", str(output), "--keep", "id", "--quiet", *options]
    return subprocess.Popen([*COMMAND, *given], stderr=subprocess.DEVNULL)


def check(code: int) -> None:
    """Stop where the command failed."""
    if code:
        raise SystemExit(f"kerasbert score ended with {code}")


def same_bytes(one: Path, other: Path) -> bool:
    """Whether two folders hold the same files, byte by byte; names those that differ."""
    names = {file.name for folder in (one, other) for file in folder.iterdir()}
    both = {name for name in names if (one / name).is_file() and (other / name).is_file()}
    differ = sorted(
        name for name in names if name not in both or not filecmp.cmp(one / name, other / name, shallow=False)
    )
    if differ:
        print(f"different: {', '.join(differ[:9])}")
    return not differ


def memory(folder: Path, arguments: argparse.Namespace) -> None:
    """Print the peak memory of the command whenever another tenth of the lines is written."""
    model, file = write_toy(folder), write_lines(folder / "lines.jsonl", arguments.lines)
    step, peaks, begun = arguments.lines // 10, [0.0], time.monotonic()
    process = start(model, file, folder / "out", "--rows-per-shard", "50000")
    while process.poll() is None:
        peak = peak_of(process.pid) or peaks[-1]
        lines = 50_000 * shards_in(folder / "out")
        if lines >= step * len(peaks):
            peaks.append(peak)
            rate = lines / (time.monotonic() - begun)
            print(f"{lines:>10,} lines: peak {peak:,.0f} MB, {rate:,.0f} lines/s", flush=True)
        time.sleep(0.1)
    check(process.returncode)
    print(f"{peaks[-1] - peaks[1]:+,.0f} MB from the first tenth to the last")


def peak_of(process: int) -> float:
    """The most memory that a process has held, in MB; 0 where it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    found = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0].split()[1]) * 1024 / 1e6 if found else 0.0


def overhead(folder: Path, arguments: argparse.Namespace) -> None:
    """Print the processor time of `score_files` beside that of `predict_with_proba` on the same texts, in turns."""
    import kerasbert as kb

    texts = arguments.texts.read_text(encoding="utf-8").splitlines()
    texts = [texts[place % len(texts)] for place in range(arguments.lines)]
    file = folder / "texts.jsonl"
    file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    predictor = kb.Predictor(arguments.model)
    predictor.trained.predict_with_proba(texts[:500])
    ratios = []
    for turn in range(arguments.turns):
        plain = timed(lambda: predictor.trained.predict_with_proba(texts))
        output = folder / f"out{turn}"
        scored = timed(lambda: predictor.score_files(file, output, top=arguments.top))  # noqa: B023  called at once
        ratios.append(scored[1] / plain[1])
        print(
            f"{len(texts):,} texts: plain {plain[0]:.1f} s ({plain[1]:.1f} s of the processor), score {scored[0]:.1f} s "
            f"({scored[1]:.1f} s), {ratios[-1] - 1:+.1%}",
            flush=True,
        )
    print(f"median overhead in processor time: {statistics.median(ratios) - 1:+.1%}")


def timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of the processor, that work takes."""
    begun = time.monotonic(), time.process_time()
    work()
    return time.monotonic() - begun[0], time.process_time() - begun[1]


def kills(folder: Path, arguments: argparse.Namespace) -> None:
    """Kill a run at random moments, most of them while it works, and compare its folder with that of an undisturbed one."""
    model, file = write_toy(folder), write_lines(folder / "lines.jsonl", arguments.lines)
    options = ("--rows-per-shard", str(arguments.rows_per_shard))
    check(start(model, file, folder / "whole", *options).wait())
    moments, done = random.Random(1), 0
    while done < arguments.kills:
        before = shards_in(folder / "killed")
        process = start(model, file, folder / "killed", *options)
        # Every fourth one dies anywhere, perhaps before it has begun.
        while done % 4 and shards_in(folder / "killed") == before and process.poll() is None:
            time.sleep(0.01)
        time.sleep(moments.uniform(0, 0.5 if done % 4 else 6))
        if process.poll() is not None:
            # It was at its end: all is made anew.
            shutil.rmtree(folder / "killed")
            continue
        process.kill()
        process.wait()
        done += 1
        print(f"kill {done}: {before} -> {shards_in(folder / 'killed')} shards are whole", flush=True)
    check(start(model, file, folder / "killed", *options).wait())
    print(f"{done} kills, byte-equal: {same_bytes(folder / 'whole', folder / 'killed')}")


def shards_in(folder: Path) -> int:
    """How many shards are in their places."""
    return len(list(folder.glob("predictions-*")))


def processes(folder: Path, arguments: argparse.Namespace) -> None:
    """Let two processes fill one folder, and compare it with that of one."""
    model, file = write_toy(folder), write_lines(folder / "lines.jsonl", arguments.lines)
    options = ("--rows-per-shard", str(arguments.rows_per_shard))
    for name, count in (("one", 1), ("two", 2)):
        begun = time.monotonic()
        for process in [start(model, file, folder / name, *options) for _ in range(count)]:
            check(process.wait())
        print(f"{name}: {time.monotonic() - begun:.1f} s", flush=True)
    print(f"byte-equal: {same_bytes(folder / 'one', folder / 'two')}")


def skip(folder: Path, arguments: argparse.Namespace) -> None:
    """Print how long it takes to pass over the rows of a file of each format."""
    import pandas

    from kerasbert.reading.row_stream import RowStream
    from kerasbert.reading.sources import find_sources

    write_lines(folder / "lines.jsonl", arguments.lines)
    frame = pandas.read_json(folder / "lines.jsonl", lines=True)
    frame.to_csv(folder / "lines.csv", index=False)
    frame.to_parquet(folder / "lines.parquet", row_group_size=50_000)
    for file in find_sources(str(folder / "lines.*")):
        stream = RowStream(file, ["text", "id"], "text")
        begun = time.monotonic()
        passed = stream.skip(arguments.lines - 1)
        next(stream)
        print(f"{file.suffix}: {passed:,} rows in {time.monotonic() - begun:.2f} s")


MEASURES = {
    "memory": (memory, 10_000_000),
    "overhead": (overhead, 20_000),
    "kills": (kills, 200_000),
    "processes": (processes, 1_000_000),
    "skip": (skip, 1_000_000),
}


def main() -> None:
    """Run one measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measure", choices=MEASURES)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("texts", nargs="?", type=Path)
    parser.add_argument("--lines", type=int)
    parser.add_argument("--rows-per-shard", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--top", type=int)
    arguments = parser.parse_args()
    run, lines = MEASURES[arguments.measure]
    arguments.lines = arguments.lines or lines
    with tempfile.TemporaryDirectory(prefix="kerasbert-score-") as folder:
        run(Path(folder), arguments)


if __name__ == "__main__":
    main()
