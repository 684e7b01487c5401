"""What people are told while they wait: messages and a bar on standard error."""

import contextlib
import logging
import sys
from collections.abc import Callable, Iterator
from typing import TextIO

LOGGER = logging.getLogger("kerasbert")


def announce(message: str, *, shown: object = True) -> None:
    """Tell people something: on standard error when `shown`, and always to the logger `kerasbert`."""
    LOGGER.info(message)
    if shown:
        print(message, file=sys.stderr)


@contextlib.contextmanager
def progress_bar(description: str, total: int | None, *, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """Show a progress bar; yield a function that takes the number of items done since the last call."""
    if not shown:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.update(task, advance=done)


@contextlib.contextmanager
def waiting(description: str, stream: TextIO | None = None) -> Iterator[None]:
    """Context: a line moves on a terminal while something is done of which nothing is known but that it goes on.

    Args:
        description: what is done.
        stream: where the line is; None: standard error.
    """
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream or sys.stderr), transient=True) as line:
        line.add_task(description, total=None)
        yield
