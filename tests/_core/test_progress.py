"""Bars on standard error, in a terminal and in a notebook."""

import importlib.util
import io
import re
import warnings

import rich.console

from kerasbert._core import progress
from kerasbert._core.progress import progress_bar, progress_console, rate_bar, waiting


def in_a_notebook(monkeypatch, *, widgets):
    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: True)
    found = importlib.util.find_spec
    spec = found("rich") if widgets else None
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec if name == "ipywidgets" else found(name))


def test_a_notebook_without_widgets_has_a_bar_and_no_warning(monkeypatch, capsys):
    in_a_notebook(monkeypatch, widgets=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with progress_bar("reading", 2) as done:
            done(2)
    assert "reading" in capsys.readouterr().err and not progress_console().is_jupyter


def test_a_notebook_with_widgets_has_those_of_rich(monkeypatch):
    in_a_notebook(monkeypatch, widgets=True)
    assert progress_console().is_jupyter


def test_a_terminal_is_left_alone():
    console = progress_console()
    assert not console.is_jupyter and console.stderr


def test_no_bar_where_none_is_wanted(capsys):
    with progress_bar("reading", 2, shown=False) as done:
        done(1)
    assert capsys.readouterr().err == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_line_moves_on_a_terminal_and_is_taken_away(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with waiting("loading [it]", stream):
        pass
    shown = re.sub(r"\x1b\[[\d;?]*\w", "", stream.getvalue())
    assert "loading [it] 0:00:00" in shown and stream.getvalue().endswith("\x1b[2K") and not progress._LINES


def test_nothing_is_written_to_a_pipe():
    stream = io.StringIO()
    with waiting("loading", stream), waiting("quiet", Terminal(), shown=False):
        pass
    assert stream.getvalue() == ""


def test_a_bar_takes_the_place_of_a_line(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    with waiting("loading", Terminal()):
        [line] = progress._LINES
        with progress_bar("reading", 3) as advance:
            advance(3)
            assert not line.live.is_started


def test_a_bar_of_a_share_tells_texts_and_rate_on_a_terminal_only(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("COLUMNS", "120")
    with rate_bar("scoring") as advance:
        advance(1200, 0.25)
        advance(300, 0.5)
    told = stream.getvalue()
    assert "scoring" in told and "1,500 texts" in told and "a second" in told and "50%" in told
    monkeypatch.setattr("sys.stderr", io.StringIO())
    with rate_bar("scoring") as advance:
        advance(1, 1.0)
    assert progress.sys.stderr.getvalue() == ""
