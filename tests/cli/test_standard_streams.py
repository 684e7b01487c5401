import json
import os
import subprocess
import sys

import pytest

from kerasbert import cli
from kerasbert.cli.options import say
from kerasbert.cli.standard_streams import printable


@pytest.fixture(scope="module")
def model(saved_classifier):
    return saved_classifier("multiclass")


def in_shell(redirections, *arguments):
    """Run the command in a shell, with redirections; gives the exit code and what it said on standard error."""
    run = [sys.executable, "-c", "from kerasbert_command import run; run()", *map(str, arguments)]
    line = " ".join(f"'{word}'" for word in run) + f" {redirections}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=200)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.long
def test_a_closed_standard_output_loses_no_result(model):
    code, _, said = in_shell(">&-", "predict", model, "good")
    assert code == 1 and said.splitlines()[-1].startswith("Error: Standard output is closed; send it to a file")


@pytest.mark.long
def test_a_full_standard_output_is_told(model):
    code, _, said = in_shell("> /dev/full", "predict", model, "good")
    assert code == 1 and "Standard output cannot be written (No space left on device)" in said
    assert "Exception ignored" not in said and "Traceback" not in said


@pytest.mark.long
def test_a_pipe_that_nobody_reads_is_no_traceback(model):
    _, _, said = in_shell("| true", "inspect", model)
    assert "Traceback" not in said and "Exception ignored" not in said


@pytest.mark.long
def test_a_closed_standard_error_changes_no_result(model):
    code, out, _ = in_shell("2>&-", "predict", model, "good", "--format", "json")
    assert code == 0 and json.loads(out)["text"] == "good"


@pytest.mark.long
def test_a_file_never_takes_the_number_of_a_closed_stream(model, tmp_path):
    code, _, _ = in_shell("<&- >&- 2>&-", "explain", model, "good", "--steps", "4", "--output", tmp_path / "out")
    # What is printed at the end is refused; the folder is whole all the same.
    assert code == 1
    assert "good" in (tmp_path / "out" / "explanation.html").read_text()
    assert json.loads((tmp_path / "out" / "explanation.json").read_text())["label"] in ("x", "y", "z")


def test_none_as_a_stream_is_no_error_in_process(model, monkeypatch):
    monkeypatch.setattr(sys, "stderr", None)
    assert cli.main(["predict", "no/such/model", "good"]) == 1
    assert sys.stderr is None


def test_a_full_standard_error_is_no_matter(monkeypatch):
    with open("/dev/full", "w") as full:
        monkeypatch.setattr(sys, "stderr", full)
        say("a message")
        monkeypatch.undo()
        os.dup2(os.open(os.devnull, os.O_WRONLY), full.fileno())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", r"a\x1b[31mb"),
        ("a\nb", r"a\nb"),
        ("\u202eabc", r"\u202eabc"),
        ("\udcff", r"\udcff"),
        ("é猫", "é猫"),
    ],
    ids=["escape", "line", "direction", "half a character", "letters"],
)
def test_what_reaches_the_terminal(text, shown):
    assert printable(text) == shown
