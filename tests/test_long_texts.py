import json

import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert import cli
from kerasbert.extraction import extract

SENTENCES = ["good thanks", "bad late lost", "where is my parcel ?", "refund please !"]
RANDOM = np.random.default_rng(0)
# The word that decides stands at the end of a long text, where truncation does not reach.
TEXTS = [
    " ".join([SENTENCES[2]] * RANDOM.integers(1, 7) + [SENTENCES[index % 2]] + [SENTENCES[3]] * (index % 3))
    for index in range(24)
]
LABELS = ["+" if index % 2 == 0 else "-" for index in range(24)]


def fitted(folder, way, **options):
    settings = {"epochs": 1, "batch_size": 4, "max_length": 10, "verbose": False, **options}
    settings |= {"max_windows_per_batch": 12} if way == "windows" else {}
    return kb.TextClassifier("multiclass", encoder=folder, long_texts=way, **settings).fit(TEXTS, LABELS)


@pytest.fixture(scope="module", params=["mean", "attention"])
def windowed(request, tiny_folder):
    """A trained classifier of windows, one for each pooling of them."""
    keras.utils.set_random_seed(0)
    return fitted(tiny_folder, "windows", window_pooling=request.param)


def slow_probabilities(classifier, text):
    """The probabilities of one text, each of its windows through the encoder alone."""
    encoded = classifier.tokenizer_.encode([text])
    model = classifier.model_
    vectors = []
    for index in range(len(encoded.windows)):
        batch = encoded.windows.take([index]).padded()
        output = model.encoder(batch, training=False)
        vectors.append(model.features((output.last_hidden_state,), batch["attention_mask"]))
    stacked = np.stack([keras.ops.convert_to_numpy(vector)[0] for vector in vectors])[None]
    vector = model.windows.pooling(stacked, np.ones((1, len(vectors))))
    return keras.ops.convert_to_numpy(model.head(vector))[0]


def test_windows_equal_the_slow_way_and_survive_saving(windowed, tmp_path):
    classifier = windowed
    expected = [slow_probabilities(classifier, text) for text in TEXTS]
    assert np.allclose(classifier.predict_proba(TEXTS), expected, atol=1e-5)
    assert np.allclose(classifier.predict_proba(TEXTS[:1]), expected[:1], atol=1e-5)
    classifier.save(tmp_path / "model")
    again = kb.load(tmp_path / "model")
    assert again.long_texts == "windows" and again.model_.windows is not None
    assert np.allclose(again.predict_proba(TEXTS), expected, atol=1e-5)
    assert classifier.predict_proba([]).shape == (0, 2)


@pytest.mark.filterwarnings("ignore:.* training texts are longer")
def test_head_and_tail_survive_saving(tiny_folder, tmp_path):
    classifier = fitted(tiny_folder, "head_tail")
    classifier.save(tmp_path / "model")
    expected = classifier.predict_proba(TEXTS)
    assert np.allclose(kb.load(tmp_path / "model").predict_proba(TEXTS), expected, atol=1e-6)
    cut = fitted(tiny_folder, "truncate")
    same_head = [TEXTS[5] + " good", TEXTS[5] + " lost"]
    assert np.ptp(cut.predict_proba(same_head)[:, 0]) == 0 < np.ptp(classifier.predict_proba(same_head)[:, 0])


@pytest.mark.filterwarnings("ignore:.* training texts are longer")
def test_windows_learn_what_truncation_cannot_see(tiny_folder):
    texts = [" ".join([SENTENCES[2]] * 3 + [SENTENCES[index % 2]]) for index in range(8)]
    rates = {"epochs": 15, "learning_rate": 5e-3, "head_learning_rate": 2e-2, "dropout": 0.0}
    scores = {}
    for way in ("truncate", "windows"):
        settings = {"batch_size": 8, "max_length": 10, "verbose": False, **rates}
        settings |= {"window_pooling": "max"} if way == "windows" else {}
        classifier = kb.TextClassifier("multiclass", encoder=tiny_folder, long_texts=way, **settings)
        scores[way] = classifier.fit(texts, LABELS[:8]).score(texts, LABELS[:8])
    assert scores == {"truncate": 0.5, "windows": 1.0}


def test_no_batch_exceeds_the_budget_in_training_and_prediction(windowed, monkeypatch):
    sizes = []
    original = kb.TFBertModel.call

    def call(self, input_ids, *args, **kwargs):
        sizes.append(input_ids.shape[0])
        return original(self, input_ids, *args, **kwargs)

    classifier = windowed
    batches = kb.data.make_batches(classifier.tokenizer_.encode(TEXTS), np.zeros(24), batch_size=classifier.batch_size)
    assert all(len(inputs["input_ids"]) <= 12 for inputs, _ in batches.dataset)
    monkeypatch.setattr(kb.TFBertModel, "call", call)
    classifier.predict_proba(TEXTS[:1])
    assert sizes and sizes[0] <= 12


def test_features_of_windows(windowed):
    classifier = windowed
    found = kb.extract_features(classifier, TEXTS)[-1, "mean"]
    encoded = classifier.tokenizer_.encode(TEXTS)
    reference = keras.Model(classifier.model_.inputs, classifier.model_.vectors)
    assert np.allclose(found, reference(encoded.padded()), atol=1e-5)


def test_features_of_a_checkpoint_by_windows(tiny_folder, monkeypatch):
    monkeypatch.setattr(extract, "BATCH_SIZE", 3)
    found = kb.extract_features(
        tiny_folder,
        TEXTS,
        layers=1,
        max_length=10,
        long_texts=kb.data.LongTexts("windows", 2),
        window_pooling="max",
    )[1, "mean"]
    tokens = kb.data.Tokenizer.from_folder(tiny_folder, max_length=10, long_texts=kb.data.LongTexts("windows", 2))
    encoder = kb.TFBertModel.from_pretrained(tiny_folder)
    for text, vector in zip(TEXTS, found, strict=True):
        windows = tokens.encode([text]).windows
        rows = [
            keras.ops.convert_to_numpy(encoder(windows.take([index]).input_ids[None]).hidden_states[1])[0].mean(0)
            for index in range(len(windows))
        ]
        assert np.allclose(vector, np.max(rows, axis=0), atol=1e-5)


def test_untrained_attention_cannot_read_features(tiny_folder):
    with pytest.raises(kb.ConfigError, match="`window_pooling` must be 'mean', 'max' or a trained layer"):
        kb.extract_features(tiny_folder, TEXTS, long_texts="windows", window_pooling="attention")


def test_a_hierarchy_over_windows(tiny_config, tiny_folder):
    flat = kb.build_multiclass(["+", "-"], encoder=tiny_config, window_pooling="mean")
    model = kb.build_hierarchical({"+": ["a", "b"], "-": ["c", "d"]}, from_model=flat)
    tokens = kb.data.Tokenizer.from_folder(tiny_folder, max_length=10, long_texts=kb.data.LongTexts("windows"))
    inputs = tokens.encode(TEXTS[:3]).padded()
    assert np.allclose(model(inputs)["class"], flat(inputs), atol=1e-6)


BAD = {
    "way": ({"long_texts": "cut"}, "`long_texts` must be one of 'head_tail', 'truncate', 'windows'; got 'cut'"),
    "pooling": ({"long_texts": "windows", "window_pooling": "cls"}, "`window_pooling` must be one of"),
    "budget": (
        {"long_texts": "windows", "max_windows_per_batch": 0},
        "`max_windows_per_batch` must be an integer >= 1; got 0",
    ),
    "overlap": ({"long_texts": "windows", "window_overlap": 8, "max_length": 10}, "must be below the 8 tokens"),
}


@pytest.mark.parametrize(("options", "message"), BAD.values(), ids=BAD)
def test_bad_arguments(options, message, tiny_folder):
    with pytest.raises(kb.ConfigError, match=message):
        kb.TextClassifier("multiclass", encoder=tiny_folder, verbose=False, **options).fit(TEXTS, LABELS)


def test_command(tiny_folder, tmp_path, capsys):
    data = tmp_path / "d.jsonl"
    rows = zip(TEXTS, LABELS, strict=True)
    data.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows))
    output = str(tmp_path / "m")
    code = cli.main(
        ["train", str(data), "--task", "multiclass", "--output", output, "--encoder", str(tiny_folder), "--epochs", "1"]
        + ["--quiet", "--long-texts", "windows", "--window-overlap", "2", "--max-length", "10"]
    )
    assert code == 0 and cli.main(["predict", output, TEXTS[0], "--format", "json"]) == 0
    assert kb.load(output).window_overlap == 2
