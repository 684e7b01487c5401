import io
import re

from kerasbert._core import progress
from kerasbert._core.progress import progress_bar, waiting


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
