"""The test's side of `command_server.py`."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from safetensors.numpy import load_file

WORDS = ["good", "bad", "late", "lost", "refund", "please", "where", "parcel", "card", "thanks"]


class Server:
    """Starts the command, and tells how it ended."""

    def __init__(self):
        script = Path(__file__).with_name("command_server.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, arguments, output, **more):
        order = {"arguments": [str(one) for one in arguments], "output": str(output), **more}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self):
        return int(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def free_port():
    with socket.socket() as one:
        one.bind(("localhost", 0))
        return one.getsockname()[1]


def clusters():
    """`TF_CONFIG` of each of two workers."""
    workers = [f"localhost:{free_port()}" for _ in range(2)]
    return [
        {"TF_CONFIG": json.dumps({"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}})}
        for index in range(2)
    ]


class Training:
    """One command and what it leaves behind."""

    def __init__(self, server, data, encoder, folder, *more):
        self.server, self.folder = server, folder
        self.output, self.unfinished = folder / "model", folder / "model.unfinished"
        self.logs, self.said = folder / "logs", folder / "said.txt"
        self.arguments = [
            *("train", data, "--task", "multiclass", "--output", self.output, "--encoder", encoder),
            *("--epochs", "3", "--batch-size", "4", "--validation", data, "--learning-rate", "1e-3"),
            *("--checkpoint-every", "3", "--deterministic", "--log-dir", self.logs, *more),
        ]

    def run(self, *more, **options):
        self.server.start([*self.arguments, *more], self.said, **options)
        return self.server.end()

    def run_until(self, lines, number, pause=0.0):
        """Send a signal once so many batches are done, and say how the process ended."""
        before = self.done()
        child = self.server.start(self.arguments, self.said)
        # Of this run alone: a resumed one cuts the log back first.
        end = time.monotonic() + 60
        while not (self.done() >= lines and (lines > before or self.started())) and time.monotonic() < end:
            time.sleep(0.002)
        time.sleep(pause)
        try:
            os.kill(child, number)
        except ProcessLookupError:
            pass
        return self.server.end()

    def started(self):
        return "Going on" in self.text()

    def done(self):
        file = self.logs / "batches.csv"
        return max(len(file.read_text().splitlines()) - 1, 0) if file.is_file() else 0

    def text(self):
        return self.said.read_text() if self.said.is_file() else ""

    def weights(self):
        return load_file(self.output / "model.safetensors")

    def batches(self):
        return (self.logs / "batches.csv").read_text()
