"""Batches of a stream: every row once, few shapes, the same for the same seed, and from anywhere on."""

import json

import numpy as np
import pytest

from kerasbert import ConfigError
from kerasbert.batches import row_plan, stream
from kerasbert.batches.lengths import lengths_of_counts
from kerasbert.batches.row_plan import RowPlan
from kerasbert.batches.rows import held_out_rows
from kerasbert.batches.sampling import expected_draws
from kerasbert.batches.stream import fit_sizes
from kerasbert.data import Tokenizer, make_batches, prepare_tokens, stream_batches
from kerasbert.tasks.balance import balance_head
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.multilabel import Multilabel

ROWS = 3000


@pytest.fixture(scope="module")
def cache(tmp_path_factory, toy_encoder_folder):
    """Rows of 2 to 22 tokens, sorted by label, of which the last is rare."""
    folder = tmp_path_factory.mktemp("stream")
    random = np.random.default_rng(0)
    labels = np.sort(np.where(random.random(ROWS) < 0.01, 2, random.integers(0, 2, ROWS)))
    rows = [
        {
            "text": " ".join(["hello", "world", "a"][k % 3] for k in range(n)),
            "label": f"l{label}",
            "tags": ["x"] * (label == 2),
        }
        for n, label in zip(random.integers(0, 21, ROWS).tolist(), labels.tolist(), strict=True)
    ]
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    heads = {"one": ("label", "multiclass"), "any": ("tags", "multilabel")}
    return prepare_tokens(folder / "a.jsonl", folder / "tokens", heads=heads, encoder=toy_encoder_folder)


@pytest.fixture(autouse=True)
def small_pools(monkeypatch):
    monkeypatch.setattr(row_plan, "BLOCK", 16)


def make(cache, **options):
    batches = stream_batches(cache, **{"token_budget": 200, **options})
    return batches


def batches_of(source, epoch=0, step=0):
    source.begin(epoch, step)
    return [(inputs["input_ids"].numpy(), labels["one"].numpy()) for inputs, labels in source.pipeline]


def all_rows(source, epoch=0):
    return np.concatenate([source.rows_of(epoch, step) for step in range(source.steps)])


@pytest.mark.parametrize("shuffle", [True, False])
def test_every_row_comes_once_with_its_tokens_and_label(shuffle, cache):
    source = make(cache, shuffle=shuffle)
    tokens, labels = cache.read(np.arange(ROWS))
    assert sorted(all_rows(source)) == list(range(ROWS))
    for step, (ids, classes) in enumerate(batches_of(source)):
        rows = source.rows_of(0, step)
        assert classes.tolist() == labels["one"][rows].tolist()
        for row, padded in zip(rows, ids, strict=True):
            own = tokens.input_ids[tokens.offsets[row] : tokens.offsets[row + 1]]
            assert padded[: len(own)].tolist() == own.tolist()
            assert not padded[len(own) :].any()
    assert step + 1 == source.steps


def test_shapes_are_few_and_padding_is_what_is_said(cache):
    source = make(cache)
    padded = [ids.shape for ids, _ in batches_of(source)]
    assert set(padded) == set(source.shapes)
    assert len(source.shapes) <= 8
    assert all(rows * length <= 200 for rows, length in padded)
    real = int(cache.lengths.sum())
    assert source.padding == pytest.approx(1 - real / sum(rows * length for rows, length in padded))
    assert source.num_tokens == real
    assert f"{len(source.shapes)} shapes (texts x tokens): " in source.describe()


def test_the_lengths_waste_little_more_than_the_best_ones(cache):
    counts = np.bincount(cache.lengths)
    best = np.array(lengths_of_counts(counts, multiple=1))
    places = np.searchsorted(best, np.arange(len(counts)))
    least = 1 - (np.arange(len(counts)) * counts).sum() / (best[places] * counts).sum()
    assert least <= make(cache).padding <= least + 0.02


def test_a_seed_gives_an_order_and_epochs_differ(cache):
    first, same, other = make(cache, seed=1), make(cache, seed=1), make(cache, seed=2)
    assert all_rows(first).tolist() == all_rows(same).tolist() != all_rows(other).tolist()
    assert all_rows(first, 1).tolist() != all_rows(first, 0).tolist()


def test_files_sorted_by_label_are_mixed(cache):
    labels = cache.read(np.arange(ROWS))[1]["one"]
    source = make(cache)
    order = labels[all_rows(source)]
    assert abs(order[: ROWS // 4].mean() - labels.mean()) < 0.1


@pytest.mark.parametrize("step", [1, 37, -1])
def test_it_goes_on_from_any_batch(step, cache, monkeypatch):
    source = make(cache)
    # Pools of few rows, so that rows wait for the next one when it goes on.
    object.__setattr__(source.plan, "pool_rows", 200)
    whole = batches_of(source, epoch=2)
    step %= source.steps
    rest = batches_of(source, epoch=2, step=step)
    assert len(rest) == len(whole) - step
    for (ids, labels), (wanted, classes) in zip(rest, whole[step:], strict=True):
        assert (ids.tolist(), labels.tolist()) == (wanted.tolist(), classes.tolist())


def test_iterations_are_epoch_after_epoch(cache):
    source = make(cache)
    source.begin(0)
    passes = [np.concatenate([labels["one"] for _, labels in source.dataset]).tolist() for _ in range(2)]
    wanted = cache.read(np.arange(ROWS))[1]["one"]
    assert passes == [wanted[all_rows(source, epoch)].tolist() for epoch in (0, 1)]


def test_workers_share_every_batch(cache):
    parts = [make(cache, share=(worker, 2)) for worker in range(2)]
    both = [batches_of(part) for part in parts]
    whole = [np.sort(parts[0].rows_of(0, step)) for step in range(parts[0].steps)]
    labels = cache.read(np.arange(ROWS))[1]["one"]
    for step, (one, other) in enumerate(zip(*both, strict=True)):
        assert one[0].shape == other[0].shape
        assert sorted([*one[1], *other[1]]) == sorted(labels[whole[step]])


def test_rows_can_be_held_out(cache):
    held_out = held_out_rows(cache, 0.1, seed=3)
    source = make(cache, held_out=held_out)
    assert len(held_out) == 300
    assert sorted([*all_rows(source), *held_out]) == list(range(ROWS))


def test_static_shapes(cache):
    source = make(cache, static=True, num_shapes=1)
    assert source.pipeline.element_spec[0]["input_ids"].shape == (next(iter(source.shapes))[0], 22)
    assert {ids.shape for ids, _ in batches_of(source)} == set(source.shapes)


def test_a_budget_below_the_longest_text_is_refused(cache):
    with pytest.raises(ConfigError, match="`token_budget` must be an integer >= 22 .tokens of the longest text"):
        make(cache, token_budget=21)


@pytest.mark.parametrize("seed", range(8))
def test_sizes_hold_all_rows_or_leave_one_odd_batch(seed):
    random = np.random.default_rng(seed)
    counts = random.integers(0, 90, random.integers(5, 40))
    counts[-1] = 1 + random.integers(9)
    buckets = lengths_of_counts(counts, num_lengths=6, multiple=1)
    sizes, rest = fit_sizes(buckets, counts, 10 * buckets[-1])
    lengths = np.repeat(np.arange(len(counts)), counts)
    shapes = RowPlan(lengths, buckets, sizes, seed=seed).shapes()
    odd = [rows for rows, length in shapes if (rows, length) not in zip(sizes, buckets, strict=True)]
    assert sum(rows for rows, _ in shapes) == counts.sum()
    assert odd == ([rest] if rest else [])


@pytest.mark.parametrize("sampling", ["balanced", "sqrt", "oversample"])
def test_draws_come_as_often_as_they_do_in_memory(sampling, cache):
    source = make(cache, sampling=sampling)
    labels = cache.read(np.arange(ROWS))[1]
    wanted = expected_draws(labels, sampling)
    drawn = np.mean([np.bincount(all_rows(source, epoch), minlength=ROWS) for epoch in range(6)], axis=0)
    for label in range(3):
        chosen = labels["one"] == label
        assert drawn[chosen].mean() == pytest.approx(wanted[chosen].mean(), rel=0.06)
    # Rounded up or down, and a few more or fewer where an epoch is filled up or cut to its number of batches.
    assert (np.abs(drawn - wanted) < 1.01 + 0.05 * wanted).all()
    assert source.label_counts["one"].counts == pytest.approx(
        [wanted[labels["one"] == n].sum() for n in range(3)], abs=1
    )


def test_a_row_that_is_drawn_often_is_spread_over_the_epoch(cache):
    source = make(cache, sampling="balanced")
    rare = np.flatnonzero(cache.read(np.arange(ROWS))[1]["one"] == 2)
    steps = [step for step in range(source.steps) if np.isin(source.rows_of(0, step), rare).any()]
    thirds = np.histogram(steps, bins=3, range=(0, source.steps))[0]
    assert thirds.min() > 0.15 * thirds.sum()


def test_sampled_epochs_have_equally_many_batches_and_resume(cache):
    source = make(cache, sampling="sqrt")
    for epoch in range(3):
        whole = batches_of(source, epoch)
        assert len(whole) == source.steps
    rest = batches_of(source, 2, source.steps // 2)
    assert [ids.tolist() for ids, _ in rest] == [ids.tolist() for ids, _ in whole[source.steps // 2 :]]


def test_its_fingerprint_tells_other_batches_apart(cache):
    assert make(cache).fingerprint() == make(cache).fingerprint()
    assert make(cache).fingerprint() != make(cache, token_budget=300).fingerprint()
    assert json.loads(json.dumps(make(cache).fingerprint())) == make(cache).fingerprint()


def test_labels_are_counted_as_those_in_memory(cache):
    labels = cache.read(np.arange(ROWS))[1]
    for head, name in ((Multiclass(3), "one"), (Multilabel(1), "any")):
        streamed = make(cache).label_counts[name]
        assert head.prior_bias(streamed) == pytest.approx(head.prior_bias(labels[name]))
        by_count, by_array = (balance_head(head, part, balance="balanced") for part in (streamed, labels[name]))
        assert by_count.weights == pytest.approx(by_array.weights)
        assert by_count.summary == by_array.summary


def test_batches_in_memory_are_augmented_anew_in_every_epoch(toy_encoder_folder):
    encoder = Tokenizer.from_folder(toy_encoder_folder)
    tokens = encoder.encode(["hello world a b"] * 4)
    batches = make_batches(
        tokens, np.zeros(4, "int32"), batch_size=2, shuffle=True, augment=encoder.augmentation(mask=0.5)
    )
    epochs = [[inputs["input_ids"].numpy().tolist() for inputs, _ in batches.dataset] for _ in range(2)]
    batches.begin(0)
    again = [inputs["input_ids"].numpy().tolist() for inputs, _ in batches.dataset]
    assert epochs[0] == again != epochs[1]
    batches.begin(0, 1)
    assert [inputs["input_ids"].numpy().tolist() for inputs, _ in batches.pipeline] == again[1:]
    # The mask token may come in the place of any word.
    assert batches.occurring_tokens().tolist() == np.unique([0, encoder.mask_id, *tokens.input_ids]).tolist()


def test_it_knows_the_tokens_that_occur(cache, monkeypatch):
    monkeypatch.setattr(stream, "ROWS_AT_ONCE", 1000)
    source = make(cache, shuffle=True)
    seen = [ids.ravel() for ids, _ in batches_of(source)]
    assert source.occurring_tokens().tolist() == np.unique(np.concatenate(seen)).tolist()
