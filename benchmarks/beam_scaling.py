"""How long a pipeline of Beam takes on one worker process and on two, and that its rows equal `predict_proba`.

    python benchmarks/beam_scaling.py DIR TEXTS.jsonl [--num-texts 40000] [--workers 1 2]

Prints texts a second of the whole pipeline, with the start of its workers, and while they predict, and the seconds of all
cores that it took: where these grow with the workers, they are in each other's way.
"""

import argparse
import itertools
import json
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
import numpy as np
from apache_beam.metrics import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions

import kerasbert as kb
from kerasbert.beam import ClassifierHandler, PredictFiles


class Run(NamedTuple):
    """Seconds of a whole pipeline, those of all cores, and texts a second of a worker while it predicts."""

    seconds: float
    core_seconds: float
    rate: float


def run(model: str, files: Path, output: Path, workers: int) -> Run:
    """Predict the files."""
    begin, before = time.perf_counter(), core_seconds()
    options = PipelineOptions(
        ["--runner=FnApiRunner", f"--direct_num_workers={workers}", "--direct_running_mode=multi_processing"]
    )
    handler = ClassifierHandler(model, num_threads=1)
    with beam.Pipeline(options=options) as pipeline:
        _ = pipeline | PredictFiles(handler, files, output)
    return Run(time.perf_counter() - begin, core_seconds() - before, rate_of(pipeline.result))


def rate_of(result: Any) -> float:
    """Texts a second of a worker, by the counters of RunInference, which leave out its start."""
    found = result.metrics().query(MetricsFilter().with_namespace("kerasbert"))
    (texts,) = [one.committed for one in found["counters"] if one.key.metric.name == "num_inferences"]
    (latency,) = [
        one.committed for one in found["distributions"] if one.key.metric.name == "inference_batch_latency_micro_secs"
    ]
    return float(texts / latency.sum * 1e6)


def core_seconds() -> float:
    """Seconds of cores that this process and its ended children have taken."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def largest_difference(model: str, output: Path, num_texts: int) -> float:
    """The largest difference of a probability to `predict_proba`, over some of the rows."""
    lines = itertools.chain.from_iterable(file.open() for file in sorted(output.glob("predictions-*")))
    rows = [json.loads(line) for line in itertools.islice(lines, num_texts)]
    expected = kb.load(model).predict_proba([row["text"] for row in rows])
    found = np.array([list(row["scores"].values()) for row in rows])
    return float(np.abs(found - expected).max())


def main() -> None:
    """Measure each number of workers, in the order given."""
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("texts", help="a .jsonl file with the key `text`")
    parser.add_argument("--num-texts", type=int, default=40_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--compared", type=int, default=3000, help="rows that are compared with predict_proba")
    given = parser.parse_args()
    lines = [json.loads(line) for line in Path(given.texts).read_text().splitlines()]
    texts = [row["text"] for row in itertools.islice(itertools.cycle(lines), given.num_texts)]
    with tempfile.TemporaryDirectory() as parent:
        file = Path(parent) / "texts.jsonl"
        file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        print(f"{len(texts):,} texts, {os.cpu_count()} cores, one thread of TensorFlow a worker")
        runs: dict[int, Run] = {}
        for workers in given.workers:
            output = Path(parent) / f"of_{workers}"
            own = runs[workers] = run(given.model, file, output, workers)
            print(
                f"{workers} workers: {own.seconds:.1f} s, {len(texts) / own.seconds:,.0f} texts a second with their start, "
                f"{workers * own.rate:,.0f} while they predict; {own.core_seconds:.0f} s of cores",
                flush=True,
            )
        first = given.workers[0]
        for workers in given.workers[1:]:
            whole = runs[first].seconds / runs[workers].seconds
            predicting = workers * runs[workers].rate / (first * runs[first].rate)
            print(
                f"{workers} workers are {predicting:.2f} times as fast as {first}, {whole:.2f} times with their start"
            )
        print(f"largest difference to predict_proba: {largest_difference(given.model, output, given.compared):.1e}")


if __name__ == "__main__":
    main()
