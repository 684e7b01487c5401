"""Token caches of commands that read data of any size."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kerasbert._core.options import filled
from kerasbert._core.progress import progress_bar
from kerasbert.batches.prepare import prepare_tokens
from kerasbert.batches.token_cache import TokenCache, is_cache, open_cache
from kerasbert.cli.command_options import Settled
from kerasbert.cli.data import COLUMNS, Reading
from kerasbert.cli.options import say
from kerasbert.reading._files import COMPRESSED
from kerasbert.reading.formats import FORMATS, taken_in_words
from kerasbert.reading.read_options import READ_OPTIONS, ReadOptions
from kerasbert.reading.sources import find_sources, is_pattern, listing

# From here on data is streamed without being asked.
LARGE = 500_000_000


def is_stream(data: Sequence[str]) -> bool:
    """Whether data is read as a stream without being asked: a token cache, a pattern, several files, or large ones."""
    if len(data) > 1 or is_pattern(data[0]) or is_cache(data[0]):
        return True
    path = Path(data[0])
    holds_tokens = path.suffix in FORMATS and FORMATS[path.suffix].has_token_ids
    return holds_tokens or path.suffix == COMPRESSED or (path.is_file() and path.stat().st_size > LARGE)


def open_or_make_cache(data: Sequence[str], folder: Path, options: dict[str, Any], *, quiet: bool) -> TokenCache:
    """Open a token cache, or make it from files by the options of `prepare_tokens`."""
    if len(data) == 1 and is_cache(data[0]):
        cache = open_cache(data[0])
        cache.check_sources()
        say(f"{data[0]}: {cache.describe()}")
        return cache
    return make_cache(data, folder, {**options, "overwrite": True}, quiet=quiet)


def make_cache(data: Sequence[str], folder: Path, options: dict[str, Any], *, quiet: bool) -> TokenCache:
    """Make the token cache of files by the options of `prepare_tokens`, or reuse the one that is there; say which."""
    was_there = is_cache(folder)
    files = find_sources(list(data), filled(ReadOptions, None, options))
    for words in dict.fromkeys(taken_in_words(file) for file in files):
        if words:
            say(f"{listing([file.path for file in files if taken_in_words(file) == words])}: read {words}.")
    size = sum(file.size for file in files)
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


def preparing(reading: Reading, settled: Settled) -> dict[str, Any]:
    """Return the arguments of `prepare_tokens` that say what is read and learned."""
    heads = settled.heads
    learned = {"heads": heads} if heads else {"task": settled.task, "label_columns": list(reading.label_columns)}
    rows = {name: settled.values[name] for name in ("on_error", *READ_OPTIONS)}
    return {**learned, **rows, **{name: getattr(reading, name) for name in COLUMNS}}
