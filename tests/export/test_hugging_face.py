import dataclasses
import json
import re
import sys

import numpy as np
import pytest
from hub_folders import CONFIGS, TEXTS, VOCABULARY, torch_logits, write_byte_level
from trained_classifiers import with_large_weights, with_subclasses

from kerasbert import ArtifactError, CheckpointError, ConfigError, TextClassifier, cli, load
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
    "weighted": (
        {"task": "multiclass", "layers": [1, 2], "combine": "weighted", "combine_before_pooling": True},
        LABELS,
    ),
    "mean of layers": ({"task": "multiclass", "layers": [1, 2], "combine": "mean", "pooling": "attention"}, LABELS),
    "max of layers": ({"task": "multiclass", "layers": [1, 2], "combine": "max", "hidden_units": (6, 4)}, LABELS),
    "multitask": (
        {"task": "multitask", "heads": {"topic": "multiclass", "flags": "multilabel", "spam": "binary"}},
        {"topic": LABELS, "flags": SETS, "spam": ["no", "yes"] * 3 + ["no"]},
    ),
    "hierarchical": ({"task": "hierarchical", "subclasses": TREE}, {"class": LABELS, "subclass": SUBLABELS}),
    "independent levels": (
        {"task": "hierarchical", "subclasses": TREE, "level_task": "multilabel"},
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
    model = build_multiclass(names, encoder=classifier.model_.encoder, **head, max_length=32)
    classifier.trained_ = dataclasses.replace(classifier.trained_, model=model)
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
    assert again.tokenizer_.max_length == 32


def readme_code(folder):
    """The code of a folder's README, which runs as it stands."""
    return re.search(
        r"^```python\n(.*?)^```$", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )[1]


@pytest.fixture
def remote_code(monkeypatch, tmp_path):
    """A cache of its own for code that transformers copies out of a folder."""
    from transformers import dynamic_module_utils

    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path / "modules"))
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "modules")])


def load_by_transformers(folder, kind="AutoModelForSequenceClassification"):
    import transformers

    return getattr(transformers, kind).from_pretrained(str(folder), trust_remote_code=True).eval()


def torch_probabilities(model, folder, texts=TEXTS):
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), trust_remote_code=True)
    with torch.no_grad():
        found = model.probabilities(**tokenizer(texts, padding=True, truncation=True, return_tensors="pt"))
    return {head: values.numpy() for head, values in found.items()}


def assert_same(got, expected):
    assert list(got) == list(expected)
    for head, values in expected.items():
        np.testing.assert_allclose(got[head], values, atol=1e-5)


@pytest.mark.parametrize("name", OTHERS)
def test_any_head_goes_to_pytorch_and_comes_back(name, encoders, tmp_path, monkeypatch, capsys, remote_code):
    arguments, labels = OTHERS[name]
    classifier = trained(encoders("bert"), labels, **arguments)
    report = classifier.save_pretrained(tmp_path / "hub", texts=TEXTS).report
    assert not report["standard_head"] and report["largest_difference"] <= 1e-5
    assert report["different_decisions"] == 0
    expected = classifier.trained_.probabilities(TEXTS)
    monkeypatch.chdir(tmp_path / "hub")
    exec(readme_code(tmp_path / "hub"), {})
    assert "tensor" in capsys.readouterr().out
    kind = "AutoModelForSequenceClassification" if len(expected) == 1 else "AutoModel"
    model = load_by_transformers(tmp_path / "hub", kind)
    assert_same(torch_probabilities(model, tmp_path / "hub"), expected)
    again = load(tmp_path / "hub")
    assert_same(again.trained_.probabilities(TEXTS), expected)
    assert_same(again.thresholds_, classifier.thresholds_)
    assert {n: h.label_names for n, h in again.model_.heads.items()} == {
        n: h.label_names for n, h in classifier.model_.heads.items()
    }
    assert (again.task, again.classes_ is not None, again.warm_start) == (classifier.task, True, True)


@pytest.mark.parametrize("name", OTHERS)
def test_a_pipeline_gives_the_labels_or_none(name, encoders, tmp_path, remote_code):
    """Never an answer of new weights, whether the folder's code is trusted or not."""
    from transformers import pipeline

    arguments, labels = OTHERS[name]
    classifier = trained(encoders("bert"), labels, **arguments)
    classifier.save_pretrained(tmp_path / "hub")
    card = (tmp_path / "hub" / "README.md").read_text(encoding="utf-8")
    several = len(classifier.model_.heads) > 1
    assert ("text-classification" in card) is not several
    for trusted in (False,) if not several else (False, True):
        with pytest.raises((ValueError, OSError)):
            pipeline("text-classification", str(tmp_path / "hub"), trust_remote_code=trusted)
    if not several:
        ask = pipeline("text-classification", str(tmp_path / "hub"), trust_remote_code=True)
        got = {one["label"]: one["score"] for one in ask("good card", top_k=None)}
        names = list(classifier.model_.head.label_names)
        expected = dict(zip(names, classifier.predict_proba(["good card"])[0], strict=True))
        assert got == pytest.approx(expected, abs=1e-5)


def test_levels_that_were_added_later(tiny_folder, tmp_path):
    classifier = with_subclasses(tiny_folder)
    report = classifier.save_pretrained(tmp_path / "hub", texts=TEXTS).report
    assert report["compared_with"].startswith("PyTorch") and report["largest_difference"] <= 1e-5
    assert_same(load(tmp_path / "hub").trained_.probabilities(TEXTS), classifier.trained_.probabilities(TEXTS))


@pytest.mark.parametrize("family", ["distilbert", "electra", "roberta"])
def test_any_head_of_every_family(family, encoders, tmp_path, remote_code):
    classifier = trained(encoders(family), LABELS, task="multiclass")
    report = classifier.save_pretrained(tmp_path / "hub", texts=TEXTS).report
    assert not report["standard_head"] and report["largest_difference"] <= 1e-5
    expected = classifier.trained_.probabilities(TEXTS)
    assert_same(load(tmp_path / "hub").trained_.probabilities(TEXTS), expected)
    logits = load_by_transformers(tmp_path / "hub")(**tokenized(tmp_path / "hub")).logits
    np.testing.assert_allclose(logits.softmax(-1).detach().numpy(), expected["probabilities"], atol=1e-5)


def tokenized(folder, texts=TEXTS):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=True)
    return tokenizer(texts, padding=True, truncation=True, return_tensors="pt")


@pytest.mark.parametrize("name", ["binary", "multilabel", "weighted", "layerwise"])
def test_trained_on_in_pytorch_it_comes_back(name, encoders, tmp_path, remote_code):
    arguments, labels = OTHERS[name]
    classifier = trained(encoders("bert"), labels, **arguments)
    classifier.save_pretrained(tmp_path / "hub")
    model = load_by_transformers(tmp_path / "hub")
    targets = torch.ones(1, 3) if name == "multilabel" else torch.tensor([1])
    model(**tokenized(tmp_path / "hub", ["good card"]), labels=targets).loss.backward()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.grad is not None:
                weight -= 0.1 * weight.grad
    assert all(weight.grad is not None for weight in model.weights.values())
    model.save_pretrained(tmp_path / "again")
    classifier.tokenizer_.save(tmp_path / "again")
    expected = torch_probabilities(model, tmp_path / "hub")
    assert_same(load(tmp_path / "again").trained_.probabilities(TEXTS), expected)
    assert np.abs(expected["probabilities"] - classifier.trained_.probabilities(TEXTS)["probabilities"]).max() > 1e-4


@pytest.mark.parametrize("pooling", ["mean", "pooler"])
def test_label_names_stay_text(pooling, encoders, tmp_path):
    names = ['"quoted" ```', "'; import os", "línea\nnew 👍"]
    labels = [names[i % 3] for i in range(7)]
    classifier = trained(encoders("bert"), labels, task="multiclass", label_names=names, pooling=pooling)
    assert classifier.save_pretrained(tmp_path / "hub").report["largest_difference"] <= 1e-5
    assert list(load(tmp_path / "hub").classes_) == names
    code = tmp_path / "hub" / "modeling_kerasbert.py"
    assert pooling == "pooler" or "import os" not in code.read_text(encoding="utf-8")


@pytest.mark.parametrize("pooling", ["mean", "pooler"])
def test_integers_stay_integers_and_the_columns_are_known(pooling, encoders, tmp_path):
    classifier = trained(encoders("bert"), [3, 1, 2, 1, 3, 2, 1], task="multiclass", pooling=pooling)
    metrics = {"reading": {"text": "body", "columns": ["topic"]}, "test": {}}
    classifier.trained_ = dataclasses.replace(classifier.trained_, metrics=metrics)
    classifier.save_pretrained(tmp_path / "hub")
    again = load(tmp_path / "hub")
    assert again.classes_.tolist() == [1, 2, 3] and again.predict(TEXTS).tolist() == classifier.predict(TEXTS).tolist()
    assert again.data_ == classifier.data_ and again.data_["num_texts"] == 7
    assert again.metrics_ == {"reading": {"text": "body", "columns": ["topic"]}}


def rewritten(file, change):
    values = json.loads(file.read_text(encoding="utf-8"))
    change(values)
    file.write_text(json.dumps(values), encoding="utf-8")


def test_thresholds_of_other_labels_are_not_used(encoders, tmp_path):
    classifier = trained(encoders("bert"), SETS, task="multilabel", pooling="pooler")
    classifier.save_pretrained(tmp_path / "hub")
    assert_same(load(tmp_path / "hub").thresholds_, classifier.thresholds_)
    rewritten(tmp_path / "hub" / "config.json", lambda values: values.update(id2label={"0": "p", "1": "q", "2": "r"}))
    assert load(tmp_path / "hub").thresholds_["probabilities"].tolist() == [0.5] * 3


SPOILED = {
    "labels in another order": (
        lambda values: values["id2label"].update({"0": "y", "1": "x"}),
        ArtifactError,
        "gives its labels two orders or names",
    ),
    "no architecture": (
        lambda values: values.pop("kerasbert"),
        ArtifactError,
        "does not describe a classifier .*KeyError",
    ),
    "another builder": (
        lambda values: values["kerasbert"].update(builder="os.system"),
        ArtifactError,
        "does not describe a classifier .*'os.system'",
    ),
    "no such layer": (
        lambda values: values["kerasbert"]["arguments"].update(layers=[9]),
        ArtifactError,
        "does not describe a classifier",
    ),
    "huge hidden layer": (
        lambda values: values["kerasbert"]["arguments"].update(hidden_units=[10**9]),
        CheckpointError,
        "no tensor of the head has the 1000000000 units",
    ),
    "huge encoder": (
        lambda values: values["kerasbert"]["arguments"]["encoder"].update(hidden_size=60_000),
        CheckpointError,
        "its tensors do not fit the config",
    ),
    "a layer more": (
        lambda values: values["kerasbert"]["arguments"].update(hidden_units=[16]),
        CheckpointError,
        "does not fit its config.json: missing .'weights.probabilities/hidden_0/",
    ),
    "another width": (
        lambda values: values["kerasbert"]["arguments"].update(layers=[1, 2], combine="concat"),
        CheckpointError,
        r"logits/kernel must have shape \(32, 3\); got \(16, 3\)",
    ),
    "a foreign family": (
        lambda values: values["encoder"].update(model_type="t5"),
        ConfigError,
        "`model_type` must be one of .*; got 't5'",
    ),
}


@pytest.mark.parametrize("name", SPOILED)
def test_a_changed_folder_is_refused(name, encoders, tmp_path):
    change, error, message = SPOILED[name]
    trained(encoders("bert"), LABELS, task="multiclass").save_pretrained(tmp_path / "hub")
    rewritten(tmp_path / "hub" / "config.json", change)
    with pytest.raises(error, match=message):
        load(tmp_path / "hub")


def test_a_weight_that_is_no_number_is_refused(encoders, tmp_path):
    from safetensors.numpy import load_file, save_file

    trained(encoders("bert"), LABELS, task="multiclass").save_pretrained(tmp_path / "hub")
    tensors = load_file(tmp_path / "hub" / "model.safetensors")
    tensors["weights.probabilities/logits/bias"][1] = np.nan
    save_file(tensors, tmp_path / "hub" / "model.safetensors")
    with pytest.raises(CheckpointError, match="weights.probabilities/logits/bias holds NaN or infinity"):
        load(tmp_path / "hub")


def test_a_problem_type_of_an_own_folder_is_refused(encoders, tmp_path):
    trained(encoders("bert"), LABELS, task="multiclass").save_pretrained(tmp_path / "hub")
    with pytest.raises(ConfigError, match="`problem_type` must be None for .* exported with its task"):
        TextClassifier.from_pretrained(tmp_path / "hub", problem_type="multi_label_classification")


def test_the_encoder_of_an_own_folder(encoders, tmp_path):
    from kerasbert import TFBertModel
    from kerasbert.encoders.checkpoints.live import LiveEncoderSource

    classifier = trained(encoders("bert"), LABELS, task="multiclass")
    classifier.save_pretrained(tmp_path / "hub")
    source, own = (
        LiveEncoderSource(one) for one in (TFBertModel.from_pretrained(tmp_path / "hub"), classifier.model_.encoder)
    )
    assert all(np.array_equal(source.read(name), own.read(name)) for name in own.names())


def test_special_tokens_stay_text_in_transformers(encoders, tmp_path, remote_code):
    from transformers import AutoTokenizer

    for family in ("bert", "roberta", "distilbert"):
        classifier = trained(encoders(family), LABELS, task="multiclass")
        classifier.save_pretrained(tmp_path / family)
        got = AutoTokenizer.from_pretrained(str(tmp_path / family), trust_remote_code=True)(TEXTS, truncation=True)
        ids = classifier.tokenizer_.encode(TEXTS)
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
    assert other["compared_with"] == "kerasbert" and other["largest_difference"] <= 1e-6


@pytest.mark.parametrize("way", ["windows", "head_tail"])
def test_what_tokenizers_cannot_do_is_refused(way, encoders, tmp_path):
    classifier = trained(encoders("bert"), LABELS, task="multiclass", long_texts=way)
    with pytest.raises(ConfigError, match=f"must be 'truncate'.* got '{way}'"):
        classifier.save_pretrained(tmp_path / "hub")


def test_an_unknown_activation_is_refused(encoders, tmp_path):
    from kerasbert import build_multiclass

    classifier = trained(encoders("bert"), LABELS, task="multiclass")
    head = {"hidden_units": (4,), "hidden_activation": "hard_tanh"}
    model = build_multiclass(3, encoder=classifier.model_.encoder, **head, max_length=32)
    classifier.trained_ = dataclasses.replace(classifier.trained_, model=model)
    with pytest.raises(ConfigError, match="to be rebuilt in PyTorch; got 'hard_tanh'"):
        classifier.save_pretrained(tmp_path / "hub")
    assert list(tmp_path.iterdir()) == []


def test_a_difference_is_counted():
    class Own:
        def y_pred(self, probabilities):
            return {head: values >= 0.5 for head, values in probabilities.items()}

    expected = {"probabilities": np.array([[0.2], [0.6]])}
    got = comparison.in_units({"probabilities": np.array([[0.8, 0.2], [0.55, 0.45]])}, expected)
    found = comparison.differences(Own(), expected, got)
    assert found == {"largest_difference": pytest.approx(0.15), "different_decisions": 1}


@pytest.mark.parametrize("pooling", ["pooler", "mean"])
def test_the_commands_take_such_folders(pooling, encoders, tmp_path, capsys):
    classifier = trained(encoders("bert"), LABELS, task="multiclass", pooling=pooling)
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
