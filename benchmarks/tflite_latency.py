"""Latency of TFLite files of one length, in turns on one thread: tflite_latency.py FOLDER...

FOLDER is what `kerasbert export --format tflite` wrote. Prints for each file its size, the half and 95 % of its latencies,
and their ratio to the first file's. What a text says does not matter: a file of a fixed length computes all of its tokens.
"""

import sys
import time
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

ROUNDS = 200
WARM_UP = 10


class Timed:
    """A file that notes how long each answer takes.

    Args:
        folder: what an export wrote.
    """

    def __init__(self, folder):
        self.file, self.seconds = Path(folder) / "model.tflite", []
        self.interpreter = Interpreter(model_path=str(self.file), num_threads=1)
        self.interpreter.allocate_tensors()
        self.ask = self.interpreter.get_signature_runner()
        ids = np.random.default_rng(0).integers(1000, 20_000, self.interpreter.get_input_details()[0]["shape"])
        self.inputs = {"ids": ids.astype("int32"), "mask": np.ones_like(ids, "int32")}
        self.inputs["segment_ids"] = np.zeros_like(ids, "int32")

    def answer(self):
        """Time one answer."""
        start = time.perf_counter()
        self.ask(**self.inputs)
        self.seconds.append(time.perf_counter() - start)

    def percentiles(self):
        """Milliseconds that half and 95 % of the answers take."""
        return np.percentile(self.seconds[WARM_UP:], [50, 95]) * 1000


def main(*folders):
    """Time all files in turns and print a line for each."""
    files = [Timed(folder) for folder in folders]
    for _ in range(WARM_UP + ROUNDS):
        for file in files:
            file.answer()
    first = files[0].percentiles()[0]
    for file in files:
        half, most = file.percentiles()
        megabytes = file.file.stat().st_size / 1e6
        print(f"{file.file}: {megabytes:.1f} MB, {half:.1f} ms, 95 % {most:.1f} ms, ratio {half / first:.2f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
