import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from trained_classifiers import TASKS, TEXTS, trained, with_subclasses

from kerasbert import ArtifactError, ConfigError, KerasbertWarning, TextClassifier, TFBertModel, cli
from kerasbert._core.names import SINGLE_HEAD
from kerasbert.export import quantization_loss, tflite, tflite_graph
from kerasbert.export.artefacts import open_artefact
from kerasbert.export.description import read_export, vocabulary_lines
from kerasbert.export.litert import token_rows
from kerasbert.export.mediapipe_tokens import MediaPipeTokenizer, count_other_ids
from kerasbert.export.tflite import export_tflite
from kerasbert.export.tflite_graph import TFLITE_INPUTS
from kerasbert.export.tflite_metadata import HeadMetadata, add_metadata, refuse_custom_ops
from kerasbert.tokenization.long_texts import LongTexts
from kerasbert.tokenization.tokenizer import Tokenizer

interpreters = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")
MEDIAPIPE = "mediapipe==1.2.2"
# The last release of the library that MediaPipe came after.
TASK_LIBRARY = ("tflite-support==0.4.4", "numpy<2")
KINDS = [*TASKS, "layerwise", "secondary"]
every_kind = pytest.mark.parametrize("kind", KINDS)


def made(kind, folder):
    if kind == "layerwise":
        return trained("multiclass", folder, layerwise=True)
    if kind == "secondary":
        return with_subclasses(folder)
    return trained(kind, folder)


@pytest.fixture(autouse=True, scope="module")
def conversions_are_kept():
    """Most tests are of what stands around a conversion, which takes seconds."""
    convert, kept = tflite_graph.convert, {}

    def once(model, samples=(), **arguments):
        key = id(model), *arguments.items(), *(array.tobytes() for row in samples for array in row)
        if key not in kept:
            # With the model, whose id must stay its own.
            kept[key] = convert(model, samples=samples, **arguments), model
        return kept[key][0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tflite, "convert", once)
        yield


@pytest.fixture(scope="module")
def exported(tiny_folder, tmp_path_factory):
    """Kind -> the classifier and what `export_tflite` gave."""
    done = {}

    def make(kind):
        if kind not in done:
            classifier = made(kind, tiny_folder)
            result = classifier.export_tflite(tmp_path_factory.mktemp("phones") / "out", texts=TEXTS)
            done[kind] = classifier, result
        return done[kind]

    return make


@pytest.fixture(scope="module")
def wide(tiny_folder, tiny_config, tmp_path_factory):
    """A classifier with tables that are large enough to be quantised, and its plain file."""
    folder = tmp_path_factory.mktemp("wide") / "encoder"
    config = tiny_config.replace(hidden_size=48, intermediate_size=96, num_hidden_layers=1)
    TFBertModel(config).save_pretrained(folder)
    for name in ("vocab.txt", "tokenizer_config.json"):
        shutil.copy(tiny_folder / name, folder)
    classifier = trained("multiclass", folder)
    return classifier, classifier.export_tflite(tmp_path_factory.mktemp("wide") / "out", texts=TEXTS)


def asked(file, texts, tokens, length=32):
    """Scores by output, from LiteRT without any code of this package."""
    interpreter = interpreters.Interpreter(model_path=str(file), num_threads=1)
    runner = interpreter.get_signature_runner()
    found = []
    for text in texts:
        ids = tokens(text)["input_ids"]
        mask = np.pad(np.ones_like(ids), ((0, 0), (0, length - ids.shape[1])))
        ids = np.pad(ids, ((0, 0), (0, length - ids.shape[1])))
        found.append(runner(ids=ids, mask=mask, segment_ids=np.zeros_like(ids)))
    return {name: np.concatenate([one[name] for one in found]) for name in found[0]}


def by_head(classifier, value):
    return value if isinstance(value, dict) else {SINGLE_HEAD: value}


@every_kind
def test_litert_answers_as_the_classifier_does(kind, exported):
    classifier, result = exported(kind)
    got = asked(result.path, TEXTS, classifier.tokenizer_)
    expected = by_head(classifier, classifier.predict_proba(TEXTS))
    assert set(got) == set(expected) == set(classifier.model_.heads)
    for head, values in expected.items():
        assert got[head].shape == values.shape and got[head].dtype == np.float32
        np.testing.assert_allclose(got[head], values, atol=1e-5)
    assert result.report["largest_difference"] <= 1e-5 and result.report["different_decisions"] == 0


def test_what_stands_in_the_segments_changes_nothing(exported):
    _, result = exported("multiclass")
    runner = interpreters.Interpreter(model_path=str(result.path)).get_signature_runner()
    ids = np.full((1, 32), 5, "int32")
    zeros, others = (runner(ids=ids, mask=ids * 0 + 1, segment_ids=ids * way)["probabilities"] for way in (0, 9))
    assert (zeros == others).all()


@every_kind
def test_inputs_and_outputs_have_their_places(kind, exported):
    classifier, result = exported(kind)
    interpreter = interpreters.Interpreter(model_path=str(result.path))
    inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
    assert [(one["name"], one["index"]) for one in inputs] == [("ids", 0), ("mask", 1), ("segment_ids", 2)]
    assert all(one["dtype"] is np.int32 and one["shape"].tolist() == [1, 32] for one in inputs)
    assert [one["name"] for one in outputs] == list(classifier.model_.heads)


def test_the_file_holds_vocabulary_labels_and_rules(exported):
    classifier, result = exported("multitask")
    with zipfile.ZipFile(result.path) as attached:
        assert attached.testzip() is None
        assert all(one.compress_type == zipfile.ZIP_STORED for one in attached.infolist())
        lines = attached.read("vocab.txt").decode().splitlines()
        rules = json.loads(attached.read("kerasbert.json"))
        labels = {head: attached.read(f"{head}_labels.txt").decode().splitlines() for head in classifier.model_.heads}
    assert lines == [classifier.tokenizer_.token_of(number) for number in range(len(lines))]
    for head, layer in classifier.model_.heads.items():
        assert labels[head] == rules["heads"][head]["label_names"] == list(layer.label_names)
        assert rules["heads"][head]["thresholds"] == classifier.thresholds_[head].tolist()


def test_weights_lie_where_vector_instructions_read_them(exported):
    from tensorflow.lite.python import schema_py_generated as schema

    content = exported("multiclass")[1].path.read_bytes()
    model = schema.Model.GetRootAs(content)
    arrays = [model.Buffers(place).DataAsNumpy() for place in range(model.BuffersLength())]
    start = np.frombuffer(content, np.uint8).ctypes.data
    places = [array.ctypes.data - start for array in arrays if isinstance(array, np.ndarray) and array.size]
    assert len(places) > 10 and all(place % 16 == 0 for place in places)


def test_open_lengths_take_texts_as_long_as_they_are(exported, tmp_path):
    classifier, _ = exported("multilabel")
    result = classifier.export_tflite(tmp_path / "out", length="dynamic", texts=TEXTS)
    interpreter = interpreters.Interpreter(model_path=str(result.path))
    assert [one["shape_signature"].tolist() for one in interpreter.get_input_details()] == [[1, -1]] * 3
    runner = interpreter.get_signature_runner()
    for text, expected in zip(TEXTS, classifier.predict_proba(TEXTS), strict=True):
        ids = classifier.tokenizer_(text)["input_ids"]
        got = runner(ids=ids, mask=np.ones_like(ids), segment_ids=np.zeros_like(ids))["probabilities"][0]
        np.testing.assert_allclose(got, expected, atol=1e-5)
    assert result.report["length"] == "dynamic" and result.report["largest_difference"] <= 1e-5


@pytest.mark.parametrize("way", ["truncate", "head_tail"])
def test_a_file_of_open_length_cuts_as_the_classifier_does(way, tiny_folder, tmp_path):
    classifier = trained("multiclass", tiny_folder, max_length=9, long_texts=way)
    texts = [f"good {'card my thanks lost bad refund ' * size} parcel" for size in (0, 1, 2, 10, 100)]
    result = classifier.export_tflite(tmp_path / "out", length="dynamic", texts=texts)
    assert result.report["largest_difference"] <= 1e-5 and result.report["cut_texts"] == 4
    whole = Tokenizer(classifier.tokenizer_.backend, max_length=1000)
    runner = interpreters.Interpreter(model_path=str(result.path)).get_signature_runner()
    for text, expected in zip(texts, classifier.predict_proba(texts), strict=True):
        ids = whole(text)["input_ids"]
        for padding in (0, 3):
            arrays = [np.pad(one, ((0, 0), (0, padding))) for one in (ids, np.ones_like(ids), np.zeros_like(ids))]
            got = runner(**dict(zip(TFLITE_INPUTS, arrays, strict=True)))["probabilities"][0]
            np.testing.assert_allclose(got, expected, atol=1e-5)


@pytest.mark.parametrize(("way", "end"), [("truncate", 1), ("head_tail", 31)])  # of 40 tokens 10 are the head's
def test_a_cut_is_that_of_the_tokenizer(way, end, tiny_folder):
    tokens = Tokenizer.from_folder(tiny_folder, max_length=42, long_texts=LongTexts(way))
    assert tflite_graph.cut_of(tokens) == tflite_graph.Cut(42, end)


def test_a_shorter_length_cuts_texts_and_tells(exported, tmp_path):
    classifier, _ = exported("multiclass")
    result = classifier.export_tflite(tmp_path / "out", length=6, texts=TEXTS)
    shorter = Tokenizer(classifier.tokenizer_.backend, max_length=6)
    assert result.report["cut_texts"] == shorter.encode(TEXTS).num_truncated > 0
    expected = classifier.model_.predict({**shorter(TEXTS)}, verbose=0)
    np.testing.assert_allclose(asked(result.path, TEXTS, shorter, 6)["probabilities"], expected, atol=1e-5)
    assert classifier.tokenizer_.max_length == 32


@pytest.mark.parametrize("quantize", ["float16", "dynamic"])
def test_smaller_files_stay_close(quantize, wide, tmp_path):
    classifier, plain = wide
    labels = TASKS["multiclass"][1]
    result = classifier.export_tflite(tmp_path / "out", quantize=quantize, texts=TEXTS, labels=labels)
    got = asked(result.path, TEXTS, classifier.tokenizer_)["probabilities"]
    apart = np.abs(got - classifier.predict_proba(TEXTS))
    assert result.path.stat().st_size < plain.path.stat().st_size and 0 < apart.max() < 0.02
    assert result.report["largest_difference"] == pytest.approx(float(apart.max()), abs=1e-5)
    assert result.report["scores"]["probabilities"]["measure"] == "accuracy"


def test_scores_are_those_of_scikit_learn(exported, tmp_path):
    from sklearn.metrics import accuracy_score, f1_score

    classifier, _ = exported("multiclass")
    labels = TASKS["multiclass"][1]
    report = classifier.export_tflite(tmp_path / "out", texts=TEXTS, labels=labels).report
    scores = asked(tmp_path / "out" / "model.tflite", TEXTS, classifier.tokenizer_)["probabilities"]
    decided = [classifier.classes_[place] for place in scores.argmax(axis=1)]
    told = report["scores"]["probabilities"]["exported"]
    assert told["accuracy"] == pytest.approx(accuracy_score(labels, decided))
    assert told["macro_f1"] == pytest.approx(f1_score(labels, decided, average="macro"))


def test_a_model_trained_in_half_precision_is_exported_whole(tiny_folder, tmp_path):
    classifier = trained("multiclass", tiny_folder, precision="mixed_bfloat16")
    report = classifier.export_tflite(tmp_path / "out", texts=TEXTS).report
    assert report["largest_difference"] <= 1e-5
    assert classifier.model_.encoder.dtype_policy.name == "mixed_bfloat16"


def test_the_folder_tells_what_was_measured(exported):
    classifier, result = exported("hierarchical")
    description = read_export(result.path.parent)
    assert description["format"] == "tflite" and description["report"] == result.report
    report = result.report
    assert report["texts"] == len(TEXTS) and report["size_bytes"] == result.path.stat().st_size
    assert 0 < report["latency_p50_ms"] <= report["latency_p95_ms"] and report["texts_per_second"] > 0
    card = (result.path.parent / "README.md").read_text(encoding="utf-8")
    assert "create_from_model_path" in card and f"| bytes | {report['size_bytes']} |" in card
    with open(result.path, "ab") as stream:
        stream.write(b"x")
    with pytest.raises(ArtifactError, match="changed or cut"):
        read_export(result.path.parent)


def python_with(*packages):
    """The interpreter of an environment with other packages, made outside the repository where there is none."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "kerasbert-tests" / packages[0].replace("==", "-")
    python = folder / "bin" / "python"
    if not (folder / "whole").is_file():
        commands = [
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(python), "-m", "pip", "install", *packages],
        ]
        for command in commands:
            run = subprocess.run(command, capture_output=True, text=True)
            if run.returncode:
                pytest.skip(f"{packages[0]} cannot be installed: {run.stderr.strip()[-200:]}")
        (folder / "whole").touch()
    return python


@pytest.fixture(scope="session")
def mediapipe():
    """File -> texts in, file -> list of scores by head out; each call is a process of MediaPipe's own environment."""
    python = python_with(MEDIAPIPE)

    def ask(requests):
        command = [str(python), str(Path(__file__).with_name("mediapipe_client.py"))]
        content = json.dumps({str(file): texts for file, texts in requests.items()})
        run = subprocess.run(command, input=content, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr[-2000:]
        return {Path(file): rows for file, rows in json.loads(run.stdout).items()}

    return ask


@pytest.mark.peer
def test_the_older_task_library_gives_the_same_scores(exported):
    kinds = ("binary", "multiclass", "multilabel")
    files = {kind: str(exported(kind)[1].path) for kind in kinds}
    texts = [text for text in TEXTS if text and len(text) < 100]
    command = [str(python_with(*TASK_LIBRARY)), str(Path(__file__).with_name("task_library_client.py"))]
    content = json.dumps({file: texts for file in files.values()})
    run = subprocess.run(command, input=content, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    answers = json.loads(run.stdout)
    for kind, file in files.items():
        classifier = exported(kind)[0]
        names = list(classifier.model_.head.label_names)
        for scores, expected in zip(answers[file], classifier.predict_proba(texts), strict=True):
            np.testing.assert_allclose([scores[name] for name in names], expected, atol=1e-5)


def test_the_oldest_runtime_is_told(exported):
    _, result = exported("multiclass")
    assert re.fullmatch(r"\d+\.\d+\.\d+", result.report["minimum_runtime"])
    card = (result.path.parent / "README.md").read_text(encoding="utf-8")
    assert f"| oldest TensorFlow Lite runtime | {result.report['minimum_runtime']} |" in card


@pytest.mark.parametrize("kind", ["binary", "multilabel", "multitask"])
def test_an_opened_file_answers_as_the_classifier_does(kind, exported):
    classifier, result = exported(kind)
    artefact = open_artefact(result.path)
    expected = by_head(classifier, classifier.predict_proba(TEXTS))
    for head, values in by_head(classifier, artefact.predict_proba(TEXTS)).items():
        np.testing.assert_allclose(values, expected[head], atol=1e-5)
    assert str(artefact.predict(TEXTS)) == str(classifier.predict(TEXTS))


def test_a_lone_file_shows_labels_and_thresholds(exported, tmp_path, capsys):
    classifier, result = exported("multilabel")
    shutil.copy(result.path, tmp_path / "lone.tflite")
    assert cli.main(["inspect", str(tmp_path / "lone.tflite")]) == 0
    told = capsys.readouterr().out
    for name, threshold in zip(classifier.classes_, classifier.thresholds_[SINGLE_HEAD], strict=True):
        assert re.search(rf"{name}\W+{threshold:.4f}", told)
    with pytest.raises(ArtifactError, match=r"lacks tokenizer.json, .*give the folder"):
        open_artefact(tmp_path / "lone.tflite")
    other = shutil.copytree(result.path.parent, tmp_path / "folder") / "other.tflite"
    shutil.copy(result.path, other)
    with pytest.raises(ArtifactError, match=r"'other.tflite', which its manifest does not list"):
        open_artefact(other)


def named(head):
    """The name of a head in the metadata, which clients show."""
    return "probability" if head == SINGLE_HEAD else head


def test_mediapipe_takes_raw_text_and_gives_the_same_scores(mediapipe, exported, tmp_path):
    made = {kind: exported(kind) for kind in KINDS if kind != "hierarchical"}
    files = {kind: result.path for kind, (_, result) in made.items()}
    classifier = made["multilabel"][0]
    files["open length"] = classifier.export_tflite(tmp_path / "open", length="dynamic", texts=TEXTS).path
    files["dynamic"] = classifier.export_tflite(tmp_path / "dynamic", quantize="dynamic", texts=TEXTS).path
    made["open length"] = made["dynamic"] = made["multilabel"]
    texts = [text for text in TEXTS if len(text) < 100]
    answers = mediapipe({path: texts for path in files.values()})
    for kind, path in files.items():
        classifier = made[kind][0]
        if kind == "open length":
            expected = by_head(classifier, classifier.predict_proba(texts))
        else:
            expected = asked(path, texts, classifier.tokenizer_)
        for row, heads in enumerate(answers[path]):
            assert list(heads) == [named(head) for head in classifier.model_.heads]
            for head, categories in zip(classifier.model_.heads, heads.values(), strict=True):
                names = list(classifier.model_.heads[head].label_names)
                assert categories or head != SINGLE_HEAD or kind in ("multilabel", "open length", "dynamic")
                for label, score, place in categories:
                    assert names.index(label) == place
                    assert score == pytest.approx(expected[head][row, place], abs=1e-5)


def test_mediapipe_lives_on_after_a_text_that_is_far_too_long(mediapipe, exported, tmp_path):
    classifier, _ = exported("multiclass")
    path = classifier.export_tflite(tmp_path / "out", length="dynamic", texts=TEXTS).path
    texts = ["good card", "good card my " * 500, "bad parcel"]
    rows = mediapipe({path: texts})[path]
    for row, expected in zip(rows, classifier.predict_proba(texts), strict=True):
        scores = {place: score for _, score, place in row[named(SINGLE_HEAD)]}
        np.testing.assert_allclose([scores[place] for place in range(3)], expected, atol=1e-5)


def test_mediapipe_hides_what_no_threshold_would_choose(mediapipe, exported):
    classifier, result = exported("multilabel")
    texts = TEXTS[:7]
    answers = mediapipe({result.path: texts})[result.path]
    shown = [{label for label, _, _ in row[named(SINGLE_HEAD)]} for row in answers]
    lowest = classifier.thresholds_[SINGLE_HEAD].min()
    names = classifier.classes_
    for row, scores in enumerate(classifier.predict_proba(texts)):
        clear = np.abs(scores - lowest) > 1e-5
        assert {names[place] for place in np.flatnonzero(clear & (scores > lowest))} <= shown[row]
        assert not {names[place] for place in np.flatnonzero(clear & (scores < lowest))} & shown[row]


ODD = [
    "Good CARD, bad parcel!",
    "GÖOD cárd — “bad”…",
    "我爱 good 中文 card",
    "[SEP] [CLS] [MASK] refund",
    "thanks\u200b my\u00a0card\x0b?",
    "good " * 60,
    "g" * 100,
    "é" * 51 + " card",
    "  \t\n ",
    "🙂 good👍card",
    "Straße ﬁne ! ? ##s",
]


def test_what_mediapipe_reads_is_known(mediapipe, exported, tmp_path):
    tokens = exported("multiclass")[0].tokenizer_
    specs = [tf.TensorSpec([1, 32], tf.int32, name=name) for name in TFLITE_INPUTS]
    # A model that gives its own inputs back: these are then MediaPipe's ids.
    echo = tf.function(
        lambda ids, mask, segment_ids: {"scores": tf.cast(ids * mask + segment_ids, tf.float32)}, input_signature=specs
    )
    model = tf.lite.TFLiteConverter.from_concrete_functions([echo.get_concrete_function()], tf.Module()).convert()
    head = HeadMetadata("scores", "Token ids.", [str(place) for place in range(32)], None, "labels.txt")
    attached = {"vocab.txt": vocabulary_lines(tokens).encode()}
    (tmp_path / "echo.tflite").write_bytes(add_metadata(model, description="Echo.", heads=[head], attached=attached))
    rng = np.random.default_rng(0)
    letters = list("abcdXYZ éÉß’“—中日🙂\u200b\u00ad\t\x0b[]_-'\"¿«。！ﬁ\u0301\u3000") + ["good", "card", " "]
    texts = ODD + ["".join(rng.choice(letters, rng.integers(30))) for _ in range(300)]
    answers = mediapipe({tmp_path / "echo.tflite": texts})[tmp_path / "echo.tflite"]
    own = MediaPipeTokenizer(tokens)
    for text, row in zip(texts, answers, strict=True):
        got = {place: int(score) for _, score, place in row["scores"]}
        ids = own.ids(text, 32)
        assert [got[place] for place in range(32)] == ids + [0] * (32 - len(ids)), text


def test_texts_that_mediapipe_reads_otherwise_are_counted(exported, tmp_path):
    classifier, _ = exported("multiclass")
    texts = ["good card", "Good CARD!", "góod", "my\u200bs", "refund please"]
    assert count_other_ids(classifier.tokenizer_, texts, 32) == 2
    report = classifier.export_tflite(tmp_path / "out", texts=texts).report
    assert report["mediapipe_other_ids"] == 2


def test_a_cased_vocabulary_is_warned_of(tmp_path):
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "A", "a"]
    (tmp_path / "vocab.txt").write_text("\n".join(words) + "\n")
    for lower, warned in ((True, 0), (False, 1)):
        (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": lower}))
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            tflite._warn_of_case(Tokenizer.from_folder(tmp_path))
        assert [one.category for one in found] == [KerasbertWarning] * warned


def test_rows_are_padded_to_the_length(exported):
    tokens = exported("multiclass")[0].tokenizer_
    rows = token_rows(tokens, ["good", ""], 5)
    assert [array.tolist() for array in rows[0]] == [[2, 5, 3, 0, 0], [1, 1, 1, 0, 0], [0, 0, 0, 0, 0]]
    assert [array.tolist() for array in token_rows(tokens, ["good", ""], None)[1]] == [[2, 3], [1, 1], [0, 0]]
    assert token_rows(tokens, ["good"], None)[0][0].dtype == np.int32


def test_an_op_that_is_not_built_in_fails(exported, tmp_path, monkeypatch):
    classifier = exported("multiclass")[0]
    monkeypatch.setattr(tflite_graph, "columns", lambda task, output: tf.math.erfc(output))
    with pytest.raises(ConfigError, match="No op built into LiteRT computes Erfc;"):
        classifier.export_tflite(tmp_path / "out", length=31)
    assert list(tmp_path.iterdir()) == []


def test_a_custom_op_is_refused():
    from tensorflow.lite.python import schema_py_generated as schema

    codes = [schema.OperatorCodeT(builtinCode=0), schema.OperatorCodeT(customCode=b"FlexErfc", builtinCode=32)]
    with pytest.raises(ArtifactError, match="FlexErfc"):
        refuse_custom_ops(schema.ModelT(operatorCodes=codes))


BAD_ARGUMENTS = {
    "quantisation": ({"quantize": "int4"}, "`quantize` must be one of"),
    "length above the maximum": ({"length": 33}, "`length` must be .*32"),
    "length below three": ({"length": 2}, "`length` must be .*3"),
    "length in words": ({"length": "long"}, "number of tokens or 'dynamic'; got 'long'"),
    "int8 without calibration": ({"quantize": "int8"}, "`calibration` must be given"),
    "calibration without int8": ({"calibration": ["a"] * 30}, "`calibration` must be given"),
    "too few to calibrate": ({"quantize": "int8", "calibration": ["a"]}, "at least 20 texts; got 1"),
    "int8 of open length": ({"quantize": "int8", "length": "dynamic", "calibration": ["a"] * 30}, "fixed `length`"),
}


@pytest.mark.parametrize("name", BAD_ARGUMENTS)
def test_bad_arguments_are_told_before_any_work(name, exported, tmp_path):
    arguments, message = BAD_ARGUMENTS[name]
    with pytest.raises(ConfigError, match=message):
        exported("binary")[0].export_tflite(tmp_path / "out", **arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore:no training text has the label")
def test_what_the_file_cannot_do_is_refused(exported, tiny_folder, tmp_path):
    with pytest.raises(ConfigError, match="fit"):
        TextClassifier("binary").export_tflite(tmp_path / "out")
    with pytest.raises(ConfigError, match="in windows.*long_texts='truncate'"):
        trained("binary", tiny_folder, long_texts="windows").export_tflite(tmp_path / "out")
    lines = trained("multilabel", tiny_folder, label_names=["a", "b", "c", "d\n"])
    with pytest.raises(ConfigError, match="single lines"):
        lines.export_tflite(tmp_path / "out")
    with pytest.raises(ConfigError, match="`length` must be 'dynamic'.*long_texts='head_tail'.*got None"):
        trained("binary", tiny_folder, long_texts="head_tail").export_tflite(tmp_path / "out")
    pairs = dataclasses.replace(exported("binary")[0].trained_, data={"pairs": True})
    with pytest.raises(ConfigError, match="single texts"):
        export_tflite(pairs, tmp_path / "out")


def test_another_tokenizer_than_wordpiece_is_refused(exported, tmp_path):
    from tokenizers import Tokenizer as FastTokenizer
    from tokenizers import models, processors

    tokenizer = FastTokenizer(
        models.BPE({"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "a": 4}, [], unk_token="[UNK]")
    )
    own = Tokenizer(tokenizer, max_length=32)
    classifier = dataclasses.replace(exported("binary")[0].trained_, tokenizer=own)
    with pytest.raises(ConfigError, match="A TFLite model takes raw text for WordPiece tokenizers.*this one is BPE"):
        export_tflite(classifier, tmp_path / "out")
    other = FastTokenizer.from_str(exported("binary")[0].tokenizer_.backend.to_str())
    other.post_processor = processors.TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 2)])
    with pytest.raises(ConfigError, match=r"between \[CLS\] and \[SEP\]"):
        MediaPipeTokenizer(Tokenizer(other))
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_the_way_stays(exported, tmp_path):
    classifier, _ = exported("binary")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ArtifactError, match="existing file"):
        classifier.export_tflite(tmp_path / "file")
    path = classifier.export_tflite(tmp_path / "out").path
    before = path.read_bytes()
    with pytest.raises(ArtifactError, match="already holds.*--overwrite"):
        classifier.export_tflite(tmp_path / "out", length=8)
    assert path.read_bytes() == before and (tmp_path / "file").read_text() == "mine"
    assert classifier.export_tflite(tmp_path / "out", length=8, overwrite=True).path.read_bytes() != before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["file", "out"]


def test_a_target_that_cannot_be_written_is_told(exported, tmp_path, monkeypatch):
    classifier = exported("binary")[0]
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ArtifactError, match="not a writable folder"):
        classifier.export_tflite(tmp_path / "new" / "out")


@pytest.mark.parametrize("limit", ["difference", "mean_difference"])
def test_a_model_that_differs_is_not_published(limit, exported, tmp_path, monkeypatch):
    classifier = exported("binary")[0]
    tight = quantization_loss.TOLERANCES["none"]._replace(**{limit: -1.0})
    monkeypatch.setitem(quantization_loss.TOLERANCES, "none", tight)
    with pytest.raises(ArtifactError, match="differs from the classifier.*Nothing was written"):
        classifier.export_tflite(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


REPORT = {"quantize": "int8", "largest_difference": 0.3, "mean_difference": 1e-3, "different_decisions": 9}


def lost(points, texts=1000, measure="accuracy"):
    return {"scores": {"topic": {"measure": measure, "lost_points": points, "texts": texts}}}


def test_lost_accuracy_is_not_published():
    quantization_loss.check_loss({**REPORT, **lost(0.9)})
    with pytest.raises(ArtifactError, match="1.20 points of accuracy of 'topic', more than 1.00.*such as 'dynamic'"):
        quantization_loss.check_loss({**REPORT, **lost(1.2)})


def test_one_text_may_be_lost_of_any_number_of_texts():
    tight = {**REPORT, "quantize": "none", "largest_difference": 0.0, "mean_difference": 0.0}
    for texts in range(1, 400):
        for right in {texts, texts - texts // 3}:
            quantization_loss.check_loss({**tight, **lost(100 * (right / texts - (right - 1) / texts), texts)})
    for texts in (3, 150, 399):
        with pytest.raises(ArtifactError, match=f"{200 / texts:.2f} points of accuracy"):
            quantization_loss.check_loss({**tight, **lost(100 * (1 - (texts - 2) / texts), texts)})


def test_one_text_with_many_labels_may_be_lost():
    report = {**REPORT, **lost(4.0, 50, "micro_f1")}
    with pytest.raises(ArtifactError, match="4.00 points of micro_f1"):
        quantization_loss.check_loss(report)
    quantization_loss.check_loss({**report, "different_decisions": 1})


def test_a_loss_can_be_allowed_and_is_recorded(exported, tmp_path, monkeypatch):
    classifier = exported("binary")[0]
    monkeypatch.setitem(quantization_loss.TOLERANCES, "none", quantization_loss.Tolerance(-1.0, 1.0, 0.0))
    with pytest.raises(ArtifactError, match="or take it as it is with --allow-loss"):
        classifier.export_tflite(tmp_path / "out")
    with pytest.warns(KerasbertWarning, match="differs from the classifier: largest difference.*the loss was allowed"):
        result = classifier.export_tflite(tmp_path / "out", allow_loss=True)
    (loss,) = result.report["allowed_losses"]
    assert read_export(tmp_path / "out")["report"]["allowed_losses"] == [loss]
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "lost more than its quantisation may" in card and "largest difference of a probability" in card


def test_what_no_export_lost_is_not_recorded(exported):
    assert "allowed_losses" not in exported("binary")[1].report


@pytest.mark.parametrize("allow_loss", [False, True])
def test_no_number_is_no_parity(allow_loss):
    report = {"quantize": "none", "largest_difference": float("nan"), "mean_difference": 0.0}
    with pytest.raises(ArtifactError, match="nan"):
        quantization_loss.check_loss(report, allow_loss=allow_loss)


def test_a_full_disk_leaves_nothing(exported, tmp_path, monkeypatch):
    classifier = exported("binary")[0]

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tflite, "write_json", full)
    with pytest.raises(ArtifactError, match="could not be written: No space left on device. Make room"):
        classifier.export_tflite(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_runtime_is_told_before_any_work(exported, tmp_path, monkeypatch):
    classifier = exported("binary")[0]
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(ConfigError, match=r"kerasbert\[tflite\]"):
        classifier.export_tflite(tmp_path / "out")


def test_int8_weights_and_products(wide, tmp_path):
    classifier, _ = wide
    texts = [f"{one} {other}" for one in TEXTS[:6] for other in TEXTS[:6]]
    result = classifier.export_tflite(tmp_path / "out", quantize="int8", texts=TEXTS, calibration=texts)
    interpreter = interpreters.Interpreter(model_path=str(result.path))
    interpreter.allocate_tensors()
    kinds = {one["index"]: one["dtype"] for one in interpreter.get_tensor_details()}
    products = [one for one in interpreter._get_ops_details() if one["op_name"] == "FULLY_CONNECTED"]
    assert products and all(kinds[one["inputs"][place]] is np.int8 for one in products for place in (0, 1))
    got = asked(result.path, TEXTS, classifier.tokenizer_)["probabilities"]
    apart = np.abs(got - classifier.predict_proba(TEXTS)).max()
    assert 0 < apart < 0.02 and result.report["largest_difference"] == pytest.approx(float(apart), abs=1e-5)


def test_the_command_exports_and_inspects(exported, tmp_path, capsys):
    classifier, _ = exported("multilabel")
    reading = {"text": "message", "columns": ["tags"], "label_delimiter": ";"}
    classifier.save(tmp_path / "intents", metrics={"reading": reading})
    rows = [
        "message,tags",
        *(f"{text},{';'.join(tags)}" for text, tags in zip(TEXTS[:4], [["a"], ["b"], [], ["a", "b"]], strict=True)),
    ]
    (tmp_path / "texts.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    common = ["export", str(tmp_path / "intents"), "--format", "tflite", "--output", str(tmp_path / "phone")]
    data = ["--data", str(tmp_path / "texts.csv")]
    assert cli.main([*common, "--quantize", "dynamic", "--length", "16", *data]) == 0
    told = capsys.readouterr()
    assert told.out.strip() == str(tmp_path / "phone" / "model.tflite")
    assert "texts: 4" in told.err and "micro_f1" in told.err and "length: 16" in told.err
    assert cli.main(["inspect", str(tmp_path / "phone")]) == 0
    assert "tflite of a multilabel classifier" in capsys.readouterr().out
    assert cli.main([*common, "--length", "16"]) == 1
    assert "already holds" in capsys.readouterr().err
    for wrong, message in (
        (["--length", "64"], "must be"),
        (["--length", "short"], "'dynamic'"),
        (["--quantize", "int8"], "calibration"),
    ):
        assert cli.main([*common, "--overwrite", *wrong]) == 1
        assert message in capsys.readouterr().err
    assert cli.main([*common, "--quantize", "int4"]) == 2 and cli.main([*common, "--no-warmup"]) == 2
    assert "--warmup goes with --format saved_model" in capsys.readouterr().err


def test_the_command_compares_texts_without_labels(exported, tmp_path, capsys):
    exported("binary")[0].save(tmp_path / "intents")
    (tmp_path / "texts.csv").write_text("text\ngood card\n", encoding="utf-8")
    command = ["export", str(tmp_path / "intents"), "--format", "tflite", "--output", str(tmp_path / "phone")]
    assert cli.main([*command, "--data", str(tmp_path / "texts.csv")]) == 0
    told = capsys.readouterr().err
    assert "accuracy is not measured" in told and "texts: 1" in told
