"""Options of caching, declared once."""

import dataclasses

from kerasbert.caching.cache import DEFAULT_BYTES, PredictionCache, check_cache


@dataclasses.dataclass(kw_only=True)
class CacheSettings:
    """Whether a text that was read before is read again.

    Args:
        cache: where the vectors of texts are kept, so that no text is read twice, see `PredictionCache`. None: nowhere.

    Example:
        >>> CacheSettings().cache is None
        True
    """

    cache: PredictionCache | None = None

    def checked(self) -> PredictionCache | None:
        """Return the cache.

        Raises:
            TypeError: when it is none.
        """
        return check_cache(self.cache)


@dataclasses.dataclass(kw_only=True)
class CacheOptions:
    """The cache of a command.

    Args:
        cache: folder in which results are kept, so that no text is computed twice, in this run or later ones. None: none.
        cache_bytes: bound on the entries in that folder, in bytes; the least recently used leave.

    Example:
        >>> CacheOptions().cache_bytes
        1000000000
    """

    cache: str | None = None
    cache_bytes: int = DEFAULT_BYTES

    def open(self) -> PredictionCache | None:
        """Open the cache; None where there is none.

        Raises:
            ArtifactError, ConfigError: as `PredictionCache`.
        """
        return None if self.cache is None else PredictionCache(self.cache, max_bytes=self.cache_bytes)
