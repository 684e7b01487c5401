"""What the commands share that read data of any size: token caches, and when they are made."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import typer

from kerasbert._core.progress import progress_bar
from kerasbert.batches.prepare_tokens import prepare_tokens
from kerasbert.batches.token_cache import TokenCache, is_cache, open_cache
from kerasbert.cli.options import Task, say
from kerasbert.reading.sources import COMPRESSED, find_sources, is_pattern

# From here on data is streamed without being asked.
LARGE = 500_000_000


def is_stream(data: Sequence[str]) -> bool:
    """Whether data is read as a stream without being asked: a token cache, a pattern, several files, or large ones."""
    if len(data) > 1 or is_pattern(data[0]) or is_cache(data[0]):
        return True
    path = Path(data[0])
    return path.suffix in (COMPRESSED, ".tfrecord", ".tfrecords") or (path.is_file() and path.stat().st_size > LARGE)


def open_or_make_cache(data: Sequence[str], folder: Path, options: dict[str, Any], *, quiet: bool) -> TokenCache:
    """Open a token cache, making it from files if needed.

    Args:
        data: a token cache, or paths and patterns.
        folder: where the cache of files is made; one of other content is replaced.
        options: of `prepare_tokens`.
        quiet: whether no progress is shown.

    Returns:
        The cache.
    """
    if len(data) == 1 and is_cache(data[0]):
        cache = open_cache(data[0])
        cache.check_sources()
        say(f"{data[0]}: {cache.describe()}")
        return cache
    return make_cache(data, folder, {**options, "overwrite": True}, quiet=quiet)


def make_cache(data: Sequence[str], folder: Path, options: dict[str, Any], *, quiet: bool) -> TokenCache:
    """Make the token cache of some files, or take the one that is there, and say which.

    Args:
        data: paths and patterns.
        folder: where.
        options: of `prepare_tokens`.
        quiet: whether no progress is shown.

    Returns:
        The cache.
    """
    was_there = is_cache(folder)
    size = sum(file.size for file in find_sources(list(data)))
    with progress_bar("preparing tokens (bytes)", size, shown=not quiet) as advance:
        done = [0]

        def step(now: int, total: int) -> None:
            advance(now - done[0])
            done[0] = now

        cache = prepare_tokens(list(data), folder, **options, progress=step)
    if cache.reused:
        say(f"Nothing changed: the tokens in {folder} are used again. {cache.describe()}")
    else:
        again = " again, because the data or its reading changed" if was_there else ""
        say(f"Tokens prepared in {folder}{again}: {cache.describe()}")
    return cache


def reading_of(cache: TokenCache, several: bool) -> dict[str, Any]:
    """How the rows of a cache were read, as saved classifiers keep it to read further data.

    Args:
        cache: a token cache.
        several: whether there are several heads.

    Returns:
        What takes the place of what the command line said.
    """
    first = next(iter(cache.heads.values()))
    columns = label_columns(cache) if several else list(first.columns)
    own: dict[str, Any] = {"columns": columns, "label_delimiter": label_delimiter(cache)}
    if cache.hierarchy is not None:
        own["heads"] = {level: head.columns[0] for level, head in cache.heads.items()}
    return {**own, "text": cache.facts["text"], "text_pair": cache.facts["text_pair"]}


def label_columns(cache: TokenCache) -> list[str]:
    """The label columns of all heads of a cache, each once."""
    return list(dict.fromkeys(column for head in cache.heads.values() for column in head.columns))


def label_delimiter(cache: TokenCache) -> str | None:
    """The delimiter that splits the label cells of a cache; None where no head has one."""
    return next((head.delimiter for head in cache.heads.values() if head.delimiter), None)


def parse_augmentation_option(augment: str | None) -> dict[str, float] | None:
    """Read `--augment mask=0.1,drop=0.05,swap=0.05`.

    Raises:
        typer.BadParameter: when it is malformed.
    """
    if augment is None:
        return None
    try:
        return {name.strip(): float(rate) for name, rate in (part.split("=") for part in augment.split(","))}
    except ValueError:
        raise typer.BadParameter(f"--augment must be such as mask=0.1,drop=0.05,swap=0.05; got {augment!r}.") from None


def heads_of(task: Task, columns: Sequence[str], heads: dict[str, tuple[str, str]] | None) -> dict[str, Any]:
    """The arguments of `prepare_tokens` that say what is learned."""
    if heads is not None:
        return {"heads": heads}
    return {"task": task.value, "labels": list(columns)}
