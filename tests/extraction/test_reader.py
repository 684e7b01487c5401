import numpy as np
import pytest

import kerasbert as kb
from kerasbert.extraction import extract
from kerasbert.extraction.reader import FeatureReader


@pytest.mark.parametrize("output", [None, "features"], ids=["memory", "files"])
def test_known_vectors_are_not_read_again(output, tiny_folder, texts, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(extract, "STRETCH_TEXTS", 3)
    read = {"layers": "all", "poolings": ["mean", "cls"]}
    for attempt in range(2):
        with kb.PredictionCache(tmp_path / "cache") as cache:
            place = output and tmp_path / f"{output}{attempt}"
            features = kb.extract_features(tiny_folder, [*texts, *texts], output=place, cache=cache, **read)
            assert cache.statistics["computed"] == (0 if attempt else len(texts))
            for layer, pooling in ((0, "mean"), (2, "cls")):
                twice = np.concatenate([expected[layer, pooling]] * 2)
                assert np.allclose(features[layer, pooling], twice, atol=1e-5)


def test_what_is_read_is_part_of_an_entry(tiny_folder, texts, expected):
    cache = kb.PredictionCache()
    for layers, poolings in ((-1, "mean"), (1, "mean"), (-1, "max")):
        features = kb.extract_features(tiny_folder, texts, layers=layers, poolings=poolings, cache=cache)
        assert np.allclose(features[layers, poolings], expected[layers % 3, poolings], atol=1e-5)
    assert cache.statistics["memory"] == 0


def test_trained_poolings_and_windows_are_part_of_an_entry(tiny_folder, texts):
    cache = kb.PredictionCache()
    tokenizer = kb.data.Tokenizer.from_folder(tiny_folder, max_length=16)
    model = kb.build_binary(encoder=tiny_folder, layers=1, pooling="attention")
    for number in range(1, 4):
        given = {"poolings": model.features.pooling, "max_length": 6, "long_texts": "windows", "window_pooling": "max"}
        for _ in range(2):
            found = kb.extract_features((model, tokenizer), texts, cache=cache, **given)
        plain = kb.extract_features((model, tokenizer), texts, **given)
        assert np.allclose(found[-1, "attention"], plain[-1, "attention"], atol=1e-6)
        assert cache.statistics["computed"] == number * len(texts)
        weight = model.features.pooling.weights[0]
        weight.assign(weight + 1.0 + np.arange(weight.shape[0])[:, None] * number)


def test_progress_counts_known_texts_too(tiny_folder, texts):
    tokens = kb.data.Tokenizer.from_folder(tiny_folder).encode(texts)
    reader = FeatureReader(kb.TFBertModel.from_pretrained(tiny_folder), -1, "mean", cache=kb.PredictionCache())
    for part in (tokens.take([0, 1]), tokens, tokens):
        told = []
        assert reader.vectors(part, batch_size=2, pad_id=0, advance=told.append).shape == (len(part), 1, 16)
        assert sum(told) == len(part)


def test_what_is_no_cache_is_refused(tiny_folder):
    for function, given in ((kb.extract_features, (["a"],)), (kb.probe, (["a", "b"] * 3, ["x", "y"] * 3))):
        with pytest.raises(TypeError, match="`cache` must be a kerasbert.PredictionCache or None; got 'folder'. Write"):
            function(tiny_folder, *given, cache="folder")
