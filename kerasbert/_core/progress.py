"""A progress bar on standard error."""

import contextlib
import importlib.util
from collections.abc import Callable, Iterator
from typing import Any

# Columns of a notebook's output, which rich cannot ask for.
NOTEBOOK_WIDTH = 100


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

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=progress_console(), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.update(task, advance=done)
