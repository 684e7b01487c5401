"""The single comparisons of a window's profile with the reference's; `compare_profiles` puts them together."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from kerasbert.monitoring.combination import combined_p_value, holm
from kerasbert.monitoring.drift_check import Moved
from kerasbert.monitoring.effects import mean_effects, rank_effect, share_effects
from kerasbert.monitoring.permutation import rank_scores, score_p_values, share_p_values
from kerasbert.monitoring.profile import LENGTH_EDGES, PROBABILITY_EDGES, HeadProfile, Profile
from kerasbert.monitoring.vector_drift import vector_drift
from kerasbert.monitoring.vector_sample import VectorSample

# What a test weighs where p-values are put together. Labels are what most changes of the world move.
WEIGHTS: dict[str, float] = {
    "labels": 0.75,
    "scores": 0.05,
    "lengths": 0.03,
    "unknown": 0.01,
    "truncated": 0.01,
    "words": 0.05,
    "vectors": 0.07,
    "scope": 0.03,
    "accuracy": 0.2,
}
# Of a label's test: the mean of its probability sees most, the predictions see what thresholds make of it.
SCORE_WEIGHT, PREDICTED_WEIGHT = 0.8, 0.2
LEAST_SPREAD = 1e-6
# Middle of each bin of probabilities.
MIDDLES = np.concatenate([[0.0], (PROBABILITY_EDGES[1:] + PROBABILITY_EDGES[:-1]) / 2, [1.0]])
# Labels, words and other things that are named at most.
MOST_NAMED = 20
SIGNIFICANT = 0.05
FEWEST_VECTORS, MOST_VECTORS = 2, 1000
# Above this share of repeated texts, vectors of equal texts are compared as often as they come.
MOST_REPEATED = 0.1


class Counted(NamedTuple):
    """How many of some texts are of one kind."""

    hits: int
    size: int


class Compared(NamedTuple):
    """What one test finds; see `DriftTest`."""

    name: str
    head: str | None
    compared: str
    p_value: float
    effect_name: str
    effect: float
    interval: tuple[float, float] | None
    moved: Sequence[Moved]


def all_tests(
    reference: Profile, window: Profile, words: Callable[[int], str], unknown_id: int | None, seed: int
) -> Iterator[Compared]:
    """Iterate over all tests that the two profiles allow."""
    for name, head in window.heads.items():
        other = reference.heads[name]
        yield _labels(name, other, reference.num_rows, head, window.num_rows)
        yield _scores(name, other, head)
        if head.num_labelled and other.num_labelled:
            counted = [Counted(one.num_right, one.num_labelled) for one in (other, head)]
            yield _share("accuracy", "texts with known labels that are right", *counted)._replace(head=name)
    yield _lengths(reference.lengths, window.lengths)
    both = reference, window
    if unknown_id is not None:
        counted = [Counted(int(one.token_counts[unknown_id]), one.num_rows) for one in both]
        yield _share("unknown", "texts with an unknown word", *counted)
    counted = [Counted(one.num_truncated, one.num_rows) for one in both]
    yield _share("truncated", "texts that are not read to the end", *counted)
    yield _words(reference, window, words, unknown_id)
    vectors = _vectors(reference.sample, window.sample, seed)
    if vectors is not None:
        yield vectors
    if window.scope is not None and reference.scope is not None:
        yield _ranked("scope", "out-of-scope scores", reference.scope, window.scope)


def label_p_values(reference: HeadProfile, size: int, window: HeadProfile, window_size: int) -> np.ndarray:
    """The p-value of each unit: that its label is as frequent in the window as in the reference, (U,)."""
    units = len(window.probabilities)
    of_scores = score_p_values(reference.probabilities, window.probabilities, MIDDLES)
    of_predictions = share_p_values(reference.num_predicted[-units:], size, window.num_predicted[-units:], window_size)
    pairs = zip(of_scores, of_predictions, strict=True)
    return np.array([combined_p_value(pair, (SCORE_WEIGHT, PREDICTED_WEIGHT)) for pair in pairs])


def label_weights(reference: HeadProfile, window: HeadProfile) -> np.ndarray:
    """What each unit weighs among the labels: the spread of its probability, (U,).

    The more a probability differs between texts, the further its mean moves when the label's share doubles. That of a rare label hardly
    does, so that it need not be looked for at the cost of the others; a larger change of it still alarms.
    """
    pooled = reference.probabilities + window.probabilities
    total = pooled.sum(axis=1)
    means = pooled @ MIDDLES / total
    spreads = np.sqrt(np.maximum(pooled @ MIDDLES**2 / total - means**2, 0))
    return np.asarray(np.maximum(spreads, LEAST_SPREAD))


def _labels(name: str, reference: HeadProfile, size: int, window: HeadProfile, window_size: int) -> Compared:
    p_values = label_p_values(reference, size, window, window_size)
    units = len(p_values)
    columns = mean_effects(reference.probabilities, window.probabilities, MIDDLES)
    moved = _moved(window.label_names[-units:], columns, p_values)
    largest = int(np.argmin(p_values))
    effect, low, high = (float(column[largest]) for column in columns[2:])
    return Compared(
        "labels",
        name,
        f"how often each of {len(window.label_names):,} labels is predicted, and its mean probability",
        combined_p_value(p_values, label_weights(reference, window)),
        f"change of the mean probability of {window.label_names[-units:][largest]}",
        effect,
        (low, high),
        moved,
    )


def _scores(name: str, reference: HeadProfile, window: HeadProfile) -> Compared:
    """Whole distributions: the ranks of probabilities and of the confidence, and how far out they lie."""
    first = np.concatenate([reference.probabilities, reference.confidence[None]])
    second = np.concatenate([window.probabilities, window.confidence[None]])
    ranks = rank_scores(first + second)
    p_values = score_p_values(first, second, ranks)
    spread = score_p_values(first[-1:], second[-1:], np.abs(ranks[-1:]))
    delta, interval = rank_effect(reference.confidence, window.confidence)
    units = len(first) - 1
    means = [counts[:units] @ MIDDLES / counts[:units].sum(axis=1) for counts in (first, second)]
    deltas = [rank_effect(own, other) for own, other in zip(first[:units], second[:units], strict=True)]
    ends = np.array([interval for _, interval in deltas])
    columns = [*means, np.array([delta for delta, _ in deltas]), ends[:, 0], ends[:, 1]]
    moved = _moved(window.label_names[-units:], columns, holm(p_values)[:units], corrects=False)
    return Compared(
        "scores",
        name,
        "the ranks of each label's probability and of the confidence",
        combined_p_value([combined_p_value(p_values), float(spread[0])], (0.75, 0.25)),
        "Cliff's delta of the confidence",
        delta,
        interval,
        moved,
    )


def _lengths(reference: np.ndarray, window: np.ndarray) -> Compared:
    found = _ranked("lengths", "lengths in tokens", reference, window)
    if found.p_value > SIGNIFICANT:
        return found
    # Quartiles of the reference: which of them holds more of the window's texts than a quarter.
    ends = np.searchsorted(np.cumsum(reference), np.array([0.25, 0.5, 0.75, 1]) * reference.sum())
    quarters = np.unique(ends)
    starts = np.concatenate([[0], quarters[:-1] + 1])
    inside = [
        (int(counts[:start].sum()), int(counts[: end + 1].sum()))
        for counts in (reference, window)
        for start, end in zip(starts, quarters, strict=True)
    ]
    hits = np.array([high - low for low, high in inside]).reshape(2, -1)
    hits[1, -1] += int(window[quarters[-1] + 1 :].sum())
    columns = share_effects(hits[0], int(reference.sum()), hits[1], int(window.sum()))
    p_values = share_p_values(hits[0], int(reference.sum()), hits[1], int(window.sum()))
    names = [
        f"{LENGTH_EDGES[start]:,} to {LENGTH_EDGES[end]:,} tokens"
        if end < quarters[-1]
        else f"{LENGTH_EDGES[start]:,} tokens and more"
        for start, end in zip(starts, quarters, strict=True)
    ]
    return found._replace(moved=_moved(names, columns, p_values))


def _ranked(name: str, compared: str, reference: np.ndarray, window: np.ndarray) -> Compared:
    ranks = rank_scores(reference + window)
    twice = np.stack([reference, reference]), np.stack([window, window])
    p_values = score_p_values(*twice, np.stack([ranks, np.abs(ranks)]))
    delta, interval = rank_effect(reference, window)
    return Compared(
        name, None, f"the ranks of {compared}, and how far out they lie", combined_p_value(p_values),
        f"Cliff's delta of {compared}", delta, interval, [],
    )  # fmt: skip


def _share(name: str, what: str, reference: Counted, window: Counted) -> Compared:
    first_hits, second_hits = np.array([reference.hits]), np.array([window.hits])
    columns = share_effects(first_hits, reference.size, second_hits, window.size)
    p_values = share_p_values(first_hits, reference.size, second_hits, window.size)
    effect, low, high = (float(column[0]) for column in columns[2:])
    return Compared(
        name, None, f"the share of {what}", float(p_values[0]), f"change of the share of {what}", effect, (low, high),
        _moved([what], columns, p_values),
    )  # fmt: skip


def _words(reference: Profile, window: Profile, words: Callable[[int], str], unknown_id: int | None) -> Compared:
    """Each token's share of texts, corrected for those tokens that are frequent enough to tell anything."""
    first, second = reference.token_counts.copy(), window.token_counts.copy()
    if unknown_id is not None:
        first[unknown_id] = second[unknown_id] = 0
    held = np.flatnonzero(first + second)
    p_values = share_p_values(first[held], reference.num_rows, second[held], window.num_rows)
    corrected = discrete_bonferroni(p_values, first[held] + second[held], reference.num_rows, window.num_rows)
    order = np.argsort(corrected, kind="stable")[:MOST_NAMED]
    chosen = held[order]
    columns = share_effects(first[chosen], reference.num_rows, second[chosen], window.num_rows)
    moved = _moved([words(int(token)) for token in chosen], columns, corrected[order], corrects=False)
    return Compared(
        "words", None, f"the share of texts that hold each of {len(held):,} tokens",
        float(corrected.min(initial=1.0)), "rarity of the words, 1 where they are as rare as in the reference",
        word_rarity(first, reference.num_rows, second), None, moved,
    )  # fmt: skip


def discrete_bonferroni(p_values: np.ndarray, hits: np.ndarray, size: int, window_size: int) -> np.ndarray:
    """Correct exact p-values for their number, leaving out tests that could not be so small whatever happened.

    Args:
        p_values: (k,), of `share_p_values`.
        hits: (k,), texts of both samples that hold each token.
        size: texts of the reference.
        window_size: texts of the window.

    Reference:
        Tarone, "A Modified Bonferroni Method for Discrete Data", 1990.
    """
    from scipy.stats import hypergeom

    if not len(p_values):
        return p_values
    distinct, places = np.unique(hits, return_inverse=True)
    law = hypergeom(size + window_size, distinct, window_size)
    ends = np.minimum(law.pmf(np.maximum(0, distinct - size)), law.pmf(np.minimum(distinct, window_size)))
    attainable = np.sort(ends[places])
    number = np.searchsorted(attainable, p_values, side="right")
    return np.asarray(np.minimum(p_values * np.maximum(number, 1), 1.0))


def word_rarity(first: np.ndarray, size: int, second: np.ndarray) -> float:
    """Return how rare the tokens of the window are among the reference's texts, relative to those of the reference itself.

    A token that x of n texts hold has the rarity log((n + 1) / (x + 1)); for a token of the reference, its own text is left out,
    so that the ratio is about 1 for one source of texts, also where the window is small. Other shares of labels hardly move it, for
    they exchange common words by common ones; another kind of text brings words that the reference hardly knows.

    Args:
        first: int (vocabulary,), texts of the reference that hold each token.
        size: texts of the reference.
        second: int (vocabulary,), texts of the window that hold each token.
    """
    own = first * np.log((size + 1) / np.maximum(first, 1))
    other = second * np.log((size + 1) / (first + 1))
    usual = float(own.sum()) / max(int(first.sum()), 1)
    return float(other.sum()) / max(int(second.sum()), 1) / usual if usual else 1.0


def _vectors(reference: VectorSample, window: VectorSample, seed: int) -> Compared | None:
    first, second = comparable_vectors(reference, window)
    if min(len(first), len(second)) < FEWEST_VECTORS:
        return None
    found = vector_drift(first, second, seed=seed)
    return Compared(
        "vectors", None, f"{len(second):,} pooled vectors of the window with {len(first):,} of the reference",
        found.p_value, "separation of the vectors, 0.5 where they are the same", found.separation, found.interval, [],
    )  # fmt: skip


def comparable_vectors(reference: VectorSample, window: VectorSample) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors of both samples that may be compared.

    Samples hold distinct texts. Where texts repeat, a small window holds the frequent ones first, so that distinct texts of
    two sizes of window differ though nothing has changed. Texts that both samples would have kept, those with keys below
    the smaller of their largest ones, are known with all their repetitions; these are compared then.
    """
    both = np.concatenate([reference.keys, window.keys])
    counts = np.concatenate([reference.counts, window.counts])
    repeated = 1 - len(np.unique(both)) / max(counts.sum(), 1)
    if repeated <= MOST_REPEATED:
        return reference.vectors, window.vectors
    limit = min(
        (int(sample.keys[-1]) for sample in (reference, window) if len(sample) >= sample.size > 0),
        default=2**64 - 1,
    )
    found = [_repeated(one, one.counts * (one.keys <= limit)) for one in (reference, window)]
    return found[0], found[1]


def _repeated(sample: VectorSample, counts: np.ndarray) -> np.ndarray:
    """Vectors as often as they come; evenly chosen ones where those are too many."""
    places = np.repeat(np.arange(len(sample)), counts)
    chosen = np.linspace(0, len(places) - 1, min(len(places), MOST_VECTORS)).round().astype(np.int64)
    return np.asarray(sample.vectors[places[chosen]])


def _moved(
    names: Sequence[str], columns: Sequence[np.ndarray], p_values: np.ndarray, *, corrects: bool = True
) -> list[Moved]:
    """What has moved, the surest first; p-values are corrected unless they are already."""
    corrected = holm(p_values) if corrects else p_values
    first, second, effect, low, high = columns
    return [
        Moved(
            names[place],
            float(first[place]),
            float(second[place]),
            float(effect[place]),
            (float(low[place]), float(high[place])),
            float(corrected[place]),
        )  # fmt: skip
        for place in np.argsort(p_values, kind="stable")[:MOST_NAMED]
        if corrected[place] <= SIGNIFICANT
    ]
