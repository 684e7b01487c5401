import dataclasses
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import keras
import numpy as np
import pytest
from trained_classifiers import with_large_weights, with_subclasses

from kerasbert import ArtifactError, ConfigError, TextClassifier, TFBertModel, cli, load
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.encoders.families import ENCODERS
from kerasbert.export import comparison, onnx_model
from kerasbert.export.artefacts import open_artefact
from kerasbert.export.description import read_export
from kerasbert.export.onnx_runtime import open_session, output_name

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
    export = classifier.export_onnx(tmp_path / "onnx", scores="probabilities", texts=TEXTS, labels=labels)
    assert export.report["largest_difference"] <= 1e-5 and export.report["different_decisions"] == 0
    assert export.report["accuracy"] == export.report["accuracy_of_classifier"]
    # The card's code alone, from the folder alone.
    got = run_card(export.path, monkeypatch, "probabilities")
    expected = by_head(classifier.predict_proba(TEXTS))
    assert list(got) == [output_name(head, "probabilities") for head in expected]
    for head, values in expected.items():
        np.testing.assert_allclose(got[output_name(head, "probabilities")], values, atol=1e-5)
        assert str(list(classifier.model_.heads[head].label_names)) in capsys.readouterr().out or len(expected) > 1


def by_head(value):
    return value if isinstance(value, dict) else {SINGLE_HEAD: value}


def run_card(folder, monkeypatch, scores):
    """What the code in the card of a folder gives for the texts, with transformers' tokenizer, by output."""
    monkeypatch.chdir(folder)
    card = (folder / "README.md").read_text(encoding="utf-8")
    space = {}
    exec(re.search(r"^```python\n(.*?)^```$", card, re.DOTALL | re.MULTILINE)[1], space)
    return space[scores](TEXTS)


@pytest.mark.parametrize("name", ["pooler", "first token, binary", "layerwise", "independent levels", "hierarchical"])
def test_logits_give_the_probabilities(name, tiny_folder, tmp_path, monkeypatch):
    arguments, labels = FORMS[name]
    classifier = trained(tiny_folder, labels, **arguments)
    export = classifier.export_onnx(tmp_path / "onnx", texts=TEXTS)
    assert export.report["largest_difference"] <= 1e-5
    got = run_card(export.path, monkeypatch, "logits")
    for head, values in by_head(classifier.predict_proba(TEXTS)).items():
        logits = got[output_name(head, "logits")].astype(float)
        exclusive = classifier.model_.heads[head].task.exclusive
        read = np.exp(logits) / np.exp(logits).sum(1, keepdims=True) if exclusive else 1 / (1 + np.exp(-logits))
        np.testing.assert_allclose(read, values, atol=1e-5)


def test_levels_that_were_added_later(tiny_folder, tmp_path):
    classifier = with_subclasses(tiny_folder)
    path = classifier.export_onnx(tmp_path / "onnx", scores="probabilities", texts=TEXTS).path
    got = open_artefact(path).predict_proba(TEXTS)
    expected = classifier.predict_proba(TEXTS)
    assert list(got) == list(expected) == ["class", "subclass"]
    for head, values in expected.items():
        np.testing.assert_allclose(got[head], values, atol=1e-5)


def test_a_folder_in_the_way_is_left_alone(tiny_folder, tmp_path):
    classifier = trained(tiny_folder, LABELS, task="multiclass")
    classifier.export_onnx(tmp_path / "onnx")
    model = tmp_path / "onnx" / "onnx" / "model.onnx"
    before = model.read_bytes()
    with pytest.raises(ArtifactError, match="already holds an ONNX export"):
        classifier.export_onnx(tmp_path / "onnx")
    assert model.read_bytes() == before
    trained(tiny_folder, LABELS, task="multiclass", pooling="max").export_onnx(tmp_path / "onnx", overwrite=True)
    assert model.read_bytes() != before


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


@pytest.fixture(scope="module")
def exported(tiny_folder, tmp_path_factory):
    """A multi-class classifier and its export; nothing is to be changed in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison, "TIMED_CALLS", 3)
        classifier = trained(tiny_folder, LABELS, task="multiclass")
        export = classifier.export_onnx(tmp_path_factory.mktemp("onnx") / "made", texts=TEXTS, labels=LABELS)
    return classifier, export


def test_inputs_and_axes_are_those_that_tools_expect(exported):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(exported[1].path / "onnx" / "model.onnx"))
    names = {one.name: one for one in session.get_inputs()}
    assert list(names) == ["input_ids", "attention_mask", "token_type_ids"]
    assert all(one.type == "tensor(int64)" and one.shape == ["batch", "sequence"] for one in names.values())
    assert [(one.name, one.shape) for one in session.get_outputs()] == [("logits", ["batch", 3])]
    for shape in ((1, 3), (5, 17), (2, 32)):
        assert session.run(None, {name: np.ones(shape, "int64") for name in names})[0].shape == (shape[0], 3)


def test_logits_are_those_of_the_head(exported):
    classifier, export = exported
    ask = open_session(export.path / "onnx" / "model.onnx")
    tokens = classifier.tokenizer_(TEXTS)
    got = ask.run(["logits"], {name: array.astype("int64") for name, array in tokens.items()})[0]
    model = classifier.model_
    vectors = keras.Model(model.input, model.vectors)(tokens, training=False)
    expected = model.head.output_layer(model.head.read(vectors, training=False))
    np.testing.assert_allclose(got, keras.ops.convert_to_numpy(expected), atol=1e-5)


def test_the_folder_describes_itself(exported):
    classifier, export = exported
    about = json.loads((export.path / "kerasbert.json").read_text(encoding="utf-8"))
    assert about["report"] == export.report and about["format"] == "onnx" and about["max_length"] == 32
    assert about["heads"]["probabilities"]["thresholds"] == classifier.thresholds_["probabilities"].tolist()
    assert about["heads"]["probabilities"]["decision"] == "Of exclusive labels the most probable one is chosen."
    config = json.loads((export.path / "config.json").read_text(encoding="utf-8"))
    assert config["model_type"] == "bert" and config["architectures"] == ["BertForSequenceClassification"]
    assert config["id2label"] == {"0": "x", "1": "y", "2": "z"}
    assert config["problem_type"] == "single_label_classification"
    own = read_export(export.path / "onnx" / "model.onnx")
    assert own == {key: value for key, value in about.items() if key != "report"}


def test_an_export_is_not_loaded_as_a_classifier(exported):
    with pytest.raises(ArtifactError, match="holds an ONNX export, which `kerasbert evaluate` runs"):
        load(exported[1].path)


@pytest.mark.parametrize(
    ("quantize", "file", "share"), [("float16", "model_fp16", 0.75), ("int8", "model_quantized", 0.75)]
)
def test_smaller_models(quantize, file, share, wide_folder, tmp_path):
    classifier = trained(wide_folder, LABELS, task="multiclass")
    plain = classifier.export_onnx(tmp_path / "plain", texts=TEXTS)
    export = classifier.export_onnx(tmp_path / "small", texts=TEXTS, labels=LABELS, quantize=quantize, allow_loss=True)
    size = (export.path / "onnx" / f"{file}.onnx").stat().st_size
    assert size < share * (plain.path / "onnx" / "model.onnx").stat().st_size
    assert 0 < export.report["largest_difference"] < 0.2 and export.report["quantize"] == quantize
    assert export.report["scores"][SINGLE_HEAD]["texts"] == len(TEXTS)
    np.testing.assert_allclose(
        open_artefact(export.path).predict_proba(TEXTS), classifier.predict_proba(TEXTS), atol=0.2
    )


@pytest.fixture(scope="module")
def wide_folder(tiny_folder, tiny_config, tmp_path_factory):
    """An encoder with tables that are large enough to be quantised."""
    folder = tmp_path_factory.mktemp("wide") / "encoder"
    config = tiny_config.replace(hidden_size=64, intermediate_size=256, num_hidden_layers=1)
    TFBertModel(config).save_pretrained(folder)
    for name in ("vocab.txt", "tokenizer_config.json"):
        shutil.copy(tiny_folder / name, folder)
    return folder


def test_the_opset_is_the_one_asked_for(tiny_folder, tmp_path):
    import onnx

    classifier = trained(tiny_folder, LABELS, task="multiclass")
    path = classifier.export_onnx(tmp_path / "onnx", texts=TEXTS, opset=18).path
    assert [one.version for one in onnx.load(str(path / "onnx" / "model.onnx")).opset_import if not one.domain] == [18]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"scores": "odds"}, "`scores` must be one of 'logits', 'probabilities'; got 'odds'"),
        ({"quantize": "dynamic"}, "`quantize` must be one of 'float16', 'int8', 'none'; got 'dynamic'"),
        ({"opset": 12}, "`opset` must be an integer from 13 to 18; got 12"),
        ({"opset": "17"}, "`opset` must be an integer"),
    ],
)
def test_options_out_of_range_are_refused(arguments, told, exported, tmp_path):
    with pytest.raises((ConfigError, TypeError), match=re.escape(told)):
        exported[0].export_onnx(tmp_path / "onnx", **arguments)


@pytest.mark.peer
def test_transformers_js_gives_the_same(exported, tmp_path):
    classifier, export = exported
    modules = Path(os.environ.get("KERASBERT_NODE_MODULES", "node_modules"))
    if shutil.which("node") is None or not (modules / "@huggingface" / "transformers").is_dir():
        pytest.skip(
            "needs Node and `npm install --ignore-scripts @huggingface/transformers`; KERASBERT_NODE_MODULES tells where"
        )
    (tmp_path / "node_modules").symlink_to(modules.resolve())
    script = tmp_path / "classify.mjs"
    shutil.copy(Path(__file__).with_name("transformers_js_client.mjs"), script)
    command = ["node", str(script), str(export.path.parent), export.path.name]
    # It has no option for special tokens that a text spells, and cuts a long text with the [SEP] at its end.
    texts = [text for text in TEXTS if text and "[SEP]" not in text and len(text) < 100]
    done = subprocess.run(command, input=json.dumps(texts), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    names = classifier.classes_.tolist()
    for row, expected in zip(json.loads(done.stdout), classifier.predict_proba(texts), strict=True):
        scores = {one["label"]: one["score"] for one in row}
        np.testing.assert_allclose([scores[name] for name in names], expected, atol=1e-4)


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
    options = ["--scores", "probabilities", "--opset", "17", "--overwrite"]
    assert cli.main([*command, *options]) == 0
    assert "gives: probabilities" in capsys.readouterr().err
    assert cli.main([*command, "--overwrite", "--quantize", "dynamic"]) == 1
    assert "`quantize` must be one of 'float16', 'int8', 'none'" in capsys.readouterr().err
