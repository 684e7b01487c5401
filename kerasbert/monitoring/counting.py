"""Count texts and answers, as arrays, into a profile."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from kerasbert.monitoring.profile import (
    MOST_CONFUSED,
    NUM_LENGTH_BINS,
    NUM_PROBABILITY_BINS,
    HeadProfile,
    histogram,
    length_bins,
    probability_bins,
)
from kerasbert.tasks.outputs import Outputs
from kerasbert.tasks.task import Task
from kerasbert.tokenization.token_arrays import TokenArrays
from kerasbert.tokenization.tokenizer import Tokenizer


class TokenCounts(NamedTuple):
    """What a profile tells of the tokens of texts; see `Profile`."""

    lengths: np.ndarray
    num_tokens: int
    num_unknown_tokens: int
    token_counts: np.ndarray


def count_tokens(uncut: TokenArrays, tokenizer: Tokenizer) -> TokenCounts:
    """Count the tokens of texts that were tokenized uncut."""
    ids = uncut.input_ids.astype(np.int64)
    size = tokenizer.vocabulary_size
    rows = np.repeat(np.arange(len(uncut)), uncut.lengths)
    is_word = ~tokenizer.reserved[ids]
    pairs = np.unique(rows[is_word] * size + ids[is_word])
    unknown = 0 if tokenizer.unknown_id is None else int(np.count_nonzero(ids[is_word] == tokenizer.unknown_id))
    return TokenCounts(
        histogram(length_bins(uncut.lengths), NUM_LENGTH_BINS),
        int(is_word.sum()),
        unknown,
        np.bincount(pairs % size, minlength=size).astype(np.int64),
    )


def count_heads(
    outputs: Outputs,
    probabilities: Mapping[str, np.ndarray],
    predicted: Mapping[str, np.ndarray],
    true: Mapping[str, np.ndarray] | None,
    labelled: np.ndarray,
) -> dict[str, HeadProfile]:
    """Count the answers of every head.

    Args:
        outputs: what the heads predict.
        probabilities: head name -> (n, units).
        predicted: head name -> class ids (n,), or 0 or 1 of shape (n, units), as `Answers.y_pred` gives them.
        true: head name -> encoded labels of m texts; None: none are known.
        labelled: places of these m texts among the n, int64 (m,).
    """
    heads = {}
    for name, task in outputs.tasks.items():
        own = None if true is None else true[name]
        heads[name] = _count_head(task, probabilities[name], predicted[name], own, labelled)
    return heads


def _count_head(
    task: Task, probabilities: np.ndarray, predicted: np.ndarray, true: np.ndarray | None, labelled: np.ndarray
) -> HeadProfile:
    confidence = probability_bins(task.confidence(probabilities)) if len(probabilities) else np.zeros(0, np.int64)
    bins = probability_bins(probabilities)
    if true is None:
        true, labelled = task.array(np.zeros(0, np.int64), np.zeros(1, np.int64), len(task.label_names)), labelled[:0]
    known = task.known(true) if len(true) else np.zeros(0, bool)
    true, labelled = true[known], labelled[known]
    flags, guessed = task.flags(true), task.flags(predicted[labelled])
    # Of a binary head the unit is that of the second label.
    of_units = flags[:, -task.units :]
    right = task.correct(true, predicted[labelled])
    return HeadProfile(
        task=task.name,
        label_names=tuple(task.label_names),
        num_predicted=_sum(task.flags(predicted)),
        probabilities=histogram(bins, NUM_PROBABILITY_BINS),
        confidence=histogram(confidence, NUM_PROBABILITY_BINS),
        num_true=_sum(flags),
        confusion=_confusion(flags, guessed, exclusive=task.exclusive),
        true_probabilities=_histogram_where(bins[labelled], of_units),
        judged_confidence=np.stack(
            [histogram(confidence[labelled][right == wanted], NUM_PROBABILITY_BINS) for wanted in (False, True)]
        ),
    )


def _confusion(true: np.ndarray, predicted: np.ndarray, *, exclusive: bool) -> np.ndarray | None:
    """Count flags (n, C) of true and predicted labels against each other, see `HeadProfile`."""
    count = true.shape[1]
    if count > MOST_CONFUSED:
        return None
    if exclusive:
        places = true.argmax(axis=1) * count + predicted.argmax(axis=1)
        return np.bincount(places, minlength=count * count).reshape(count, count).astype(np.int64)
    both = [[_sum((true == has) & (predicted == found)) for found in (False, True)] for has in (False, True)]
    return np.moveaxis(np.array(both), 2, 0)


def _histogram_where(bins: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Count the bins (n, U) of the texts that are chosen for each unit, int64 (U, B)."""
    rows, units = np.nonzero(chosen)
    places = units * NUM_PROBABILITY_BINS + bins[rows, units]
    counts = np.bincount(places, minlength=bins.shape[1] * NUM_PROBABILITY_BINS)
    return counts.reshape(bins.shape[1], NUM_PROBABILITY_BINS).astype(np.int64)


def _sum(flags: np.ndarray) -> np.ndarray:
    return np.asarray(flags.sum(axis=0, dtype=np.int64))
