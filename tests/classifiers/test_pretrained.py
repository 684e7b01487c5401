import json
import shutil

import numpy as np
import pytest
from hub_folders import CONFIGS, TEXTS, torch_logits, write_classifier

from kerasbert import CheckpointError, ConfigError, KerasbertWarning, TextClassifier, load
from kerasbert.classifiers.pretrained import read_classifier

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = {}

    def make(family):
        if family not in made:
            made[family] = write_classifier(family, tmp_path_factory.mktemp("hub") / family)
        return made[family]

    return make


@pytest.fixture
def changed(folders, tmp_path):
    """A copy of a folder whose config has other values; None takes a key away, ... stands for null."""

    def change(family="bert", **values):
        folder = shutil.copytree(folders(family), tmp_path / "changed")
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kept = {key: value for key, value in {**config, **values}.items() if value is not None}
        kept = {key: None if value is ... else value for key, value in kept.items()}
        (folder / "config.json").write_text(json.dumps(kept), encoding="utf-8")
        return folder

    return change


def logits_of(classifier, texts):
    model = classifier.model_
    head = model.head
    hidden = model.features.output
    import keras

    for layer in head.hidden_layers:
        hidden = layer(hidden)
    inner = keras.Model(model.input, head.output_layer(hidden))
    return keras.ops.convert_to_numpy(inner(classifier.tokenizer_(texts), training=False))


@pytest.mark.parametrize("family", CONFIGS)
def test_the_logits_are_pytorchs(family, folders):
    folder = folders(family)
    classifier = TextClassifier.from_pretrained(folder)
    plain = [text for text in TEXTS if "[SEP]" not in text and "</s>" not in text]
    expected = torch_logits(folder, plain)
    assert np.ptp(expected, axis=0).max() > 0.1
    np.testing.assert_allclose(logits_of(classifier, plain), expected, atol=1e-5)
    softmax = np.exp(expected) / np.exp(expected).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(classifier.predict_proba(plain), softmax, atol=1e-5)
    names = np.array(["joy", "anger", "other"])
    assert classifier.predict(plain).tolist() == names[expected.argmax(axis=1)].tolist()


def test_texts_are_as_long_as_the_tokenizer_says(folders):
    assert TextClassifier.from_pretrained(folders("bert")).tokenizer_.max_length == 32
    assert TextClassifier.from_pretrained(folders("bert"), max_length=16).max_length == 16


def test_without_a_longest_text_all_positions_are_used(folders, tmp_path):
    for family, positions in (("bert", 40), ("roberta", 40)):
        folder = shutil.copytree(folders(family), tmp_path / family)
        settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        settings["model_max_length"] = int(1e30)
        (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
        assert TextClassifier.from_pretrained(folder).max_length == positions


def test_independent_labels_come_from_the_problem_type(changed):
    classifier = TextClassifier.from_pretrained(changed(problem_type="multi_label_classification"))
    assert classifier.task == "multilabel" and classifier.thresholds_["probabilities"].tolist() == [0.5] * 3
    expected = 1 / (1 + np.exp(-logits_of(classifier, TEXTS)))
    np.testing.assert_allclose(classifier.predict_proba(TEXTS), expected, atol=1e-6)


def test_names_are_numbered_where_the_config_has_none(tmp_path):
    folder = write_classifier("bert", tmp_path / "two", id2label=None, num_labels=2)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config.pop("id2label", None)
    (folder / "config.json").write_text(json.dumps({**config, "num_labels": 2}), encoding="utf-8")
    assert list(TextClassifier.from_pretrained(folder).classes_) == ["LABEL_0", "LABEL_1"]


def test_one_output_must_be_said_to_be_a_label(tmp_path):
    folder = write_classifier("bert", tmp_path / "one", id2label={0: "spam"})
    with pytest.raises(ConfigError, match="pass problem_type='multi_label_classification'"):
        TextClassifier.from_pretrained(folder)
    classifier = TextClassifier.from_pretrained(folder, problem_type="multi_label_classification")
    expected = 1 / (1 + np.exp(-torch_logits(folder, ["good card"])))
    np.testing.assert_allclose(classifier.predict_proba(["good card"]), expected, atol=1e-5)


def test_the_dropout_is_that_of_the_config(changed, folders):
    assert read_classifier(folders("distilbert")).arguments["dropout"] == 0.2
    assert read_classifier(changed(classifier_dropout=0.3)).arguments["dropout"] == 0.3


BAD_CONFIGS = {
    "regression": ({"problem_type": "regression"}, "`problem_type` must be one of"),
    "number twice": ({"id2label": {"0": "joy", "00": "anger"}}, "`id2label` must name the outputs"),
    "no number": ({"id2label": {"joy": 0, "anger": 1}}, "`id2label` must name the outputs"),
    "no name": ({"id2label": {"0": "joy", "1": None}}, "`id2label` must name the outputs"),
    "no dict": ({"id2label": ["joy", "anger"]}, "`id2label` must name the outputs"),
    "far number": ({"id2label": {"0": "joy", "99999999999": "anger"}}, "`id2label` must name the outputs"),
    "too many": ({"id2label": None, "num_labels": 10**12}, "`num_labels` must be from 1"),
    "twice the same": ({"id2label": {"0": "joy", "1": "Joy", "2": "x"}}, "differ by more than case"),
    "another head": ({"architectures": ["BertForTokenClassification"]}, "must hold a BertForSequenceClassification"),
    "an encoder": ({"architectures": ["BertModel"]}, r"TextClassifier\(encoder=...\) trains from"),
    "another family": (
        {"model_type": "deberta-v2"},
        r"changed/config.json': `model_type` must be one of 'bert', .*; got 'deberta-v2'. .*fine-tune an encoder of one",
    ),
    "padding of RoBERTa": (
        {"family": "roberta", "pad_token_id": ...},
        "`pad_token_id` must be an integer for a RoBERTa",
    ),
}


@pytest.mark.parametrize("name", BAD_CONFIGS)
def test_what_a_config_must_not_say(name, changed):
    values, message = BAD_CONFIGS[name]
    with pytest.raises(ConfigError, match=message):
        TextClassifier.from_pretrained(changed(**values))


def test_labels_and_weights_must_agree(changed):
    with pytest.raises(CheckpointError, match=r"of 2 labels: classifier.weight \(2, 16\): got \(3, 16\)"):
        TextClassifier.from_pretrained(changed(id2label={"0": "joy", "1": "anger"}))


def test_an_encoder_is_no_classifier(tiny_folder):
    with pytest.raises(ConfigError, match=r"TextClassifier\(encoder=...\)"):
        TextClassifier.from_pretrained(tiny_folder)


def test_an_unknown_problem_type_is_refused(folders):
    with pytest.raises(ConfigError, match="`problem_type` must be one of"):
        TextClassifier.from_pretrained(folders("bert"), problem_type="multilabel")


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:no training text has the label")
def test_it_trains_on_saves_and_loads(folders, tmp_path):
    classifier = TextClassifier.from_pretrained(folders("electra"))
    before = logits_of(classifier, ["good card"])
    classifier.set_params(epochs=1, verbose=False, learning_rate=1e-12, head_learning_rate=1e-12)
    classifier.fit(["good card", "bad parcel"] * 2, ["joy", "anger"] * 2)
    # At a rate of nothing the weights are the same: neither encoder nor head began anew.
    np.testing.assert_allclose(logits_of(classifier, ["good card"]), before, atol=1e-5)
    assert list(classifier.classes_) == ["joy", "anger", "other"]
    classifier.set_params(learning_rate=1e-3, head_learning_rate=1e-2, epochs=40)
    classifier.fit(["good card", "bad parcel"] * 8, ["other", "joy"] * 8)
    assert classifier.predict(["good card", "bad parcel"]).tolist() == ["other", "joy"]
    classifier.save(tmp_path / "saved")
    again = load(tmp_path / "saved")
    np.testing.assert_allclose(again.predict_proba(TEXTS), classifier.predict_proba(TEXTS), atol=1e-6)
    assert again.warm_start


def transformers_probabilities(folder, texts, **options):
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder), **options)
    model = AutoModelForSequenceClassification.from_pretrained(str(folder)).eval()
    with torch.no_grad():
        return model(**tokenizer(texts, padding=True, return_tensors="pt")).logits.softmax(-1).numpy()


SHORT = ["good card", "bad parcel!", "thanks", ""]
ODDITIES = {
    "integers": ({"id2label": {"0": 7, "1": 3, "2": 5}}, [7, 3, 5]),
    "numbers and a name": ({"id2label": {"0": 7, "1": "x", "2": 5.5}}, ["7", "x", "5.5"]),
    "names out of order": ({"id2label": {"2": "c", "0": "a", "1": "b"}}, ["a", "b", "c"]),
    "no padding": ({"pad_token_id": ...}, ["joy", "anger", "other"]),
    "no architecture": ({"architectures": ...}, ["joy", "anger", "other"]),
}


@pytest.mark.parametrize("name", ODDITIES)
def test_odd_configs_that_transformers_loads(name, changed):
    values, labels = ODDITIES[name]
    folder = changed(**values)
    classifier = TextClassifier.from_pretrained(folder)
    expected = transformers_probabilities(folder, SHORT)
    np.testing.assert_allclose(classifier.predict_proba(SHORT), expected, atol=1e-5)
    assert classifier.classes_.tolist() == labels
    assert classifier.predict(SHORT).tolist() == [labels[index] for index in expected.argmax(axis=1)]


@pytest.mark.parametrize(
    ("names", "labels", "message"),
    [
        ({"0": "a", "1": "b", "3": "d"}, ["a", "b", "LABEL_2"], r"names no output \[2\], called LABEL_2.*are \['d'\]"),
        ({"0": "a", "2": "c"}, ["a", "LABEL_1", "c"], r"names no output \[1\], called LABEL_1 .*Number the labels"),
        ({"0": "a", "1": "b"}, ["a", "b", "LABEL_2"], r"names no output \[2\], called LABEL_2"),
    ],
    ids=["one beyond", "one missing", "fewer than outputs"],
)
def test_gaps_are_told(names, labels, message, changed, folders):
    with pytest.warns(KerasbertWarning, match=message):
        classifier = TextClassifier.from_pretrained(changed(id2label=names, num_labels=3))
    assert classifier.classes_.tolist() == labels
    np.testing.assert_allclose(
        classifier.predict_proba(SHORT), transformers_probabilities(folders("bert"), SHORT), atol=1e-5
    )


def test_another_name_with_fitting_tensors_is_read_and_told(changed, folders):
    folder = changed(architectures=["BertForMultiLabelStuff"])
    with pytest.warns(KerasbertWarning, match=r"says \['BertForMultiLabelStuff'\], .* read as a BertForSequence"):
        classifier = TextClassifier.from_pretrained(folder)
    np.testing.assert_allclose(classifier.predict_proba(SHORT), transformers_probabilities(folder, SHORT), atol=1e-5)


@pytest.mark.filterwarnings("ignore::kerasbert.KerasbertWarning")
def test_another_name_without_the_tensors_is_refused(changed):
    from safetensors.numpy import load_file, save_file

    folder = changed(architectures=["BertForMultiLabelStuff"])
    tensors = load_file(folder / "model.safetensors")
    save_file({name: one for name, one in tensors.items() if "pooler" not in name}, folder / "model.safetensors")
    with pytest.raises(CheckpointError, match="pooler.dense.weight .*missing"):
        TextClassifier.from_pretrained(folder)


@pytest.mark.parametrize("prefix", ["_orig_mod.", "module.", "model.", "module._orig_mod.model.", "model.module."])
@pytest.mark.parametrize("family", CONFIGS)
def test_what_wrappers_put_before_the_names(family, prefix, folders, tmp_path):
    from safetensors.numpy import load_file, save_file

    folder = shutil.copytree(folders(family), tmp_path / "wrapped")
    tensors = load_file(folder / "model.safetensors")
    save_file({prefix + name: value for name, value in tensors.items()}, folder / "model.safetensors")
    expected = TextClassifier.from_pretrained(folders(family)).predict_proba(SHORT)
    np.testing.assert_array_equal(TextClassifier.from_pretrained(folder).predict_proba(SHORT), expected)


@pytest.fixture(scope="module", params=["bert", "roberta"])
def with_added_tokens(request, tmp_path_factory):
    """A classifier of transformers whose tokenizer has added tokens, its table enlarged for them and padded."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    folder = write_classifier(request.param, tmp_path_factory.mktemp("added") / request.param)
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    tokenizer.add_tokens(["covid", "<e1>"])
    tokenizer.add_special_tokens({"extra_special_tokens": ["[USER]"]})
    model = AutoModelForSequenceClassification.from_pretrained(str(folder))
    model.resize_token_embeddings(len(tokenizer), pad_to_multiple_of=8)
    model.save_pretrained(str(folder))
    tokenizer.save_pretrained(str(folder))
    return folder


MARKED = ["[USER] my covid card", "<e1>good<e1> parcel", "bad [user] covid19", "plain"]


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_added_tokens_give_the_probabilities_of_transformers(with_added_tokens, tmp_path):
    expected = transformers_probabilities(with_added_tokens, MARKED)
    classifier = TextClassifier.from_pretrained(with_added_tokens)
    np.testing.assert_allclose(classifier.predict_proba(MARKED), expected, atol=1e-5)
    classifier.save(tmp_path / "saved")
    np.testing.assert_allclose(load(tmp_path / "saved").predict_proba(MARKED), expected, atol=1e-5)
    classifier.save_pretrained(tmp_path / "hub", texts=MARKED)
    np.testing.assert_allclose(transformers_probabilities(tmp_path / "hub", MARKED), expected, atol=1e-5)
    np.testing.assert_allclose(load(tmp_path / "hub").predict_proba(MARKED), expected, atol=1e-5)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_added_tokens_train_on_and_go_to_onnx_or_are_refused_by_name(with_added_tokens, tmp_path):
    pytest.importorskip("tf2onnx")
    classifier = TextClassifier.from_pretrained(with_added_tokens)
    classifier.set_params(epochs=1, verbose=False)
    classifier.fit(MARKED, ["joy", "anger", "other", "joy"])
    path = classifier.export_onnx(tmp_path / "onnx", texts=MARKED).path
    assert json.loads((path / "kerasbert.json").read_text())["split_special_tokens"] is True
    names = "'covid', '<e1>', .*USER" if "roberta" not in str(with_added_tokens) else "this one is BPE"
    for export in (classifier.export_saved_model, classifier.export_tflite):
        with pytest.raises(ConfigError, match=names):
            export(tmp_path / "out")


@pytest.mark.filterwarnings("ignore:.*holds a fine-tuned classifier")
def test_a_table_without_rows_for_added_tokens_is_refused(folders, tmp_path):
    folder = shutil.copytree(folders("bert"), tmp_path / "small")
    size = len((folder / "vocab.txt").read_text().split())
    (folder / "added_tokens.json").write_text(json.dumps({"covid": size}))
    with pytest.raises(ConfigError, match=rf"{size} rows .* 1 tokens beyond them \('covid' with id {size}\)"):
        TextClassifier.from_pretrained(folder)
    with pytest.raises(ConfigError, match=rf"the added token 'covid' with id {size}, vocab_size {size} in config.json"):
        TextClassifier(encoder=folder, verbose=False).fit(["good", "bad"] * 4, ["x", "y"] * 4)


SPELLED = ["good [SEP] card", "bad</s>parcel", "[MASK] <mask>", "[CLS]<s> thanks"]


@pytest.mark.parametrize("family", ["bert", "roberta"])
def test_spelled_separators_are_read_as_is_chosen(family, folders, tmp_path, recwarn):
    import torch  # noqa: F401

    folder = folders(family)
    expected = transformers_probabilities(folder, SPELLED)
    tokens = TextClassifier.from_pretrained(folder, split_special_tokens=False)
    np.testing.assert_allclose(tokens.predict_proba(SPELLED), expected, atol=1e-5)
    assert not [one for one in recwarn if issubclass(one.category, KerasbertWarning)]
    text = TextClassifier.from_pretrained(folder, split_special_tokens=True)
    expected_as_text = transformers_probabilities(folder, SPELLED, split_special_tokens=True)
    np.testing.assert_allclose(text.predict_proba(SPELLED), expected_as_text, atol=1e-5)
    assert np.abs(expected - expected_as_text).max() > 1e-3
    for classifier in (tokens, text):
        name = str(classifier.tokenizer_.split_special_tokens)
        classifier.save(tmp_path / name)
        np.testing.assert_array_equal(load(tmp_path / name).predict_proba(SPELLED), classifier.predict_proba(SPELLED))
        hub = classifier.save_pretrained(tmp_path / f"hub_{name}", texts=SPELLED).path
        np.testing.assert_allclose(
            transformers_probabilities(hub, SPELLED), classifier.predict_proba(SPELLED), atol=1e-5
        )


def test_a_spelled_separator_is_told_where_nothing_was_chosen(folders):
    classifier = TextClassifier.from_pretrained(folders("bert"))
    with pytest.warns(KerasbertWarning, match=r"spells the special token \[SEP\].*split_special_tokens=False"):
        classifier.predict(["good [SEP] card"])


def test_a_tokenizer_beside_the_folder(folders, tmp_path):
    from transformers import AutoTokenizer

    folder = shutil.copytree(folders("bert"), tmp_path / "checkpoint-7")
    for name in ("vocab.txt", "tokenizer_config.json"):
        (folder / name).unlink()
    with pytest.raises(ConfigError, match="holds no tokenizer"):
        TextClassifier.from_pretrained(folder)
    expected = transformers_probabilities(folders("bert"), SHORT)
    for given in (folders("bert"), AutoTokenizer.from_pretrained(str(folders("bert")))):
        classifier = TextClassifier.from_pretrained(folder, tokenizer=given)
        np.testing.assert_allclose(classifier.predict_proba(SHORT), expected, atol=1e-5)
        assert classifier.max_length == 32
    with pytest.raises(ConfigError, match="rows of token embeddings, and its tokenizer .* tokens beyond"):
        TextClassifier.from_pretrained(folder, tokenizer=folders("roberta"))
    with pytest.raises(TypeError, match="`tokenizer` must be a Tokenizer"):
        TextClassifier.from_pretrained(folder, tokenizer=3)
