import copy
import pickle
import threading

import numpy as np
import pytest

import kerasbert as kb
from kerasbert.caching import cache as module


def test_what_was_computed_is_not_computed_again(toy, texts):
    cache = kb.PredictionCache()
    for numbers in ([1, 2, 1], [2, 3], [3, 2, 1], []):
        np.testing.assert_array_equal(toy.ask(cache, texts(numbers)), toy.expected(texts(numbers)))
    assert toy.computed == 3
    assert cache.statistics == {"texts": 8, "memory": 4, "disk": 0, "repeated": 1, "computed": 3, "damaged": 0}
    assert cache.hit_rate == 5 / 8 and kb.PredictionCache().hit_rate == 0.0


def test_on_disk_it_lasts(toy, toy_model, texts, tmp_path):
    with kb.PredictionCache(tmp_path / "cache") as cache:
        toy.ask(cache, texts(range(5)))
    again = toy_model()
    with kb.PredictionCache(tmp_path / "cache") as cache:
        np.testing.assert_array_equal(again.ask(cache, texts([4, 9, 0])), toy.expected(texts([4, 9, 0])))
        assert again.computed == 1 and cache.statistics["disk"] == 2 and cache.num_entries == 6
        again.ask(cache, texts([4]))
        assert cache.statistics["memory"] == 1


def test_another_model_and_another_kind_have_their_own(toy, toy_model, texts):
    cache, other = kb.PredictionCache(), toy_model(weight=7)
    for model in (toy, other, toy, other):
        np.testing.assert_array_equal(model.ask(cache, texts([1, 2])), model.expected(texts([1, 2])))
    toy.ask(cache, texts([1, 2]), "other sums")
    assert (toy.computed, other.computed) == (4, 2)


@pytest.mark.parametrize("before", [[1], [1, 2]], ids=["some known", "all known"])
def test_a_model_that_changes_in_place_is_never_answered_for(before, toy, texts, tmp_path):
    cache = kb.PredictionCache(tmp_path)
    toy.ask(cache, texts(before))
    toy.weight = 3
    np.testing.assert_array_equal(toy.ask(cache, texts([1, 2])), toy.expected(texts([1, 2])))
    toy.weight = 1
    np.testing.assert_array_equal(toy.ask(cache, texts([1, 2])), toy.expected(texts([1, 2])))


def test_what_was_computed_while_a_change_went_unnoticed_is_dropped(toy, toy_model, texts, tmp_path):
    cache = kb.PredictionCache(tmp_path)
    toy.ask(cache, texts([1]))
    toy.weight = 3
    # No text of this call is known, so that nobody looks at the model before it ends.
    toy.ask(cache, texts([2]))
    cache.close()
    for model in (toy_model(1), toy_model(3)):
        np.testing.assert_array_equal(model.ask(cache, texts([1, 2])), model.expected(texts([1, 2])))


def test_a_change_that_another_thread_noticed_meanwhile(toy, toy_model, texts):
    cache = kb.PredictionCache()

    def compute(tokens):
        toy.weight = 3
        rows = toy.compute(tokens)
        toy.unchanged()
        return rows

    cache.rows(toy, "sums", texts([1]), compute, width=2)
    one = toy_model(1)
    np.testing.assert_array_equal(one.ask(cache, texts([1])), one.expected(texts([1])))


def test_a_change_that_is_undone_unnoticed_is_looked_for_in_each_call(toy, toy_model, texts):
    cache, toy.notices_undone = kb.PredictionCache(), False
    toy.ask(cache, texts([1]))
    toy.weight = 3
    toy.ask(cache, texts([2]))
    toy.weight = 1
    toy.ask(cache, texts([3]))
    for weight in (1, 3):
        model = toy_model(weight)
        np.testing.assert_array_equal(model.ask(cache, texts([1, 2, 3])), model.expected(texts([1, 2, 3])))


def test_the_same_model_in_another_object_finds_its_results(toy, toy_model, texts):
    cache, same = kb.PredictionCache(), toy_model()
    toy.ask(cache, texts([1]))
    same.ask(cache, texts([1]))
    assert same.computed == 0


def test_results_that_are_no_numbers_are_not_kept(toy, texts):
    cache = kb.PredictionCache()
    cache.rows(toy, "sums", texts([1]), lambda tokens: np.full((1, 2), np.nan), width=2)
    np.testing.assert_array_equal(toy.ask(cache, texts([1])), toy.expected(texts([1])))


def test_a_result_may_be_written_to(toy, texts):
    cache = kb.PredictionCache()
    for _ in range(2):
        toy.ask(cache, texts([1, 2]))[:] = -1
    np.testing.assert_array_equal(toy.ask(cache, texts([1, 2])), toy.expected(texts([1, 2])))


def test_memory_stays_below_its_bound(toy, texts, monkeypatch):
    cache = kb.PredictionCache(max_memory_bytes=1_000_000)
    for start in range(0, 10_000, 1000):
        toy.ask(cache, texts(range(start, start + 1000)))
    assert 3000 < cache.num_entries < 10_000 and cache.num_bytes <= 1_000_000


def test_new_results_wait_for_others_or_for_a_second(toy, texts, tmp_path, monkeypatch):
    cache = kb.PredictionCache(tmp_path)
    toy.ask(cache, texts([1]))
    assert kb.PredictionCache(tmp_path).num_entries == 0
    monkeypatch.setattr(module, "WAITING_SECONDS", 0.0)
    toy.ask(cache, texts([2]))
    assert kb.PredictionCache(tmp_path).num_entries == 2
    monkeypatch.setattr(module, "WAITING_SECONDS", 1000.0)
    toy.ask(cache, texts(range(1000)))
    assert kb.PredictionCache(tmp_path).num_entries == 1000


def test_it_goes_on_without_a_disk(toy, texts, tmp_path):
    cache = kb.PredictionCache(tmp_path / "cache")
    toy.ask(cache, texts([1]))
    (tmp_path / "cache").rename(tmp_path / "away")
    with pytest.warns(kb.KerasbertWarning, match="answers do not need it"):
        np.testing.assert_array_equal(toy.ask(cache, texts(range(300))), toy.expected(texts(range(300))))
    np.testing.assert_array_equal(toy.ask(cache, texts(range(300))), toy.expected(texts(range(300))))
    assert toy.computed == 300


def test_it_can_be_emptied(toy, texts, tmp_path):
    cache = kb.PredictionCache(tmp_path)
    toy.ask(cache, texts(range(5)))
    cache.flush()
    assert cache.num_entries == 5 and cache.num_bytes > 0
    cache.clear()
    assert cache.num_entries == 0
    toy.ask(cache, texts(range(5)))
    assert toy.computed == 10


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda cache: pickle.loads(pickle.dumps(cache))], ids=["copied", "pickled"]
)
def test_a_copy_opens_the_folder_for_itself(copied, toy, texts, tmp_path):
    cache = kb.PredictionCache(tmp_path, max_bytes=2_000_000)
    toy.ask(cache, texts([1]))
    cache.flush()
    other = copied(cache)
    assert (other.folder, other.max_bytes, other.num_entries) == (cache.folder, 2_000_000, 1)


def test_after_a_fork_it_opens_the_folder_anew(toy, texts, tmp_path, monkeypatch):
    cache = kb.PredictionCache(tmp_path)
    toy.ask(cache, texts([1]))
    cache.flush()
    monkeypatch.setattr(module.os, "getpid", lambda: -1)
    toy.ask(cache, texts([1]))
    assert toy.computed == 1 and cache.statistics["disk"] == 1


def test_threads_share_it(toy, texts, tmp_path):
    cache, wrong = kb.PredictionCache(tmp_path), []

    def ask(seed):
        random = np.random.default_rng(seed)
        for _ in range(20):
            tokens = texts(random.integers(0, 200, 30))
            if not np.array_equal(toy.ask(cache, tokens), toy.expected(tokens)):
                wrong.append(seed)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and cache.statistics["texts"] == 4 * 20 * 30


BOUNDS = {
    "zero": ({"max_bytes": 0}, kb.ConfigError, "`max_bytes` must be an integer >= 1000000; got 0"),
    "negative": ({"max_bytes": -5}, kb.ConfigError, "`max_bytes` must be an integer >= 1000000; got -5"),
    "text": ({"max_bytes": "1GB"}, TypeError, "`max_bytes` must be an integer >= 1000000; got '1GB'"),
    "memory": ({"max_memory_bytes": 0}, kb.ConfigError, "`max_memory_bytes` must be an integer >= 1000000; got 0"),
}


@pytest.mark.parametrize(("given", "error", "message"), BOUNDS.values(), ids=BOUNDS)
def test_bounds_that_hold_nothing_are_refused(given, error, message, tmp_path):
    with pytest.raises(error, match=message):
        kb.PredictionCache(tmp_path / "cache", **given)
    assert not (tmp_path / "cache").exists()


def test_it_says_what_it_is_worth(toy, texts, tmp_path):
    cache = kb.PredictionCache(tmp_path / "cache")
    toy.ask(cache, texts([1, 1, 1, 1]))
    assert repr(cache) == f"PredictionCache('{tmp_path / 'cache'}', 4 texts, 75.0% of them known)"
    assert repr(kb.PredictionCache()) == "PredictionCache(memory, 0 texts, 0.0% of them known)"
