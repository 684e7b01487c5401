"""Rows in memory and rows of a token cache: the same are held out, counted and drawn."""

import json

import numpy as np
import pytest

from kerasbert.batches import rows as rows_module
from kerasbert.batches.memory import MemoryRows
from kerasbert.batches.rows import held_out_rows
from kerasbert.batches.sampling import SAMPLINGS, expected_draws, row_draws
from kerasbert.data import prepare_tokens, split_indices

NUM_ROWS = 120


@pytest.fixture(params=["multiclass", "multilabel", "binary"])
def both(request, toy_folder, tmp_path):
    """A token cache, and its rows in memory."""
    labels = {
        "multiclass": ["cab"[n % 7 % 3] for n in range(NUM_ROWS)],
        "binary": ["ab"[n % 5 == 0] for n in range(NUM_ROWS)],
    }
    labels["multilabel"] = [["xyz"[k] for k in range(3) if n % (2 + 3 * k) == 0] for n in range(NUM_ROWS)]
    rows = [{"text": "a " * (n % 9), "label": label} for n, label in enumerate(labels[request.param])]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = {"task": request.param, "label_columns": "label", "encoder": toy_folder}
    cache = prepare_tokens(tmp_path / "a.jsonl", tmp_path / "tokens", **options)
    token_arrays, arrays = cache.read(np.arange(NUM_ROWS))
    return cache, MemoryRows(token_arrays, arrays, {head: len(own.names) for head, own in cache.heads.items()})


def test_the_same_rows_are_held_out(both):
    cache, memory = both
    [array] = memory.heads.values()
    _, expected = split_indices(array, 0.2, seed=3)
    assert np.array_equal(held_out_rows(cache, 0.2, seed=3), expected)
    assert np.array_equal(held_out_rows(memory, 0.2, seed=3), expected)


def test_of_very_many_rows_a_sample_is_looked_at(both, monkeypatch):
    monkeypatch.setattr(rows_module, "MOST_STRATIFIED", 60)
    monkeypatch.setattr(rows_module, "MOST_HELD_OUT", 20)
    held_out = held_out_rows(both[0], 0.5, seed=3)
    assert np.array_equal(held_out, held_out_rows(both[1], 0.5, seed=3))
    assert abs(len(held_out) - 20) <= 3 and (np.diff(held_out) > 0).all() and held_out[-1] < NUM_ROWS


def test_counts_and_labels_agree(both):
    cache, memory = both
    some = np.array([0, 5, 30, 119])
    for head in cache.heads:
        assert np.array_equal(cache.encoded(head, some), memory.encoded(head, some))
        assert np.array_equal(cache.counts[head], memory.counts[head])


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_rows_are_drawn_alike_whatever_is_held_out(both, sampling):
    cache, memory = both
    kept = np.flatnonzero(np.arange(NUM_ROWS) % 4 > 0)
    draws = row_draws(cache, sampling, lambda rows: rows % 4 > 0)(kept)
    assert np.allclose(draws, expected_draws({head: array[kept] for head, array in memory.heads.items()}, sampling))
