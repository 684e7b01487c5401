import json
import re

import numpy as np
import pytest
from hub_folders import CONFIGS, TEXTS, VOCABULARY, torch_logits, write_byte_level
from trained_classifiers import with_large_weights, with_subclasses

from kerasbert import ArtifactError, ConfigError, TextClassifier, cli, load
from kerasbert.encoders.families import ENCODERS
from kerasbert.export import comparison, hugging_face

torch = pytest.importorskip("torch")
LABELS = ["x", "y", "z", "y", "x", "z", "y"]
SETS = [["a"], ["a", "b"], [], ["b"], ["c"], ["a", "c"], ["b"]]
TREE = {"x": ["x1", "x2"], "y": ["y1"], "z": ["z1", "z2", "z3"]}
SUBLABELS = [label + "1" for label in LABELS]
STANDARD = {
    "bert": {"pooling": "pooler"},
    "distilbert": {"pooling": "cls", "hidden_units": (16,)},
    "roberta": {"pooling": "pooler"},
}
OTHERS = {
    "pooler, hidden layer": ({"task": "multiclass", "pooling": "pooler", "hidden_units": (7,)}, LABELS),
    "binary": ({"task": "binary", "pooling": "last"}, ["no", "yes"] * 3 + ["no"]),
    "multilabel": ({"task": "multilabel", "pooling": "max", "layers": [0, 1, 2]}, SETS),
    "attention": (
        {"task": "multiclass", "layers": [0, 1, 2], "combine": "attention", "pooling": "multihead_attention"},
        LABELS,
    ),
    "weighted": ({"task": "multiclass", "layers": [1, 2], "combine": "weighted", "combine_first": True}, LABELS),
    "mean of layers": ({"task": "multiclass", "layers": [1, 2], "combine": "mean", "pooling": "attention"}, LABELS),
    "max of layers": ({"task": "multiclass", "layers": [1, 2], "combine": "max", "hidden_units": (6, 4)}, LABELS),
    "multitask": (
        {"task": "multitask", "heads": {"topic": "multiclass", "flags": "multilabel", "spam": "binary"}},
        {"topic": LABELS, "flags": SETS, "spam": ["no", "yes"] * 3 + ["no"]},
    ),
    "hierarchical": ({"task": "hierarchical", "subclasses": TREE}, {"class": LABELS, "subclass": SUBLABELS}),
    "independent levels": (
        {"task": "hierarchical", "subclasses": TREE, "multilabel": True},
        {"class": [[one] for one in LABELS], "subclass": [[one] for one in SUBLABELS]},
    ),
    "layerwise": ({"task": "multiclass", "layerwise": True, "pooling": "attention"}, LABELS),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(comparison, "TIMED_CALLS", 3)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    made = {}

    def make(family):
        if family not in made:
            folder = tmp_path_factory.mktemp("encoders") / family
            size = 264 if family == "roberta" else len(VOCABULARY)
            config = {"max_position_embeddings": 40, **CONFIGS[family], "model_type": family, "vocab_size": size}
            ENCODERS[family](config).save_pretrained(folder)
            if family == "roberta":
                write_byte_level(folder)
            else:
                (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n", encoding="utf-8")
            made[family] = folder
        return made[family]

    return make


def trained(folder, labels, **arguments):
    return with_large_weights(folder, TEXTS, labels, **arguments)


@pytest.mark.parametrize(
    ("task", "family"),
    [*(("multiclass", family) for family in STANDARD), ("multilabel", "bert"), ("binary", "roberta")],
)
def test_transformers_gives_the_same(task, family, encoders, tmp_path):
    labels = {"multiclass": LABELS, "multilabel": SETS, "binary": ["no", "yes"] * 3 + ["no"]}[task]
    classifier = trained(encoders(family), labels, task=task, **STANDARD[family])
    export = classifier.save_pretrained(tmp_path / "hub", texts=TEXTS)
    assert export.report["standard_head"] and export.report["compared_with"].startswith("PyTorch")
    assert export.report["largest_difference"] <= 1e-5 and export.report["different_decisions"] == 0
    logits, expected = torch_logits(export.path, TEXTS), classifier.predict_proba(TEXTS)
    if task == "multilabel":
        got = 1 / (1 + np.exp(-logits))
    else:
        got = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(got, expected, atol=1e-5)
    assert np.ptp(expected, axis=0).max() > 1e-3


def test_an_electra_head_is_its_own(encoders, tmp_path):
    """`TextClassifier` has no argument for GELU in the head, so the model is put in its place."""
    from kerasbert import build_multiclass

    classifier = trained(encoders("electra"), LABELS, task="multiclass", pooling="cls", hidden_units=(16,))
    names = list(classifier.classes_)
    head = {"pooling": "cls", "hidden_units": (16,), "hidden_activation": "gelu"}
    classifier.model_ = build_multiclass(names, encoder=classifier.model_.encoder, **head, max_length=32)
    report = classifier.save_pretrained(tmp_path / "hub", texts=TEXTS).report
    assert report["standard_head"] and report["largest_difference"] <= 1e-5


@pytest.mark.parametrize(("task", "family"), [("binary", "bert"), ("multilabel", "distilbert")])
def test_it_comes_back_as_it_was(task, family, encoders, tmp_path):
    labels = SETS if task == "multilabel" else ["no", "yes"] * 3 + ["no"]
    classifier = trained(encoders(family), labels, task=task, **STANDARD[family])
    classifier.save_pretrained(tmp_path / task)
    again = TextClassifier.from_pretrained(tmp_path / task)
    thresholds = classifier.thresholds_["probabilities"].tolist()
    assert again.task == task and again.thresholds_["probabilities"].tolist() == thresholds
    np.testing.assert_allclose(again.predict_proba(TEXTS), classifier.predict_proba(TEXTS), atol=1e-6)
    assert list(again.predict(TEXTS)) == list(classifier.predict(TEXTS))
    assert again.tokens_.max_length == 32


def readme_code(folder):
    """The code of a folder's README, which runs as it stands."""
    return re.search(
        r"^```python\n(.*?)^```$", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )[1]


@pytest.mark.parametrize("name", OTHERS)
def test_the_readme_rebuilds_any_head(name, encoders, tmp_path, monkeypatch, capsys):
    arguments, labels = OTHERS[name]
    classifier = trained(encoders("bert"), labels, **arguments)
    report = classifier.save_pretrained(tmp_path / "hub", texts=TEXTS).report
    assert not report["standard_head"] and report["largest_difference"] <= 1e-5
    assert report["different_decisions"] == 0
    monkeypatch.chdir(tmp_path / "hub")
    space = {}
    exec(readme_code(tmp_path / "hub"), space)
    assert "tensor" in capsys.readouterr().out
    tokens = space["tokenizer"](TEXTS, padding=True, truncation=True, return_tensors="pt")
    got = space["probabilities"](space["model"](**tokens))
    expected = classifier._probabilities(TEXTS, None)
    assert set(got) == set(expected) == set(space["LABELS"])
    for head, values in expected.items():
        np.testing.assert_allclose(got[head].detach().numpy(), values, atol=1e-5)
        assert space["LABELS"][head] == list(classifier.model_.heads[head].label_names)


def test_levels_that_were_added_later(tiny_folder, tmp_path):
    report = with_subclasses(tiny_folder).save_pretrained(tmp_path / "hub", texts=TEXTS).report
    assert report["compared_with"].startswith("PyTorch") and report["largest_difference"] <= 1e-5


@pytest.mark.parametrize("family", ["distilbert", "electra", "roberta"])
def test_the_readme_works_for_every_family(family, encoders, tmp_path):
    report = trained(encoders(family), LABELS, task="multiclass").save_pretrained(tmp_path / "hub", texts=TEXTS).report
    assert not report["standard_head"] and report["largest_difference"] <= 1e-5


def test_what_the_readme_rebuilds_can_be_trained(encoders, tmp_path):
    trained(encoders("bert"), LABELS, task="multiclass").save_pretrained(tmp_path / "hub")
    code = hugging_face.torch_code(load_model(encoders))
    space = {}
    exec(code, space)
    tokenizer, model = space["load"](str(tmp_path / "hub"))
    model.train()
    logits = model(**tokenizer(["good card"], return_tensors="pt"))["probabilities"]
    torch.nn.functional.cross_entropy(logits, torch.tensor([1])).backward()
    assert all(weight.grad is not None for weight in model.weights.values())


def load_model(encoders):
    return trained(encoders("bert"), LABELS, task="multiclass").model_


def test_label_names_stay_text(encoders, tmp_path):
    names = ['"quoted" ```', "'; import os", "línea\nnew 👍"]
    classifier = trained(encoders("bert"), [names[i % 3] for i in range(7)], task="multiclass", label_names=names)
    assert classifier.save_pretrained(tmp_path / "hub").report["largest_difference"] <= 1e-5
    space = {}
    exec(readme_code(tmp_path / "hub").partition("\n\ntokenizer, model")[0], space)
    assert space["LABELS"] == {"probabilities": names}


def test_special_tokens_stay_text_in_transformers(encoders, tmp_path):
    from transformers import AutoTokenizer

    for family in ("bert", "roberta", "distilbert"):
        classifier = trained(encoders(family), LABELS, task="multiclass")
        classifier.save_pretrained(tmp_path / family)
        got = AutoTokenizer.from_pretrained(str(tmp_path / family))(TEXTS, truncation=True)
        ids = classifier.tokens_.encode(TEXTS)
        assert [number for row in got["input_ids"] for number in row] == ids.input_ids.tolist()
        assert ("token_type_ids" in got) == (family == "bert")


def test_the_folder_is_whole_and_told_of(encoders, tmp_path):
    classifier = trained(encoders("bert"), LABELS, task="multiclass", pooling="pooler")
    report = classifier.save_pretrained(tmp_path / "hub", texts=TEXTS, labels=LABELS).report
    assert json.loads((tmp_path / "hub" / "parity.json").read_text(encoding="utf-8")) == report
    assert report["accuracy"] == report["accuracy_of_classifier"] == classifier.score(TEXTS, LABELS)
    assert report["size_bytes"] > 0 and report["latency_p50_ms"] <= report["latency_p95_ms"]
    card = (tmp_path / "hub" / "README.md").read_text(encoding="utf-8")
    assert "library_name: transformers" in card and "| largest difference |" in card
    assert "AutoModelForSequenceClassification" in card and str(tmp_path) not in card


def test_a_folder_in_the_way_is_left_alone(encoders, tmp_path):
    classifier = trained(encoders("bert"), LABELS, task="multiclass", pooling="pooler")
    classifier.save_pretrained(tmp_path / "hub")
    before = (tmp_path / "hub" / "model.safetensors").read_bytes()
    with pytest.raises(ArtifactError, match="already holds a Hugging Face export"):
        classifier.save_pretrained(tmp_path / "hub")
    assert (tmp_path / "hub" / "model.safetensors").read_bytes() == before
    classifier.save_pretrained(tmp_path / "hub", overwrite=True)


def test_what_differs_is_not_written(encoders, tmp_path, monkeypatch):
    monkeypatch.setattr(comparison, "TOLERANCE", -1.0)
    with pytest.raises(ArtifactError, match="differs from the classifier"):
        trained(encoders("bert"), LABELS, task="multiclass").save_pretrained(tmp_path / "hub")
    assert list(tmp_path.iterdir()) == []


def test_without_pytorch_it_is_read_back(encoders, tmp_path, monkeypatch):
    monkeypatch.setattr(hugging_face.importlib.util, "find_spec", lambda name: None)
    standard = trained(encoders("bert"), LABELS, task="multiclass", pooling="pooler")
    report = standard.save_pretrained(tmp_path / "standard").report
    assert report["compared_with"] == "kerasbert" and report["largest_difference"] <= 1e-6
    other = trained(encoders("bert"), LABELS, task="multiclass").save_pretrained(tmp_path / "other").report
    assert "not installed" in other["compared_with"] and "largest_difference" not in other


@pytest.mark.parametrize("way", ["windows", "head_tail"])
def test_what_tokenizers_cannot_do_is_refused(way, encoders, tmp_path):
    classifier = trained(encoders("bert"), LABELS, task="multiclass", long_texts=way)
    with pytest.raises(ConfigError, match=f"must be 'truncate'.* got '{way}'"):
        classifier.save_pretrained(tmp_path / "hub")


def test_an_unknown_activation_is_refused(encoders, tmp_path):
    from kerasbert import build_multiclass

    classifier = trained(encoders("bert"), LABELS, task="multiclass")
    head = {"hidden_units": (4,), "hidden_activation": "hard_tanh"}
    classifier.model_ = build_multiclass(3, encoder=classifier.model_.encoder, **head, max_length=32)
    with pytest.raises(ConfigError, match="to be rebuilt in PyTorch; got 'hard_tanh'"):
        classifier.save_pretrained(tmp_path / "hub")
    assert list(tmp_path.iterdir()) == []


def test_loading_such_a_folder_as_a_saved_one_tells_how(encoders, tmp_path):
    trained(encoders("bert"), LABELS, task="multiclass", pooling="pooler").save_pretrained(tmp_path / "hub")
    with pytest.raises(ArtifactError, match=r"TextClassifier.from_pretrained\("):
        load(tmp_path / "hub")


def test_a_difference_is_counted():
    class Own:
        def decide_all(self, probabilities):
            return {head: values >= 0.5 for head, values in probabilities.items()}

    expected = {"probabilities": np.array([[0.2], [0.6]])}
    got = comparison.in_units({"probabilities": np.array([[0.8, 0.2], [0.55, 0.45]])}, expected)
    found = comparison.differences(Own(), expected, got)
    assert found == {"largest_difference": pytest.approx(0.15), "different_decisions": 1}


def test_the_commands_take_such_folders(encoders, tmp_path, capsys):
    classifier = trained(encoders("bert"), LABELS, task="multiclass", pooling="pooler")
    classifier.save(tmp_path / "saved")
    command = ["export", str(tmp_path / "saved"), "--format", "huggingface", "--output", str(tmp_path / "hub")]
    assert cli.main(command) == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(tmp_path / "hub") and "largest difference" in told.err
    assert cli.main(command) == 1 and "already holds" in capsys.readouterr().err
    assert cli.main([*command, "--overwrite"]) == 0
    capsys.readouterr()
    assert cli.main(["predict", str(tmp_path / "hub"), "good card", "--format", "json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["labels"] == [classifier.predict(["good card"])[0]]
    (tmp_path / "data.csv").write_text("text,label\ngood card,x\nthanks,y\n", encoding="utf-8")
    assert cli.main(["evaluate", str(tmp_path / "hub"), str(tmp_path / "data.csv"), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["num_examples"] == 2
    served = ["--output", str(tmp_path / "served"), "--no-warmup"]
    assert cli.main(["export", str(tmp_path / "hub"), *served]) == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "served" / "1")
