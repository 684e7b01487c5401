import json
import shutil

import numpy as np
import pytest
from hub_folders import CONFIGS, TEXTS, torch_logits, write_classifier

from kerasbert import CheckpointError, ConfigError, TextClassifier
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
    """A copy of a folder whose config has other values; None takes a key away."""

    def change(family="bert", **values):
        folder = shutil.copytree(folders(family), tmp_path / "changed")
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kept = {key: value for key, value in {**config, **values}.items() if value is not None}
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
    return keras.ops.convert_to_numpy(inner(classifier.tokens_(texts), training=False))


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
    assert TextClassifier.from_pretrained(folders("bert")).tokens_.max_length == 32
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
    "no number": ({"id2label": {"0": "joy", "2": "anger"}}, "`id2label` must name every output"),
    "no name": ({"id2label": {"0": "joy", "1": None}}, "`id2label` must name every output"),
    "no dict": ({"id2label": ["joy", "anger"]}, "`id2label` must name every output"),
    "too many": ({"id2label": None, "num_labels": 10**12}, "`num_labels` must be from 1"),
    "twice the same": ({"id2label": {"0": "joy", "1": "Joy", "2": "x"}}, "differ by more than case"),
    "another head": ({"architectures": ["BertForTokenClassification"]}, "must hold a BertForSequenceClassification"),
    "another family": ({"model_type": "deberta-v2"}, "`model_type` must be one of"),
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


def test_it_trains_on_saves_and_loads(folders, tmp_path):
    from kerasbert import load

    classifier = TextClassifier.from_pretrained(folders("electra"))
    before = logits_of(classifier, ["good card"])
    classifier.set_params(epochs=1, progress=False, learning_rate=1e-12, head_learning_rate=1e-12)
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
