"""Bars on standard error, in a terminal and in a notebook."""

import importlib.util
import warnings

import rich.console

from kerasbert._core.progress import progress_bar, progress_console


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
