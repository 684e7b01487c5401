"""A progress bar on standard error, for work that is counted in texts or steps."""

import contextlib
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress_bar(description: str, total: int | None, *, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """Show a bar while the work inside runs.

    Args:
        description: what is being done.
        total: how many pieces there are; None: not known.
        shown: False shows nothing.

    Yields:
        A function that takes how many more pieces are done.

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
