"""Defaults of folders of sentence-transformers on every way from a folder to a prediction."""

import dataclasses
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from sentence_folders import CLS, DENSE, SHAPES, sentence_folder, write_modules

import kerasbert as kb
from kerasbert import ConfigError, TextClassifier
from kerasbert._core import sentence_folders
from kerasbert._core.files import verify_manifest
from kerasbert.batches.prepare import prepare_tokens
from kerasbert.classifiers.pooling import FirstTokenPooling, MeanPooling
from kerasbert.data import Tokenizer
from kerasbert.text_classifier import classifier as classifier_module
from kerasbert.tokenization.graph_tokenizer import GraphTokenizer

TEXTS, LABELS = ["good card", "bad parcel !", "thanks", "lost card"] * 2, ["x", "y", "x", "y"] * 2
# 40 positions bound the lengths of 512 that the folders name.
EXPECTED = {
    "MiniLM": (MeanPooling, 40),
    "BGE": (FirstTokenPooling, 40),
    "E5": (MeanPooling, 40),
    "GTE": (MeanPooling, 24),
}


@pytest.fixture(scope="module")
def folders(tiny_folder, tmp_path_factory):
    parent = tmp_path_factory.mktemp("sentence")
    return {shape: sentence_folder(tiny_folder, parent / shape, shape) for shape in SHAPES}


@pytest.fixture
def lines(capsys):
    sentence_folders._say_once.cache_clear()
    return lambda: capsys.readouterr().err.splitlines()


@pytest.fixture
def untrained(monkeypatch):
    """A classifier as `fit` builds it, without its training."""
    monkeypatch.setattr(classifier_module, "run_fitting", lambda settings, fitting, run: fitting.untrained)

    def fit(folder, texts=TEXTS, labels=LABELS, **options):
        return TextClassifier(encoder=str(folder), **{"verbose": False, **options}).fit(texts, labels)

    return fit


@pytest.mark.parametrize("shape", SHAPES)
def test_builders_take_pooling_and_length(shape, folders):
    kind, length = EXPECTED[shape]
    model = kb.build_binary(encoder=folders[shape])
    assert (type(model.features.pooling), model.max_length) == (kind, length)


def test_an_explicit_argument_wins(folders, lines):
    model = kb.build_binary(encoder=folders["BGE"], pooling="max", max_length=9)
    assert (type(model.features.pooling).__name__, model.max_length, lines()) == ("MaxPooling", 9, [])


def test_an_encoder_that_was_loaded_remembers_its_folder(folders):
    encoder = kb.TFBertModel.from_pretrained(folders["BGE"])
    assert isinstance(kb.build_multiclass(3, encoder=encoder).features.pooling, FirstTokenPooling)


def test_layerwise_models_take_them_too(folders):
    model = kb.build_layerwise(kb.Multiclass(3), encoder=folders["BGE"], layers=(0, 1))
    assert isinstance(model.get_layer("features_1").pooling, FirstTokenPooling)


def test_builders_say_it_in_one_line(folders, lines):
    kb.build_binary(encoder=folders["BGE"])
    [line] = lines()
    assert line.endswith("is a folder of sentence-transformers; taken from it: pooling 'cls', max_length 40.")


def test_a_text_classifier_says_it_in_one_line(folders, lines, untrained):
    classifier = untrained(folders["E5"], verbose=True)
    assert [line.partition("taken from it: ")[2] for line in lines()] == ["max_length 40, prompt 'query: '."]
    assert (classifier.tokenizer_.prompt, classifier.model_.max_length) == ("query: ", 40)
    assert classifier.get_params()["prompt"] is None


def test_a_quiet_one_says_nothing(folders, lines, untrained):
    assert untrained(folders["E5"]).tokenizer_.prompt == "query: " and not lines()


def test_what_is_not_followed_is_said_or_refused(folders, tiny_folder, tmp_path, lines):
    folder = sentence_folder(tiny_folder, tmp_path / "dense", "BGE")
    write_modules(folder, CLS, [("2_Dense", DENSE)])
    kb.build_binary(encoder=folder)
    assert "not followed: 2_Dense." in lines()[0]
    write_modules(folder, {"pooling_mode": "weightedmean"})
    with pytest.raises(ConfigError, match="names the pooling 'weightedmean'.*pooling='mean'"):
        kb.build_binary(encoder=folder)
    assert kb.build_binary(encoder=folder, pooling="mean")


def test_the_default_encoder_is_read_as_ever(lines):
    model = kb.build_binary(encoder="all-MiniLM-L6-v2", layers=1)
    assert (type(model.features.pooling), model.max_length) == (MeanPooling, 128)
    assert Tokenizer.from_pretrained("all-MiniLM-L6-v2").max_length == 128 and not lines()


def test_a_tokenizer_puts_the_prompt_in_front(folders, tiny_folder):
    plain, prompted = (Tokenizer.from_folder(folder, max_length=12) for folder in (tiny_folder, folders["E5"]))
    for texts in (["good card", "", "[SEP]"], ["my " * 30]):
        expected = plain.encode(["query: " + text for text in texts]).input_ids
        assert np.array_equal(prompted.encode(texts).input_ids, expected)
    pairs = plain.encode(["query: good"], ["card"]).input_ids
    assert np.array_equal(prompted.encode(["good"], ["card"]).input_ids, pairs)
    assert prompted.full_lengths(["good"]).tolist() == [len(plain.tokens("query: good"))]


@pytest.mark.parametrize(("prompt", "expected"), [("", ""), ("passage", "passage: "), ("find: ", "find: ")])
def test_prompts_are_chosen(prompt, expected, folders, untrained):
    assert untrained(folders["E5"], prompt=prompt).tokenizer_.prompt == expected


def test_a_prompt_goes_with_any_encoder(tiny_folder, untrained):
    assert untrained(tiny_folder, prompt="my ").tokenizer_.tokens("card") == ["[CLS]", "my", "card", "[SEP]"]


def test_saved_folders_and_copies_keep_it(folders, untrained, tmp_path, lines):
    trained = untrained(folders["E5"], max_length=16)
    trained.save(tmp_path / "saved")
    verify_manifest(tmp_path / "saved")
    again = kb.load(tmp_path / "saved")
    assert again.tokenizer_.prompt == "query: " and np.array_equal(
        again.predict_proba(TEXTS), trained.predict_proba(TEXTS)
    )
    assert Tokenizer.from_folder(tmp_path / "saved").prompt == "query: "
    assert "\nprompt" not in (tmp_path / "saved" / "settings.toml").read_text() and not lines()


def test_the_graph_of_a_saved_model_puts_it_in_front(folders):
    tokenizer = Tokenizer.from_folder(folders["E5"], max_length=12)
    texts = ["good card", "", "my " * 30]
    expected, found = tokenizer(texts), GraphTokenizer(tokenizer)(tf.constant(texts))
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("way", ["save_pretrained", "export_onnx", "export_tflite"])
def test_exports_whose_texts_others_tokenize_refuse_it(way, folders, untrained, tmp_path):
    classifier = untrained(folders["E5"], pooling="cls")
    with pytest.raises(
        ConfigError, match="puts `prompt` in front, 'query: '.*A SavedModel and a saved folder do; or train"
    ):
        getattr(classifier, way)(tmp_path / "out")


def test_explanations_are_of_the_words_behind_it(folders, untrained):
    classifier = untrained(folders["E5"])
    found = kb.explain(classifier, "Good card !", steps=4)
    assert [(word["word"], word["start"], word["end"]) for word in found.words] == [
        ("Good", 0, 4),
        ("card", 5, 9),
        ("!", 10, 11),
    ]
    assert found.tokens[1:3] == ("[UNK]", "[UNK]") and found.error < 1e-2


def test_token_caches_know_their_prompt(folders, untrained, tmp_path):
    (tmp_path / "data.csv").write_text(
        "text,label\n" + "".join(f"{t},{y}\n" for t, y in zip(TEXTS, LABELS, strict=True))
    )
    own = {"encoder": folders["E5"], "task": "multiclass"}
    cache = prepare_tokens(tmp_path / "data.csv", tmp_path / "tokens", **own)
    assert untrained(folders["E5"], cache, None).tokenizer_.prompt == "query: "
    with pytest.raises(ConfigError, match=r"was made with another `prompt` \('query: ' instead of ''\)"):
        untrained(folders["E5"], cache, None, prompt="")
    with pytest.raises(kb.ArtifactError, match="`prompt` differs"):
        prepare_tokens(tmp_path / "data.csv", tmp_path / "tokens", prompt="", **own)


def test_a_prompt_of_another_type(folders):
    with pytest.raises(TypeError, match="`prompt` must be a text, such as 'query: '; got 3"):
        TextClassifier(encoder=str(folders["E5"]), prompt=3).fit(TEXTS, LABELS)


def test_lower_case_that_is_not_followed_is_said(tiny_folder, tmp_path, untrained, lines):
    folder = sentence_folder(tiny_folder, tmp_path / "cased", "GTE")
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 24, "do_lower_case": true}')
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": false, "tokenizer_class": "BertTokenizer"}')
    (folder / "vocab.txt").write_text((folder / "vocab.txt").read_text().replace("parcel", "A").replace("thanks", "a"))
    untrained(folder, verbose=True)
    assert "not followed: do_lower_case" in lines()[0]


@keras.saving.register_keras_serializable(package="folders")
class SumPooling(kb.layers.Pooling):
    """Sum over the tokens."""

    def call(self, hidden_states, attention_mask):
        return keras.ops.sum(hidden_states * keras.ops.cast(attention_mask, hidden_states.dtype)[..., None], axis=1)


def test_a_classifier_with_a_pooling_of_its_own_is_saved_and_loaded(tiny_folder, untrained, tmp_path):
    classifier = untrained(tiny_folder, pooling=SumPooling())
    classifier.save(tmp_path / "saved")
    again = kb.load(tmp_path / "saved")
    assert isinstance(again.model_.features.pooling, SumPooling) and isinstance(again.pooling, SumPooling)
    assert np.array_equal(again.predict_proba(TEXTS), classifier.predict_proba(TEXTS))
    assert "# pooling: a layer of your own" in (tmp_path / "saved" / "settings.toml").read_text()
    assert "| pooling | SumPooling |" in (tmp_path / "saved" / "README.md").read_text()


def test_a_class_that_was_not_imported_is_named(tiny_folder, untrained, tmp_path, monkeypatch):
    untrained(tiny_folder, pooling=SumPooling()).save(tmp_path / "saved")
    monkeypatch.delitem(keras.saving.get_custom_objects(), "folders>SumPooling")
    with pytest.raises(ConfigError, match="is of the class 'folders>SumPooling' of the module .*Import the module"):
        kb.load(tmp_path / "saved")


def test_an_unregistered_pooling_is_refused_before_training(tiny_folder):
    class Nameless(kb.layers.Pooling):
        def call(self, hidden_states, attention_mask):
            return hidden_states[:, 0]

    with pytest.raises(ConfigError, match="the class Nameless must be registered"):
        TextClassifier(encoder=str(tiny_folder), pooling=Nameless()).fit(TEXTS, LABELS)


def test_scikit_learn_clones_it(tiny_folder):
    from sklearn.base import clone

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copy = clone(TextClassifier(encoder=str(tiny_folder), pooling=SumPooling()))
    assert isinstance(copy.pooling, SumPooling)


def test_replacing_the_tokenizer_changes_the_prompt(folders, untrained):
    trained = untrained(folders["E5"]).trained_
    plain = dataclasses.replace(trained, tokenizer=Tokenizer.from_folder(folders["E5"], prompt=""))
    assert not np.allclose(plain.predict_proba(TEXTS), trained.predict_proba(TEXTS))
