"""Runs the command in processes of their own, forked from one that has TensorFlow imported already.

Reads lines of JSON: {"arguments": [...], "output": file, "limit": bytes or null, "setup": code or null}; answers each with
the process id, and then, when it ended, with its exit code (negative: the signal).
"""

import json
import os
import resource
import signal
import sys

import kerasbert.cli  # noqa: F401 - the import is what is shared


def run(order):
    os.setsid()
    with open(order["output"], "wb") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if order.get("limit"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["limit"], order["limit"]))
    os.environ.update(order.get("environment") or {})
    if order.get("setup"):
        exec(order["setup"], {})
    code = kerasbert.cli.main(order["arguments"])
    sys.stdout.flush()
    os._exit(code)


def serve():
    for line in sys.stdin:
        child = os.fork()
        if not child:
            try:
                run(json.loads(line))
            except BaseException:
                import traceback

                traceback.print_exc()
                os._exit(99)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
