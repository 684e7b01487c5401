"""The few lengths that batches are padded to."""

from collections.abc import Sequence

import numpy as np

from kerasbert._core.checks import check_int, shorten
from kerasbert._core.errors import ConfigError
from kerasbert.tokenization.token_arrays import TokenArrays

NUM_LENGTHS = 8
MULTIPLE = 4
# As `lengths`: each batch is padded to its own longest text.
LONGEST = "longest"


def choose_lengths(
    lengths: np.ndarray, max_length: int, *, num_lengths: int = NUM_LENGTHS, multiple: int = MULTIPLE
) -> tuple[int, ...]:
    """The few padded lengths that waste the fewest tokens on these texts.

    Exact, by dynamic programming over the histogram of lengths.

    Args:
        lengths: tokens of each text, (n,).
        max_length: the last padded length covers at least this.
        num_lengths: how many at most, >= 1.
        multiple: every padded length is a multiple of this, >= 1.

    Returns:
        Ascending lengths.

    Raises:
        ConfigError: when a number is out of its range.

    Example:
        >>> choose_lengths(np.array([4, 4, 12, 12, 40]), 40, num_lengths=3)
        (4, 12, 40)
    """
    counts = np.bincount(np.asarray(lengths, dtype=np.int64), minlength=max_length + 1)
    return lengths_of_counts(counts, num_lengths=num_lengths, multiple=multiple)


def lengths_of_counts(
    counts: np.ndarray, *, num_lengths: int = NUM_LENGTHS, multiple: int = MULTIPLE
) -> tuple[int, ...]:
    """As `choose_lengths`, from the counts of texts of 0, 1, 2, ... tokens, (longest + 1,)."""
    check_int("num_lengths", num_lengths, 1)
    check_int("multiple", multiple, 1)
    bins = -(-np.arange(len(counts)) // multiple)  # each length in multiples, rounded up
    binned = np.zeros(bins.max() + 1, dtype=np.int64)
    np.add.at(binned, bins, counts)
    candidates = np.append(np.flatnonzero(binned[:-1]), bins.max())
    below = np.cumsum(binned)  # texts of at most this length
    # cost[k, j]: tokens when the texts up to candidate j are padded to k + 1 lengths, the last of them candidate j.
    cost = np.full((num_lengths, len(candidates)), np.inf)
    came_from = np.zeros((num_lengths, len(candidates)), dtype=int)
    cost[0] = below[candidates] * candidates
    for k in range(1, num_lengths):
        for j in range(1, len(candidates)):
            options = cost[k - 1, :j] + (below[candidates[j]] - below[candidates[:j]]) * candidates[j]
            came_from[k, j] = int(options.argmin())
            cost[k, j] = options[came_from[k, j]]
    k, j = int(cost[:, -1].argmin()), len(candidates) - 1
    chosen = [candidates[j]]
    while k:
        k, j = k - 1, came_from[k, j]
        chosen.append(candidates[j])
    return tuple(int(value) * multiple for value in sorted(chosen))


def checked_lengths(lengths: Sequence[int] | str | None, token_arrays: TokenArrays) -> tuple[int, ...]:
    """The padded lengths that `make_batches` allows; see there."""
    longest = int(token_arrays.lengths.max()) if len(token_arrays) else 0
    if lengths is None:
        return _own_lengths(token_arrays, longest) if len(token_arrays) else ()
    if isinstance(lengths, str) and lengths == LONGEST:
        return tuple(range(1, longest + 1))
    if isinstance(lengths, (str, bytes)) or not isinstance(lengths, (Sequence, np.ndarray)):
        raise TypeError(
            f"`lengths` must be a list of integers or {LONGEST!r}; got {shorten(lengths)} of type {type(lengths).__name__}."
        )
    chosen = tuple(check_int(f"lengths[{index}]", length, 1) for index, length in enumerate(lengths))
    if list(chosen) != sorted(set(chosen)) or (chosen[-1] if chosen else 0) < longest:
        raise ConfigError(f"`lengths` must be ascending and reach the longest text, {longest} tokens; got {chosen}.")
    return chosen


def _own_lengths(token_arrays: TokenArrays, longest: int) -> tuple[int, ...]:
    chosen = choose_lengths(token_arrays.lengths, longest)
    # A multiple may overshoot `max_length`, and with it the encoder's table of positions.
    limit = chosen[-1] if token_arrays.max_length is None else token_arrays.max_length
    return tuple(sorted({min(length, limit) for length in chosen}))
