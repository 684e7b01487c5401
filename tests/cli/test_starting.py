"""What needs no model is answered before TensorFlow and Keras are loaded."""

import json
import subprocess
import sys

import pytest

RUN = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
import kerasbert_command
from kerasbert.cli import main

for arguments in json.loads(sys.argv[1]):
    with redirect_stdout(io.StringIO()) as output, redirect_stderr(io.StringIO()) as messages:
        code = main(arguments)
    loaded = [name for name in ("tensorflow", "keras", "sklearn") if name in sys.modules]
    print(json.dumps([arguments, code, output.getvalue() + messages.getvalue(), loaded]))
"""


@pytest.fixture(scope="module")
def answers(tiny_folder, saved_classifier, tmp_path_factory):
    """Arguments -> exit code, what is printed, and which heavy packages are then loaded; all in one fresh process."""
    folder = tmp_path_factory.mktemp("starting")
    (folder / "bad.csv").write_text("text;label\na;b\n", encoding="utf-8")
    bad = [str(folder / "bad.csv"), "--task", "multiclass", "--output", str(folder / "out")]
    calls = {
        "help": ["--help"],
        "help of train": ["train", "--help"],
        "help of a group": ["subclasses", "discover", "--help"],
        "unknown option": ["train", "--epoch", "3"],
        "unknown command": ["trian"],
        "inspect": ["inspect", str(saved_classifier("binary"))],
        "inspect a checkpoint": ["inspect", str(tiny_folder), "--text", "good"],
        "unreadable data": ["train", *bad],
        "no classifier": ["evaluate", str(folder / "none"), str(folder / "bad.csv")],
        "wrong data": ["evaluate", str(saved_classifier("binary")), str(folder / "bad.csv")],
        "unreadable settings": ["train", *bad, "--config", str(folder / "none.toml")],
    }
    run = [sys.executable, "-c", RUN, json.dumps(list(calls.values()))]
    done = subprocess.run(run, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    return {name: json.loads(line)[1:] for name, line in zip(calls, lines, strict=True)}


CODES = {
    "help": 0,
    "help of train": 0,
    "help of a group": 0,
    "unknown option": 2,
    "unknown command": 2,
    "inspect": 0,
    "inspect a checkpoint": 0,
    "unreadable data": 1,
    "no classifier": 1,
    "wrong data": 1,
    "unreadable settings": 1,
}


@pytest.mark.parametrize(("name", "code"), CODES.items(), ids=CODES)
def test_nothing_heavy_is_loaded(name, code, answers):
    found, text, loaded = answers[name]
    assert (found, loaded) == (code, []), text


INTERRUPTED = """
import os, signal, sys

_, module, *arguments = sys.argv

class CtrlC:
    def find_spec(self, name, path=None, target=None):
        if name == module:
            os.kill(os.getpid(), signal.SIGINT)

# A shell that starts a process in the background lets it ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.meta_path.insert(0, CtrlC())
import kerasbert_command

sys.argv = ["kerasbert", *arguments]
kerasbert_command.run()
"""


@pytest.mark.parametrize("module", ["numpy", "tensorflow"])
def test_ctrl_c_in_the_first_seconds_is_quiet(module, tmp_path):
    (tmp_path / "data.csv").write_text("text,label\na,x\nb,y\n", encoding="utf-8")
    arguments = ["train", str(tmp_path / "data.csv"), "--task", "multiclass", "--output", str(tmp_path / "out")]
    done = subprocess.run([sys.executable, "-c", INTERRUPTED, module, *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (130, "") and done.stderr in ("", "Interrupted.\n")
