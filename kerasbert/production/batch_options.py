"""How an engine of pipelines makes batches: by number of texts, by weight, or by length."""

from collections.abc import Callable, Sequence
from typing import Any

from kerasbert._core.checks import check_int, check_number, shorten
from kerasbert._core.errors import ConfigError

# A batch is sorted by length and cut to a token budget again, where the model runs: so it may well be large.
MIN_BATCH_SIZE = 2048
MAX_BATCH_SIZE = 8192


def batch_options(
    length: Callable[[Any], int],
    *,
    min_batch_size: int | None = None,
    max_batch_size: int | None = None,
    max_batch_weight: int | None = None,
    max_batch_duration_secs: float | None = None,
    batch_bucket_boundaries: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Check options of batches, and return those of Beam's `ModelHandler` that do what they say.

    Args:
        length: the characters of an element.
        min_batch_size: fewest texts, where there are as many.
        max_batch_size: most texts.
        max_batch_weight: most characters; a longer text is a batch of its own.
        max_batch_duration_secs: seconds that a stream waits for a batch to fill.
        batch_bucket_boundaries: characters, ascending, at which lengths part into batches of their own.

    Raises:
        ConfigError: when an option is out of its range, or cannot be followed beside another.
    """
    if max_batch_weight is not None:
        for name, value in (
            ("min_batch_size", min_batch_size),
            ("max_batch_size", max_batch_size),
            ("max_batch_duration_secs", max_batch_duration_secs),
        ):
            if value is not None:
                raise ConfigError(
                    f"`max_batch_weight` goes without `{name}`: a batch is bounded by its characters or by its texts, and "
                    f"what waits for a batch counts texts; got {shorten(max_batch_weight)} and {shorten(value)}. Leave one out."
                )
        weight = check_int("max_batch_weight", max_batch_weight, 1)
        # Of an element size both bounds count, so that every batch is filled up to the weight.
        sizes = {"min_batch_size": weight, "max_batch_size": weight, "element_size_fn": length}
    else:
        largest = MAX_BATCH_SIZE if max_batch_size is None else check_int("max_batch_size", max_batch_size, 1)
        smallest = (
            min(MIN_BATCH_SIZE, largest) if min_batch_size is None else check_int("min_batch_size", min_batch_size, 1)
        )
        if smallest > largest:
            raise ConfigError(f"`min_batch_size` must be at most `max_batch_size`; got {smallest} and {largest}.")
        sizes = {"min_batch_size": smallest, "max_batch_size": largest}
    if max_batch_duration_secs is not None:
        check_number("max_batch_duration_secs", max_batch_duration_secs, 0, open_minimum=True)
        sizes["max_batch_duration_secs"] = max_batch_duration_secs
    return {**sizes, **_buckets(length, batch_bucket_boundaries, max_batch_duration_secs)}


def _buckets(
    length: Callable[[Any], int], boundaries: Sequence[int] | None, max_batch_duration_secs: float | None
) -> dict[str, Any]:
    if boundaries is None:
        return {}
    if max_batch_duration_secs is None:
        raise ConfigError(
            "`batch_bucket_boundaries` goes with `max_batch_duration_secs`, the seconds that a stream waits for batches of "
            "each length; without it a batch is sorted by length where the model runs. Leave it out, or give both."
        )
    found = [check_int("batch_bucket_boundaries", one, 1) for one in boundaries]
    if not found or found != sorted(set(found)):
        raise ConfigError(
            f"`batch_bucket_boundaries` must be ascending numbers of characters such as [100, 400]; got {shorten(boundaries)}."
        )
    return {"batch_length_fn": length, "batch_bucket_boundaries": found}


def text_length(element: Any) -> int:
    """The characters of a text, or of a text with its key: `(key, text)`."""
    text = element[-1] if isinstance(element, tuple) else element
    return len(text) if isinstance(text, str) else 1


def pair_length(element: Any) -> int:
    """The characters of a pair of texts, or of a pair with its key: `(key, (text, text))`."""
    pair = element[-1] if isinstance(element, tuple) and isinstance(element[-1], tuple) else element
    return sum(len(text) for text in pair if isinstance(text, str)) if isinstance(pair, tuple) else 1
