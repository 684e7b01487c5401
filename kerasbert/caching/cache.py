"""`PredictionCache`: what models computed of texts, kept so that no text is computed twice."""

import atexit
import dataclasses
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self, final

import numpy as np

from kerasbert._core.checks import check_int, shorten
from kerasbert.caching.disk import DiskEntries
from kerasbert.caching.folder import CacheFolder
from kerasbert.caching.keys import text_keys
from kerasbert.caching.store import EntryStore
from kerasbert.tokenization.long_texts import WindowArrays
from kerasbert.tokenization.token_arrays import TokenArrays

LEAST_BYTES = 1_000_000
DEFAULT_BYTES = 1_000_000_000
DEFAULT_MEMORY_BYTES = 64_000_000
# New results are written when there are so many, or the last ones were written so long ago.
MOST_WAITING = 256
WAITING_SECONDS = 1.0
# What the end of the program closes.
_LIVING: "weakref.WeakSet[PredictionCache]" = weakref.WeakSet()

Tokens = TokenArrays | WindowArrays
Compute = Callable[[Any], np.ndarray]


class State(Protocol):
    """What a result follows from beside the tokens of a text: `ModelState`, or anything that knows when it changes."""

    @property
    def digest(self) -> bytes:
        """Stands for a model with its weights, as they are now or were when `unchanged` was asked last."""
        ...

    @property
    def notices_undone(self) -> bool:
        """Whether `unchanged` notices a change that was undone before it was asked."""
        ...

    def unchanged(self) -> bool:
        """Whether they are still those of the `digest`; where they are not, the next `digest` is another one."""
        ...


@dataclasses.dataclass
class Counts:
    """Texts by where their results came from."""

    memory: int = 0
    disk: int = 0
    repeated: int = 0
    computed: int = 0


@final
class PredictionCache:
    """Results of models by the tokens of texts, in memory and on disk: what was computed once is not computed again.

    It holds what a model gives before thresholds and calibration: probabilities, and vectors of hidden states. An entry belongs
    to the weights that it was computed with, to everything of the model that changes numbers (architecture, layers, pooling,
    precision), and to the token ids of the text or pair; so texts that are cut alike share one, and a model that was trained
    on, quantised or replaced, also in place, finds none of the others. Within one call, equal texts are computed once.

    Several processes can use a folder at once, and a process may be killed at any moment. A damaged entry is computed again,
    and a damaged file starts empty. Where the disk is full, locked or broken, answers come without it; a `KerasbertWarning`
    tells so once.

    A result equals a newly computed one up to rounding, about 1e-7: other texts in a batch make other sums.

    Args:
        folder: folder of the entries, made if it is missing; None keeps them in memory alone.
        max_bytes: bound on the file of the entries, >= 1,000,000; the least recently used leave.
        max_memory_bytes: bound on the entries in memory, >= 1,000,000.

    Raises:
        ArtifactError: when `folder` is a file, holds something else, is of a newer format, or cannot be made.
        ConfigError: when a bound is too low.
        TypeError: when a bound is no integer.

    Example:
        >>> classifier = kb.load("intents")  # doctest: +SKIP
        >>> with kb.PredictionCache("intents.cache") as cache:  # doctest: +SKIP
        ...     classifier.use_cache(cache).predict(["where is my card", "where is my card"])
        ...     cache.hit_rate
        0.5
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        max_bytes: int = DEFAULT_BYTES,
        max_memory_bytes: int = DEFAULT_MEMORY_BYTES,
    ) -> None:
        self.max_bytes = check_int("max_bytes", max_bytes, LEAST_BYTES)
        self.max_memory_bytes = check_int("max_memory_bytes", max_memory_bytes, LEAST_BYTES)
        disk = None if folder is None else DiskEntries(CacheFolder(folder), self.max_bytes)
        self.folder = None if disk is None else disk.folder.path
        self._store = EntryStore(disk, self.max_memory_bytes)
        self._counts = Counts()
        # Results that no look at the weights has confirmed yet.
        self._waiting: dict[State, dict[bytes, bytes]] = {}
        self._states: weakref.WeakSet[State] = weakref.WeakSet()
        self._written_at = time.monotonic()
        self._lock, self._process = threading.RLock(), os.getpid()
        _LIVING.add(self)

    @property
    def hit_rate(self) -> float:
        """Share of the texts so far, in [0, 1], whose result was known or is that of another text of the same call; 0 without texts."""
        statistics = self.statistics
        return 1 - statistics["computed"] / statistics["texts"] if statistics["texts"] else 0.0

    @property
    def statistics(self) -> Mapping[str, int]:
        """Counts since this object was made.

        `texts`; where their results came from: `memory`, `disk`, `repeated` (another text of the same call), `computed`;
        `damaged`: entries and files that were damaged.
        """
        counts = dataclasses.asdict(self._counts)
        damaged = 0 if self._store.disk is None else self._store.disk.num_damaged
        return {"texts": sum(counts.values()), **counts, "damaged": damaged}

    @property
    def num_entries(self) -> int:
        """How many results are on disk; in memory where there is no folder."""
        return self._measured()[0]

    @property
    def num_bytes(self) -> int:
        """Bytes of the entries on disk; in memory where there is no folder."""
        return self._measured()[1]

    def rows(self, state: State, kind: str, tokens: Tokens, compute: Compute, *, width: int) -> np.ndarray:
        """Return the results of texts: those that are known, and for all others what `compute` gives.

        Args:
            state: the model, a `kerasbert.caching.model_state.ModelState`.
            kind: what is computed with it, such as `"probabilities"`; everything that results follow from beside the model
                and the texts.
            tokens: n texts.
            compute: from m texts to float32 (m, width).
            width: numbers in a result, >= 1.

        Returns:
            Float32 (n, width), in the order of the texts.
        """
        with self._lock:
            self._leave_parent()
            keys, known = self._look_up(state, f"{kind} {width}".encode(), tokens)
            digest = state.digest
        first = {key: row for row, key in zip(range(len(keys) - 1, -1, -1), reversed(keys), strict=True)}
        missing = sorted((row, key) for key, row in first.items() if key not in known)
        rows = np.zeros((0, width), np.float32)
        if missing:
            is_all = len(missing) == len(keys)
            rows = np.asarray(compute(tokens if is_all else tokens.take([row for row, _ in missing])), np.float32)
        with self._lock:
            self._counts.computed += len(missing)
            self._counts.repeated += len(keys) - len(first)
            # What another thread has noticed of the weights since is no longer known of these results.
            if missing and state.digest == digest and np.isfinite(rows).all():
                self._keep(state, [key for _, key in missing], rows)
        if missing and is_all:
            return rows
        return _put_together(keys, known, {key: place for place, (_, key) in enumerate(missing)}, rows, width)

    def flush(self) -> None:
        """Write what is not on disk yet, and which entries were used."""
        with self._lock:
            self._confirm()
            self._store.flush()

    def clear(self) -> None:
        """Forget all results, in memory and on disk."""
        with self._lock:
            self._waiting.clear()
            self._store.clear()

    def close(self) -> None:
        """Write what is not on disk yet and close the file; a later use opens it again."""
        with self._lock:
            self._leave_parent()
            self._confirm()
            self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        place = "memory" if self.folder is None else repr(str(self.folder))
        return f"PredictionCache({place}, {self.statistics['texts']:,} texts, {self.hit_rate:.1%} of them known)"

    def __reduce__(self) -> tuple[Any, ...]:
        # Another process, and a copy, open the folder for themselves.
        return _reopened, (self.folder, self.max_bytes, self.max_memory_bytes)

    def _look_up(self, state: State, kind: bytes, tokens: Tokens) -> tuple[list[bytes], dict[bytes, bytes]]:
        """Return the keys of the texts, and the results that are known; no look at the weights where none is."""
        if state not in self._states:
            # It may be the same model in another object, which finds what is in the store.
            self._states.add(state)
            self._confirm()
        keys = text_keys(tokens, state.digest + kind)
        found = self._find(state, keys)
        if (any(found) or not state.notices_undone) and not state.unchanged():
            self._waiting.pop(state, None)
            keys = text_keys(tokens, state.digest + kind)
            found = self._find(state, keys)
        waiting, held, read = found
        self._counts.memory += len(waiting) + len(held)
        self._counts.disk += len(read)
        return keys, {**waiting, **held, **read}

    def _find(self, state: State, keys: Sequence[bytes]) -> tuple[dict[bytes, bytes], ...]:
        distinct = list(dict.fromkeys(keys))
        own = self._waiting.get(state)
        waiting = {key: own[key] for key in distinct if key in own} if own else {}
        return waiting, *self._store.get([key for key in distinct if key not in waiting] if waiting else distinct)

    def _keep(self, state: State, keys: Sequence[bytes], rows: np.ndarray) -> None:
        content, size = rows.astype("<f4", copy=False).tobytes(), 4 * rows.shape[1]
        new = {key: content[size * place : size * (place + 1)] for place, key in enumerate(keys)}
        self._waiting.setdefault(state, {}).update(new)
        is_due = not state.notices_undone or time.monotonic() - self._written_at > WAITING_SECONDS
        if is_due or sum(map(len, self._waiting.values())) >= MOST_WAITING:
            self._confirm()

    def _confirm(self) -> None:
        """Put those results into the store whose model has not changed since they were computed, and drop the others."""
        waiting, self._waiting = self._waiting, {}
        for state, results in waiting.items():
            if state.unchanged():
                self._store.put(results)
        self._written_at = time.monotonic()

    def _leave_parent(self) -> None:
        """In a process that was forked, open the disk anew: a connection is of no use there."""
        if self._process != os.getpid():
            self._lock, self._process, self._parent = threading.RLock(), os.getpid(), self._store
            disk = None if self._store.disk is None else self._store.disk.leave()
            self._store, self._waiting = EntryStore(disk, self.max_memory_bytes), {}

    def _measured(self) -> tuple[int, int]:
        self.flush()
        memory = self._store.memory
        return (len(memory), memory.num_bytes) if self._store.disk is None else self._store.disk.measure()


def check_cache(cache: Any) -> PredictionCache | None:
    """Return the argument `cache` if it is a cache or None."""
    if cache is not None and not isinstance(cache, PredictionCache):
        raise TypeError(
            f"`cache` must be a kerasbert.PredictionCache or None; got {shorten(cache)}. Write "
            f"kerasbert.PredictionCache(folder)."
        )
    return cache


def _put_together(
    keys: Sequence[bytes], known: Mapping[bytes, bytes], places: Mapping[bytes, int], rows: np.ndarray, width: int
) -> np.ndarray:
    """Return float32 (n, width): of each key what is known, or the row at its place."""
    result = np.empty((len(keys), width), np.float32)
    is_new = np.array([key in places for key in keys], bool)
    result[is_new] = rows[[places[key] for key in keys if key in places]]
    content = b"".join([known[key] for key in keys if key not in places])
    result[~is_new] = np.frombuffer(content, "<f4").reshape(-1, width)
    return result


def _reopened(folder: Any, max_bytes: int, max_memory_bytes: int) -> PredictionCache:
    return PredictionCache(folder, max_bytes=max_bytes, max_memory_bytes=max_memory_bytes)


@atexit.register
def _close_all() -> None:
    for cache in list(_LIVING):
        cache.close()
