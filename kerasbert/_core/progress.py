"""A progress bar on standard error."""

import contextlib
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress_bar(description: str, total: int | None, *, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """Show a progress bar.

    Args:
        description: text in front of the bar.
        total: number of items; None if unknown.
        shown: False shows nothing.

    Yields:
        A function that takes the number of items done since the last call.

    Example:
        >>> with progress_bar("reading", 3, shown=False) as advance:
        ...     advance(3)
    """
    if not shown:
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.update(task, advance=done)
