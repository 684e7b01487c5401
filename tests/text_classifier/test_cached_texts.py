"""Training from a token cache: the guards speak and the settings are followed as in memory."""

import json
import warnings

import numpy as np
import pytest

import kerasbert as kb

TEXTS = [f"{first} {second}" for first in ("good", "bad", "late", "lost") for second in ("card", "parcel", "refund")]


def write(folder, texts, labels):
    rows = [{"text": text, "label": label} for text, label in zip(texts, labels, strict=True)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder / "rows.jsonl"


def messages(action):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        action()
    return sorted(str(one.message) for one in caught if issubclass(one.category, kb.KerasbertWarning))


def classifier(folder, **options):
    return kb.TextClassifier("multiclass", encoder=folder, epochs=1, verbose=False, **options)


HELD_OUT = (["GOOD  card", "new"], ["a", "b"])
GUARDED = {
    "nothing": (["a", "b"] * 30, {}, None, ()),
    "imbalance": (["a"] * 59 + ["b"], {}, None, ("far from balanced: 'a' has 59 training texts and 'b' has 1",)),
    "balanced": (["a"] * 59 + ["b"], {"balance": "sqrt"}, None, ()),
    "absent": (["a", "b"] * 30, {"label_names": ["a", "b", "c"]}, None, ("no training text has the label ['c']",)),
    "overlap": (["a", "b"] * 30, {}, HELD_OUT, ("1 of 2 texts to judge by (50 %) are training texts too, such as 'GOOD  c",)),
}  # fmt: skip


@pytest.mark.parametrize("way", ["memory", "stream"])
@pytest.mark.parametrize(("labels", "options", "held_out", "words"), GUARDED.values(), ids=GUARDED)
def test_guards_speak_on_every_way(labels, options, held_out, words, way, tiny_folder, tmp_path):
    texts, fitted = TEXTS * 5, classifier(tiny_folder, **options)
    if way == "memory":
        told = messages(lambda: fitted.fit(texts, labels, validation=held_out))
    else:
        names = options.get("label_names")
        cache = kb.data.prepare_tokens(
            write(tmp_path, texts, labels), tmp_path / "t", task="multiclass", encoder=tiny_folder, label_names=names
        )
        told = messages(lambda: fitted.fit(cache, validation=held_out))
    assert len(told) == len(words) and all(word in one for word, one in zip(words, told, strict=True))


@pytest.mark.parametrize("way", ["memory", "stream"])
def test_cut_texts_are_told_on_every_way(way, tiny_folder, tmp_path):
    texts, labels = [f"{text} good bad" for text in TEXTS], ["a", "b"] * 6
    fitted = classifier(tiny_folder, max_length=4)
    options = {"task": "multiclass", "encoder": tiny_folder, "max_length": 4}
    cache = kb.data.prepare_tokens(write(tmp_path, texts, labels), tmp_path / "t", **options)
    [told] = messages(lambda: fitted.fit(texts, labels) if way == "memory" else fitted.fit(cache))
    assert "12 of 12 training texts are longer than 4 tokens and are cut" in told


def test_overlap_of_pairs_is_of_both_texts(tiny_folder, tmp_path):
    rows = [{"text": text, "other": text[::-1], "label": "ab"[n % 2]} for n, text in enumerate(TEXTS)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = {"task": "multiclass", "encoder": tiny_folder, "text_pair_column": "other"}
    cache = kb.data.prepare_tokens(tmp_path / "rows.jsonl", tmp_path / "t", **options)
    held_out = (TEXTS[:2], ["a", "b"], [TEXTS[0][::-1], "another"])
    [told] = messages(lambda: classifier(tiny_folder).fit(cache, validation=held_out))
    assert told.startswith("1 of 2 texts to judge by")


@pytest.fixture
def cache(tiny_folder, tmp_path):
    return kb.data.prepare_tokens(
        write(tmp_path, TEXTS * 14, ["a", "b"] * 84), tmp_path / "t", task="multiclass", encoder=tiny_folder
    )


@pytest.mark.parametrize("size", [4, 8, 32])
def test_the_batch_size_is_that_of_an_average_batch(size, cache, tiny_folder):
    fitted = classifier(tiny_folder, batch_size=size).fit(cache)
    # All texts have four tokens, so that every batch but an odd one is full.
    assert int(fitted.model_.optimizer.iterations) == pytest.approx(168 / size, abs=1)


def test_two_sizes_of_a_batch_are_refused(cache, tiny_folder):
    with pytest.raises(kb.ConfigError, match="`batch_size` must be left out with `token_budget`.*; got 8"):
        classifier(tiny_folder, batch_size=8, token_budget=64).fit(cache)
    with pytest.raises(kb.ConfigError, match="One of `token_budget` and `batch_size` may be given.* got 64 and 8"):
        kb.data.stream_batches(cache, token_budget=64, batch_size=8)
    classifier(tiny_folder, token_budget=64).check_arguments()


def test_a_warm_start_trains_on(cache, tiny_folder):
    fitted = classifier(tiny_folder, warm_start=True, learning_rate=1e-9, head_learning_rate=1e-9).fit(
        TEXTS, ["a", "b"] * 6
    )
    model, before = fitted.model_, fitted.predict_proba(TEXTS)
    fitted.fit(cache)
    assert fitted.model_ is model
    np.testing.assert_allclose(fitted.predict_proba(TEXTS), before, atol=1e-4)


def test_a_warm_start_keeps_its_labels(cache, tiny_folder):
    fitted = classifier(tiny_folder, warm_start=True).fit(TEXTS, ["a", "c"] * 6)
    with pytest.raises(kb.ConfigError, match="must have the labels of the classifier that is trained on .*'c'.*'b'"):
        fitted.fit(cache)


def test_several_classes_and_a_cache_are_refused(tiny_folder, tmp_path):
    rows = [{"text": text, "label": "ab"[n % 2], "sublabel": "ab"[n % 2] + str(n % 3)} for n, text in enumerate(TEXTS)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    tokens = kb.data.prepare_tokens(tmp_path / "rows.jsonl", tmp_path / "t", task="hierarchical", encoder=tiny_folder)
    fitted = kb.TextClassifier("hierarchical", level_task="multilabel", encoder=tiny_folder, verbose=False)
    with pytest.raises(kb.ConfigError, match="`level_task` must be 'multiclass' with a token cache"):
        fitted.fit(tokens)


SETTINGS = {
    "names of heads": ({"task": "multitask", "heads": {"a": "binary"}, "label_names": ["x", "y"]}, "`label_names` goes"),
    "names of levels": ({"task": "hierarchical", "label_names": ["x", "y"]}, "`label_names` goes with one head"),
    "overlap": ({"window_overlap": 3}, "`window_overlap` goes with long_texts='windows'; got 3 with 'truncate'"),
    "pooling": ({"window_pooling": "max"}, "`window_pooling` goes with long_texts='windows'; got 'max'"),
    "budget": ({"max_windows_per_batch": 7, "long_texts": "head_tail"}, "`max_windows_per_batch` goes with .* got 7 with 'head_tail'"),
}  # fmt: skip


@pytest.mark.parametrize("way", ["memory", "stream"])
@pytest.mark.parametrize(("options", "words"), SETTINGS.values(), ids=SETTINGS)
def test_settings_that_nothing_reads(options, words, way, cache, tiny_folder):
    fitted = kb.TextClassifier(encoder=tiny_folder, verbose=False, **options)
    with pytest.raises(kb.ConfigError, match=words):
        fitted.fit(TEXTS, ["x"] * 12) if way == "memory" else fitted.fit(cache)
