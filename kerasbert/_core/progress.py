"""What people are told while they wait: messages and a bar on standard error."""

import contextlib
import importlib.util
import logging
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, TextIO

# Columns of a notebook's output, which rich cannot ask for.
NOTEBOOK_WIDTH = 100
LOGGER = logging.getLogger("kerasbert")
# The lines of `waiting` that are on the terminal.
_LINES: list[Any] = []


def announce(message: str, *, shown: object = True) -> None:
    """Tell people something: on standard error when `shown`, and always to the logger `kerasbert`."""
    LOGGER.info(message)
    if shown:
        print(message, file=sys.stderr)


def progress_console() -> Any:
    """Return a `rich.console.Console` on standard error.

    In a notebook without ipywidgets rich shows no bar and warns; there a bar is written as in a terminal, which notebooks
    show as well.
    """
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_jupyter or importlib.util.find_spec("ipywidgets") is not None:
        return console
    return Console(stderr=True, force_jupyter=False, force_terminal=True, width=NOTEBOOK_WIDTH)


@contextlib.contextmanager
def progress_bar(description: str, total: int | None, *, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """Show a progress bar; yield a function that takes the number of items done since the last call."""
    if not shown:
        yield lambda done: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    end_waiting()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=progress_console(), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.update(task, advance=done)


@contextlib.contextmanager
def rate_bar(description: str, *, shown: bool = True) -> Iterator[Callable[[int, float], None]]:
    """Show on a terminal a bar of work whose end is known as a share alone, with texts a second and the time left.

    Yields a function that takes the number of items done since the last call, and the share of all work that is done.
    """
    console = progress_console()
    if not shown or not console.is_terminal:
        yield lambda done, share: None
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    end_waiting()
    counted = TextColumn("{task.fields[items]:,} texts, {task.fields[rate]:,.0f} a second")
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), counted, TimeRemainingColumn())
    start, items = time.monotonic(), [0]
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(description, total=1.0, items=0, rate=0.0)

        def advance(done: int, share: float) -> None:
            items[0] += done
            rate = items[0] / max(time.monotonic() - start, 1e-9)
            bar.update(task, completed=share, items=items[0], rate=rate)

        yield advance


@contextlib.contextmanager
def waiting(description: str, stream: TextIO | None = None, *, shown: bool = True) -> Iterator[None]:
    """Context: a line moves on a terminal while something is done of which nothing is known but that it goes on.

    Args:
        description: what is done.
        stream: where the line is; None: standard error.
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    console = Console(file=stream or sys.stderr)
    if not shown or not console.is_terminal:
        yield
        return
    end_waiting()
    with Progress(*columns, console=console, transient=True) as line:
        line.add_task(description, total=None)
        _LINES.append(line)
        try:
            yield
        finally:
            _LINES.remove(line)


def end_waiting() -> None:
    """Take lines of `waiting` away, for a bar that tells more."""
    for line in _LINES:
        line.stop()
