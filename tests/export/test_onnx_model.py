import dataclasses
import json
import re

import numpy as np
import pytest
from trained_classifiers import with_large_weights, with_subclasses

from kerasbert import ArtifactError, ConfigError, TextClassifier, cli
from kerasbert.encoders.families import ENCODERS
from kerasbert.export import comparison, onnx_model

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")
TEXTS = ["good card", "bad parcel!", "thanks", "", "refund please", "[SEP] is my card late?", "good " * 60]
LABELS = ["x", "y", "z", "y", "x", "z", "y"]
SETS = [["a"], ["a", "b"], [], ["b"], ["c"], ["a", "c"], ["b"]]
TREE = {"x": ["x1", "x2"], "y": ["y1"], "z": ["z1", "z2", "z3"]}
FORMS = {
    "pooler": ({"task": "multilabel", "pooling": "pooler"}, SETS),
    "first token, binary": ({"task": "binary", "pooling": "cls", "hidden_units": (5,)}, ["no", "yes"] * 3 + ["no"]),
    "attention": (
        {"task": "multiclass", "layers": [0, 1, 2], "combine": "attention", "pooling": "multihead_attention"},
        LABELS,
    ),
    "weighted, max": (
        {
            "task": "multiclass",
            "layers": [1, 2],
            "combine": "weighted",
            "combine_before_pooling": True,
            "pooling": "max",
        },
        LABELS,
    ),
    "multitask": (
        {"task": "multitask", "heads": {"topic": "multiclass", "flags": "multilabel", "spam": "binary"}},
        {"topic": LABELS, "flags": SETS, "spam": ["no", "yes"] * 3 + ["no"]},
    ),
    "hierarchical": (
        {"task": "hierarchical", "subclasses": TREE},
        {"class": LABELS, "subclass": [label + "1" for label in LABELS]},
    ),
    "independent levels": (
        {"task": "hierarchical", "subclasses": TREE, "level_task": "multilabel"},
        {"class": [[one] for one in LABELS], "subclass": [[one + "1"] for one in LABELS]},
    ),
    "layerwise": ({"task": "multiclass", "layerwise": True, "pooling": "last"}, LABELS),
}


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(comparison, "TIMED_CALLS", 3)


def trained(folder, labels, **arguments):
    return with_large_weights(folder, TEXTS, labels, **arguments)


@pytest.mark.parametrize("name", FORMS)
def test_onnx_runtime_gives_the_same(name, tiny_folder, tmp_path, monkeypatch, capsys):
    arguments, labels = FORMS[name]
    classifier = trained(tiny_folder, labels, **arguments)
    export = classifier.export_onnx(tmp_path / "onnx", texts=TEXTS, labels=labels)
    assert export.report["largest_difference"] <= 1e-5 and export.report["different_decisions"] == 0
    assert export.report["accuracy"] == export.report["accuracy_of_classifier"]
    # The card's code alone, from the folder alone.
    monkeypatch.chdir(export.path)
    card = (export.path / "README.md").read_text(encoding="utf-8")
    space = {}
    exec(re.search(r"^```python\n(.*?)^```$", card, re.DOTALL | re.MULTILINE)[1], space)
    expected = classifier.trained_.probabilities(TEXTS)
    got = space["probabilities"](TEXTS)
    assert list(got) == list(expected)
    for head, values in expected.items():
        np.testing.assert_allclose(got[head], values, atol=1e-5)
        assert str(list(classifier.model_.heads[head].label_names)) in capsys.readouterr().out or len(expected) > 1


def test_levels_that_were_added_later(tiny_folder, tmp_path):
    import onnxruntime

    classifier = with_subclasses(tiny_folder)
    path = classifier.export_onnx(tmp_path / "onnx", texts=TEXTS).path
    session = onnxruntime.InferenceSession(str(path / "model.onnx"))
    tokens, names = classifier.tokenizer_(TEXTS), [one.name for one in session.get_outputs()]
    got = dict(zip(names, session.run(None, {one.name: tokens[one.name] for one in session.get_inputs()}), strict=True))
    expected = classifier.predict_proba(TEXTS)
    assert list(got) == list(expected) == ["class", "subclass"]
    for head, values in expected.items():
        np.testing.assert_allclose(got[head], values, atol=1e-5)


def test_a_folder_in_the_way_is_left_alone(tiny_folder, tmp_path):
    classifier = trained(tiny_folder, LABELS, task="multiclass")
    classifier.export_onnx(tmp_path / "onnx")
    before = (tmp_path / "onnx" / "model.onnx").read_bytes()
    with pytest.raises(ArtifactError, match="already holds an ONNX export"):
        classifier.export_onnx(tmp_path / "onnx")
    assert (tmp_path / "onnx" / "model.onnx").read_bytes() == before
    other = trained(tiny_folder, LABELS, task="multiclass", pooling="max").export_onnx(
        tmp_path / "onnx", overwrite=True
    )
    assert (other.path / "model.onnx").read_bytes() != before


@pytest.mark.parametrize("way", ["windows", "head_tail"])
def test_what_tokenizers_cannot_do_is_refused(way, tiny_folder, tmp_path):
    with pytest.raises(ConfigError, match=f"must be 'truncate'.* got '{way}'"):
        trained(tiny_folder, LABELS, task="multiclass", long_texts=way).export_onnx(tmp_path / "onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("family", ["distilbert", "electra", "roberta"])
def test_every_family(family, tiny_folder, tmp_path):
    sizes = {"vocab_size": 23, "max_position_embeddings": 40, "num_hidden_layers": 1, "hidden_size": 8}
    sizes |= {"num_attention_heads": 2, "intermediate_size": 8, "model_type": family}
    if family == "electra":
        sizes |= {"embedding_size": 4}
    if family == "distilbert":
        sizes |= {"dim": 8, "n_layers": 1, "n_heads": 2, "hidden_dim": 8}
    ENCODERS[family](sizes).save_pretrained(tmp_path / family)
    for name in ("vocab.txt", "tokenizer_config.json"):
        (tmp_path / family / name).write_bytes((tiny_folder / name).read_bytes())
    classifier = trained(tmp_path / family, LABELS, task="multiclass")
    assert classifier.export_onnx(tmp_path / "onnx", texts=TEXTS).report["largest_difference"] <= 1e-5


def test_a_gelu_in_the_head_is_one_that_runs(tiny_folder, tmp_path):
    from kerasbert import build_multiclass

    classifier = trained(tiny_folder, LABELS, task="multiclass")
    head = {"hidden_units": (6,), "hidden_activation": "gelu"}
    encoder = classifier.model_.encoder
    model = build_multiclass(["x", "y", "z"], encoder=encoder, **head, max_length=32, compile=False)
    classifier.trained_ = dataclasses.replace(classifier.trained_, model=model)
    assert classifier.export_onnx(tmp_path / "onnx", texts=TEXTS).report["largest_difference"] <= 1e-5


def test_half_precision_is_written_as_float32(tiny_folder, tmp_path):
    classifier = trained(tiny_folder, LABELS, task="multiclass", precision="mixed_bfloat16")
    report = classifier.export_onnx(tmp_path / "onnx", texts=TEXTS).report
    assert 0 < report["largest_difference"] <= 0.05


def test_batch_and_length_are_free(tiny_folder, tmp_path):
    import onnxruntime

    trained(tiny_folder, LABELS, task="multiclass").export_onnx(tmp_path / "onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "onnx" / "model.onnx"))
    names = {one.name: one for one in session.get_inputs()}
    assert set(names) == {"input_ids", "attention_mask", "token_type_ids"}
    assert all(one.type == "tensor(int32)" and len(one.shape) == 2 for one in names.values())
    assert not any(isinstance(size, int) for one in names.values() for size in one.shape)
    for shape in ((1, 3), (5, 17), (2, 32)):
        assert session.run(None, {name: np.ones(shape, "int32") for name in names})[0].shape == (shape[0], 3)


def test_the_folder_describes_itself(tiny_folder, tmp_path):
    classifier = trained(tiny_folder, SETS, task="multilabel")
    report = classifier.export_onnx(tmp_path / "onnx").report
    about = json.loads((tmp_path / "onnx" / "kerasbert.json").read_text(encoding="utf-8"))
    assert about["report"] == report and about["format"] == "onnx" and about["max_length"] == 32
    assert about["heads"]["probabilities"]["thresholds"] == classifier.thresholds_["probabilities"].tolist()


def test_what_differs_is_not_written(tiny_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(comparison, "TOLERANCE", -1.0)
    with pytest.raises(ArtifactError, match="differs from the classifier"):
        trained(tiny_folder, LABELS, task="multiclass").export_onnx(tmp_path / "onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_told(tiny_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_model, "PACKAGES", ("onnx", "no_such_package"))
    with pytest.raises(ConfigError, match=r"needs the package no_such_package: pip install 'kerasbert\[onnx\]'"):
        TextClassifier("binary").export_onnx(tmp_path / "onnx")


def test_the_command(tiny_folder, tmp_path, capsys):
    trained(tiny_folder, LABELS, task="multiclass").save(tmp_path / "saved")
    command = ["export", str(tmp_path / "saved"), "--format", "onnx", "--output", str(tmp_path / "onnx")]
    assert cli.main(command) == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(tmp_path / "onnx") and "ONNX Runtime" in told.err
    assert cli.main([*command, "--version", "3"]) == 2
    assert "--version goes with --format saved_model" in capsys.readouterr().err
