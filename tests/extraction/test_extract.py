import numpy as np
import pytest

import kerasbert as kb
from kerasbert.extraction import extract

OUTPUTS = {"memory": None, "memmap": "features", "parquet": "features.parquet"}


@pytest.mark.parametrize("output", OUTPUTS.values(), ids=OUTPUTS)
def test_equals_each_text_alone_in_its_order(output, tiny_folder, texts, expected, tmp_path, monkeypatch):
    monkeypatch.setattr(extract, "STRETCH_TEXTS", 3)
    monkeypatch.setattr(extract, "BATCH_SIZE", 2)
    features = kb.extract_features(
        tiny_folder,
        iter(texts),
        layers="all",
        poolings=["mean", "cls", "last", "max"],
        output=output and tmp_path / output,
    )
    assert len(features) == len(texts) and features.layers == (0, 1, 2)
    for cell, vectors in expected.items():
        assert np.allclose(features[cell], vectors, atol=1e-5)


def test_memory_maps_are_plain_npy_files(tiny_folder, texts, tmp_path):
    features = kb.extract_features(tiny_folder, texts, output=tmp_path / "f", dtype="float16")
    assert isinstance(features[-1, "mean"], np.memmap)
    whole = np.load(tmp_path / "f" / "layer_02_mean.npy")
    assert whole.dtype == np.float16 and whole.shape == (len(texts), 16)


def test_a_parquet_file_is_read_by_others(tiny_folder, texts, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    features = kb.extract_features(tiny_folder, texts, layers=(1, -1), output=tmp_path / "f.parquet")
    table = pq.read_table(tmp_path / "f.parquet")
    assert table.column_names == ["layer_01_mean", "layer_02_mean"]
    assert np.allclose(np.stack(table["layer_01_mean"].to_pylist()), features[1, "mean"])


def test_no_texts_give_no_rows(tiny_folder, tmp_path):
    assert kb.extract_features(tiny_folder, [])[-1, "mean"].shape == (0, 16)
    assert kb.extract_features(tiny_folder, [], output=tmp_path / "f")[-1, "mean"].shape == (0, 16)


def test_a_trained_classifier_is_read_with_its_own_pooling(tiny_folder, texts):
    model = kb.build_binary(encoder=tiny_folder, layers=1, pooling="attention")
    tokens = kb.data.Tokenizer.from_folder(tiny_folder)
    features = kb.extract_features((model, tokens), texts, poolings=model.features.pooling)
    batch = next(iter(kb.data.make_batches(tokens.encode(texts), batch_size=9).dataset))
    state = model.encoder(batch).hidden_states[1]
    pooled = np.array(model.features.pooling(state, batch["attention_mask"]))
    assert np.allclose(features[1, "attention"], pooled, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.* training texts are longer")
def test_a_saved_classifier_keeps_its_length(tiny_folder, texts, tmp_path):
    classifier = kb.TextClassifier("binary", encoder=tiny_folder, epochs=1, max_length=4, verbose=False)
    classifier.fit(texts, ["a", "b"] * 3 + ["a"]).save(tmp_path / "model")
    saved = kb.extract_features(tmp_path / "model", texts)
    assert saved.num_truncated == 4
    assert np.allclose(saved[-1, "mean"], kb.extract_features(classifier, texts)[-1, "mean"], atol=1e-6)
    assert kb.extract_features(tmp_path / "model", texts, max_length=40).num_truncated == 0


def test_pairs(tiny_folder, texts):
    both = kb.extract_features(tiny_folder, texts, text_pairs=reversed(texts))[-1, "mean"]
    assert both.shape == (len(texts), 16) and not np.allclose(both, kb.extract_features(tiny_folder, texts)[-1, "mean"])


def test_a_failed_extraction_leaves_nothing(tiny_folder, tmp_path):
    for name in ("f", "f.parquet"):
        with pytest.raises(TypeError, match=r"`texts\[1\]` must be a text; got 3"):
            kb.extract_features(tiny_folder, ["good", 3], output=tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_the_index_of_a_bad_text_is_found_in_a_later_stretch(tiny_folder, monkeypatch):
    monkeypatch.setattr(extract, "STRETCH_TEXTS", 2)
    with pytest.raises(TypeError, match=r"`texts\[1\]` must be a text; got None .*Indices count from text 2"):
        kb.extract_features(tiny_folder, ["a", "b", "c", None], batch_size=1)


def test_an_existing_output_is_kept(tiny_folder, texts, tmp_path):
    for name in ("f", "f.parquet"):
        kb.extract_features(tiny_folder, texts, output=tmp_path / name)
        with pytest.raises(kb.ArtifactError, match="exists|already holds"):
            kb.extract_features(tiny_folder, texts, output=tmp_path / name)
        kb.extract_features(tiny_folder, texts[:2], output=tmp_path / name, overwrite=True)


BAD = {
    "layer outside": ({"layers": 3}, "`layers` must be an integer from -3 to 2"),
    "layers twice": ({"layers": [2, -1]}, "`layers` must be distinct hidden states"),
    "pooling unknown": ({"poolings": "means"}, r"`poolings` must be one of .*Did you mean 'mean'\?"),
    "pooling untrained": ({"poolings": "attention"}, "`poolings` must be among 'cls', .* or a trained pooling layer"),
    "pooling twice": ({"poolings": ["mean", "mean"]}, "`poolings` must be distinct; got 'mean' twice"),
    "dtype": ({"dtype": "int8"}, "`dtype` must be one of 'float16', 'float32'"),
    "length": ({"max_length": 41}, "`max_length` must be an integer from 3 to 40"),
    "pairs": ({"text_pairs": ["a"]}, "must have the same length"),
}


@pytest.mark.parametrize(("options", "message"), BAD.values(), ids=BAD)
def test_bad_arguments_are_named(options, message, tiny_folder, texts):
    with pytest.raises(kb.KerasBertError, match=message):
        kb.extract_features(tiny_folder, texts, **options)


@pytest.mark.parametrize("source", [3, ("a", "b"), None], ids=repr)
def test_other_sources_are_refused(source, texts):
    with pytest.raises(TypeError, match="`source` must be the name or folder of a checkpoint"):
        kb.extract_features(source, texts)


def test_one_text_is_no_list(tiny_folder):
    with pytest.raises(TypeError, match=r"`texts` must be a list of texts; got one text 'good'"):
        kb.extract_features(tiny_folder, "good")


def test_a_cell_that_was_not_read(tiny_folder, texts):
    with pytest.raises(kb.ConfigError, match=r"must be among layers \[2\] and poolings \['mean'\]; got \(0, 'mean'\)"):
        kb.extract_features(tiny_folder, texts)[0, "mean"]
