"""The cache of a command: opened before anything is loaded, and what it was worth told at the end."""

import contextlib
from collections.abc import Iterator

import typer

from kerasbert.caching.cache import PredictionCache
from kerasbert.caching.settings import CacheOptions
from kerasbert.cli.options import refuse_useless, say, with_output


@contextlib.contextmanager
def cached(context: typer.Context, options: CacheOptions, *, quiet: bool = False) -> Iterator[PredictionCache | None]:
    """Context: the cache that the options name, None where there is none; at its end the share of known texts is told.

    Raises:
        ArtifactError, ConfigError: as `PredictionCache`.
        typer.BadParameter: when there is a bound and no cache.
    """
    refuse_useless(context, with_output(("cache_bytes",), "--cache", options.cache))
    cache = options.open()
    if cache is None:
        yield None
        return
    with cache:
        yield cache
    statistics = cache.statistics
    if statistics["texts"] and not quiet:
        known = statistics["texts"] - statistics["computed"]
        say(f"Cache: {known:,} of {statistics['texts']:,} texts were known ({cache.hit_rate:.1%}).")
