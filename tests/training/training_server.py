"""The test's side of `command_server.py`."""

import json
import subprocess
import sys
from pathlib import Path


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
