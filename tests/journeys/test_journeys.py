"""What newcomers of five kinds do in their first hour: forty steps, each a call that the documentation shows."""

import csv
import functools
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

import kerasbert as kb
from kerasbert import cli

ROOT = Path(__file__).parent.parent.parent
QUESTIONS = ["where is my parcel", "is my card lost", "where is my refund", "is it late"]
PRAISE = ["thanks", "good card thanks", "thanks my parcel is good", "good refund thanks"]
TEXTS = (QUESTIONS + PRAISE) * 4
LABELS = (["question"] * 4 + ["praise"] * 4) * 4


def documented(page, call):
    """Says on which page a step stands; the test fails where the page does not show the call."""

    def mark(step):
        @functools.wraps(step)
        def run(self, *arguments, **keywords):
            assert call in (ROOT / page).read_text(encoding="utf-8"), f"{page} does not show {call!r}"
            return step(self, *arguments, **keywords)

        return run

    return mark


@pytest.fixture(scope="class")
def kept():
    """What the steps of a journey hand on to each other."""
    return SimpleNamespace()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A file as a spreadsheet writes it, and the same rows as JSON lines."""
    folder = tmp_path_factory.mktemp("data")
    pairs = enumerate(zip(TEXTS, LABELS, strict=True))
    rows = [{"id": str(number), "text": text, "topic": label} for number, (text, label) in pairs]
    with open(folder / "messages.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["id", "text", "topic"], delimiter=";")
        writer.writeheader()
        writer.writerows(rows)
    (folder / "messages.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def my_model(data, tiny_folder, tmp_path_factory):
    """The classifier that a colleague trained, for those who export and read it."""
    classifier = kb.TextClassifier("multiclass", encoder=str(tiny_folder), epochs=4, learning_rate=5e-4, verbose=False)
    classifier.fit(TEXTS, LABELS)
    folder = tmp_path_factory.mktemp("models") / "my_model"
    classifier.save(folder)
    return folder


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


class TestKerasProgrammer:
    """A model from a builder: compile, fit, save as any Keras model."""

    @documented("README.md", "kb.build_multilabel(num_labels=10)")
    def test_step_1_builds(self, kept, tiny_folder):
        kept.model = kb.build_multilabel(num_labels=10, encoder=str(tiny_folder))
        assert isinstance(kept.model, keras.Model)

    @documented("README.md", "kb.data.Tokenizer.from_pretrained(")
    def test_step_2_tokenizes(self, kept, tiny_folder):
        kept.tokens = kb.data.Tokenizer.from_pretrained(str(tiny_folder))
        assert set(kept.tokens(TEXTS)) == {"input_ids", "attention_mask", "token_type_ids"}

    @documented("docs/keras.md", "kb.data.make_batches(")
    def test_step_3_fits(self, kept):
        flags = np.eye(10)[[0 if label == "praise" else 3 for label in LABELS]]
        kept.batches = kb.data.make_batches(kept.tokens.encode(TEXTS), flags, shuffle=True)
        assert np.isfinite(kept.model.fit(kept.batches.dataset, verbose=0).history["loss"]).all()

    @documented("docs/keras.md", "model.predict(batches, verbose=0)")
    def test_step_4_predicts_in_the_order_of_the_texts(self, kept):
        whole = kept.model.predict(kept.tokens(TEXTS), verbose=0)
        np.testing.assert_allclose(kept.model.predict(kept.batches, verbose=0), whole, atol=1e-5)

    @documented("examples/keras_model.py", "keras.models.load_model(")
    def test_step_5_saves_and_loads(self, kept, tmp_path):
        kept.model.save(tmp_path / "model.keras")
        again = keras.models.load_model(tmp_path / "model.keras")
        inputs = kept.tokens(TEXTS[:3])
        np.testing.assert_allclose(again.predict(inputs, verbose=0), kept.model.predict(inputs, verbose=0), atol=1e-6)

    @documented("docs/keras.md", "model.states(")
    def test_step_6_looks_inside(self, kept):
        states = kept.model.states(kept.tokens(TEXTS[:2]), attentions=True)
        assert len(states.hidden_states) == 3 and len(states.attentions) == 2

    @documented("docs/recipes.md", "kb.finetune(")
    def test_step_7_finetunes(self, kept):
        history = kb.finetune(kept.model, kept.batches, epochs=1, verbose=False).history
        assert len(history["loss"]) == 1

    @documented("docs/keras.md", "preprocessing=True")
    def test_step_8_takes_strings(self, tiny_folder):
        model = kb.build_binary(label_names=["praise", "question"], encoder=str(tiny_folder), preprocessing=True)
        assert model.predict(["where is my parcel", "thanks"], verbose=0).shape == (2, 1)


class TestSomeoneWithAFile:
    """A file and labels: the command alone."""

    @documented("docs/command.md", "kerasbert --version")
    def test_step_1_asks_for_the_version(self, capsys):
        assert run("--version") == 0
        assert kb.__version__ in capsys.readouterr().out

    @documented("docs/data.md", "kerasbert inspect")
    def test_step_2_looks_at_the_file(self, data, capsys):
        assert run("inspect", data / "messages.csv", "--delimiter", ";", "--label-column", "topic") == 0
        told = capsys.readouterr().out
        assert "question" in told and "praise" in told

    @documented("docs/data.md", "--delimiter")
    def test_step_3_is_told_of_the_delimiter(self, data, tmp_path, capsys):
        assert run("train", data / "messages.csv", "--task", "multiclass", "--output", tmp_path / "m") != 0
        assert "--delimiter" in capsys.readouterr().err

    @documented("README.md", "kerasbert train messages.csv --task multiclass --label-column topic --output my_model")
    def test_step_4_trains(self, kept, data, tiny_folder, tmp_path_factory, capsys):
        kept.model = tmp_path_factory.mktemp("file") / "my_model"
        options = ("--delimiter", ";", "--encoder", tiny_folder, "--epochs", "1")
        call = (
            "train",
            data / "messages.csv",
            "--task",
            "multiclass",
            "--label-column",
            "topic",
            "--output",
            kept.model,
        )
        assert run(*call, *options) == 0
        assert "question" in capsys.readouterr().err

    @documented("docs/command.md", "--predictions")
    def test_step_5_judges_every_text(self, kept, data, tmp_path, capsys):
        written = tmp_path / "tested.csv"
        assert run("evaluate", kept.model, data / "messages.csv", "--delimiter", ";", "--predictions", written) == 0
        with open(written, newline="", encoding="utf-8") as file:
            assert len(list(csv.DictReader(file))) == len(TEXTS)
        assert "accuracy" in capsys.readouterr().out

    @documented("docs/command.md", "evaluate --format csv")
    def test_step_6_takes_the_scores_along(self, kept, data, capsys):
        assert run("evaluate", kept.model, data / "messages.csv", "--delimiter", ";", "--format", "csv") == 0
        assert "(macro)" in capsys.readouterr().out

    @documented("docs/command.md", "--keep-columns")
    def test_step_7_labels_a_new_file(self, kept, data, capsys):
        options = ("--delimiter", ";", "--format", "csv", "--keep-columns")
        assert run("predict", kept.model, "--file", data / "messages.csv", *options) == 0
        rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
        assert len(rows) == len(TEXTS) and rows[1]["id"] == "1"

    @documented("docs/command.md", "Did you mean 'multiclass'?")
    def test_step_8_mistypes(self, data, tmp_path, capsys):
        assert run("train", data / "messages.csv", "--task", "multiclas", "--output", tmp_path / "m") == 2
        assert "Did you mean 'multiclass'?" in " ".join(capsys.readouterr().err.split())


class TestServerEngineer:
    """A folder that somebody trained, and a server that takes raw strings."""

    @documented("README.md", "kb.load(")
    def test_step_1_loads(self, kept, my_model):
        kept.classifier = kb.load(my_model)
        assert set(kept.classifier.classes_) == {"praise", "question"}

    @documented("docs/export.md", "kerasbert export models/intents --output saved_models/intents")
    def test_step_2_exports(self, kept, my_model, data, tmp_path_factory, capsys):
        kept.served = tmp_path_factory.mktemp("served")
        options = ("--output", kept.served / "intents", "--data", data / "messages.jsonl", "--no-warmup")
        assert run("export", my_model, *options) == 0
        assert Path(capsys.readouterr().out.strip()) == kept.served / "intents" / "1"

    @documented("docs/export.md", 'model.signatures["serving_default"]')
    def test_step_3_asks_from_tensorflow_alone(self, kept):
        kept.loaded = tf.saved_model.load(str(kept.served / "intents" / "1"))
        answer = kept.loaded.signatures["serving_default"](text=tf.constant(TEXTS))
        expected = kept.classifier.predict_proba(TEXTS)
        np.testing.assert_allclose(answer["probabilities"].numpy(), expected, atol=1e-5)

    @documented("docs/export.md", "`classify`")
    def test_step_4_classifies_examples(self, kept):
        feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"thanks"]))
        example = tf.train.Example(features=tf.train.Features(feature={"text": feature}))
        answer = kept.loaded.signatures["classify"](inputs=tf.constant([example.SerializeToString()]))
        assert {name.decode() for name in answer["classes"].numpy()[0]} == {"praise", "question"}

    @documented("docs/export.md", "kerasbert inspect saved_models/intents/1")
    def test_step_5_inspects(self, kept, capsys):
        assert run("inspect", kept.served / "intents" / "1") == 0
        assert "saved_model of a multiclass classifier" in capsys.readouterr().out

    @documented("docs/export.md", "kerasbert evaluate onnx/intents test.csv")
    def test_step_6_judges_the_export(self, kept, data, capsys):
        options = ("--label-column", "topic", "--format", "json")
        assert run("evaluate", kept.served / "intents" / "1", data / "messages.jsonl", *options) == 0
        scores = json.loads(capsys.readouterr().out)
        assert scores["accuracy"] == pytest.approx(kept.classifier.score(TEXTS, LABELS))

    @documented("docs/export.md", "kerasbert export models/intents --format onnx")
    def test_step_7_exports_onnx(self, kept, my_model, tmp_path_factory):
        pytest.importorskip("tf2onnx")
        kept.onnx = tmp_path_factory.mktemp("onnx") / "intents"
        assert run("export", my_model, "--format", "onnx", "--output", kept.onnx) == 0
        assert {"config.json", "tokenizer.json"} <= {file.name for file in kept.onnx.iterdir()}

    @documented("docs/export.md", "onnx/model.onnx")
    def test_step_8_runs_onnx(self, kept):
        runtime = pytest.importorskip("onnxruntime")
        session = runtime.InferenceSession(str(kept.onnx / "onnx" / "model.onnx"))
        tokens = {name: rows.astype("int64") for name, rows in kept.classifier.tokenizer_(TEXTS).items()}
        logits = session.run(["logits"], tokens)[0]
        odds = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(odds, kept.classifier.predict_proba(TEXTS), atol=1e-4)


class TestMobileDeveloper:
    """One file for a phone."""

    @documented("docs/tflite.md", "--format tflite")
    def test_step_1_exports(self, kept, my_model, tmp_path_factory):
        pytest.importorskip("ai_edge_litert")
        kept.folder = tmp_path_factory.mktemp("phone") / "intents"
        assert run("export", my_model, "--format", "tflite", "--length", "32", "--output", kept.folder) == 0
        kept.file, kept.classifier = kept.folder / "model.tflite", kb.load(my_model)

    @documented("docs/tflite.md", "get_signature_runner")
    def test_step_2_runs_it_in_litert(self, kept):
        from ai_edge_litert.interpreter import Interpreter

        ask = Interpreter(model_path=str(kept.file)).get_signature_runner()
        row = kept.classifier.tokenizer_(["thanks"], padding="max_length", max_length=32)
        named = {"ids": "input_ids", "mask": "attention_mask", "segment_ids": "token_type_ids"}
        answer = ask(**{name: row[ours].astype("int32") for name, ours in named.items()})
        probabilities = next(iter(answer.values()))
        np.testing.assert_allclose(probabilities, kept.classifier.predict_proba(["thanks"]), atol=0.05)

    @documented("docs/tflite.md", "`kerasbert.json`")
    def test_step_3_reads_the_report(self, kept):
        assert json.loads((kept.folder / "kerasbert.json").read_text(encoding="utf-8"))["report"]["size_bytes"] > 0

    @documented("docs/tflite.md", "minimum_runtime")
    def test_step_4_asks_which_runtime_it_needs(self, kept):
        report = json.loads((kept.folder / "kerasbert.json").read_text(encoding="utf-8"))["report"]
        assert report["minimum_runtime"][0].isdigit()

    @documented("docs/export.md", "of a\n`.tflite` or `.onnx` that lies alone")
    def test_step_5_inspects_the_file_alone(self, kept, tmp_path, capsys):
        alone = tmp_path / "model.tflite"
        alone.write_bytes(kept.file.read_bytes())
        assert run("inspect", alone) == 0
        told = capsys.readouterr().out
        assert "praise" in told and "question" in told

    @documented("docs/export.md", "`evaluate` takes every export")
    def test_step_6_judges_the_file(self, kept, data, capsys):
        assert run("evaluate", kept.folder, data / "messages.jsonl", "--label-column", "topic", "--format", "json") == 0
        assert 0 <= json.loads(capsys.readouterr().out)["accuracy"] <= 1

    @documented("docs/tflite.md", 'quantize="dynamic"')
    def test_step_7_exports_from_python(self, kept, tmp_path):
        export = kept.classifier.export_tflite(tmp_path / "again", quantize="dynamic", length=32)
        assert export.path.suffix == ".tflite" or (export.path / "model.tflite").is_file()

    @documented("docs/tflite.md", "(`README.md`)")
    def test_step_8_reads_the_card(self, kept):
        assert "praise" in (kept.folder / "README.md").read_text(encoding="utf-8")


class TestAnalyst:
    """What the hidden states know, and which subclasses hide inside a class."""

    @documented("docs/layers.md", "kb.probe(")
    def test_step_1_probes(self, tiny_folder):
        report = kb.probe(str(tiny_folder), TEXTS, LABELS)
        assert report.recommendation.startswith("kb.build_") and len(repr(report).splitlines()) <= 3

    @documented("docs/layers.md", "kb.extract_features(")
    def test_step_2_extracts_features(self, tiny_folder):
        features = kb.extract_features(str(tiny_folder), TEXTS, layers="all", poolings=["mean", "cls"])
        assert features[2, "mean"].shape == (len(TEXTS), 16)

    @documented("docs/subclasses.md", "kb.discover_subclasses(")
    def test_step_3_discovers_subclasses(self, kept):
        random = np.random.default_rng(0)
        features = np.repeat(np.eye(3), [30, 20, 10], axis=0) + 0.1 * random.normal(size=(60, 3))
        texts = ["charged twice"] * 30 + ["refund please"] * 20 + ["money back"] * 10
        kept.found = kb.discover_subclasses(texts, ["billing"] * 60, features=features, number=3)
        assert len(kept.found.classes["billing"].subclasses) == 3

    @documented("docs/subclasses.md", "found.merge(")
    def test_step_4_names_them(self, kept):
        named = kept.found.merge([2, 3], name="refund").rename({1: "double charge"})
        assert sorted(one.name.split("/")[-1] for one in named.classes["billing"].subclasses) == [
            "double charge",
            "refund",
        ]

    @documented("docs/layers.md", "kb.explain(classifier, text)")
    def test_step_5_explains(self, my_model):
        why = kb.explain(kb.load(my_model), "where is my parcel")
        assert why.label in {"praise", "question"} and len(why.strongest(2)) == 2

    @documented("docs/layers.md", "kb.score_layers(classifier, texts, labels)")
    def test_step_6_scores_every_layer(self, kept, tiny_folder):
        classifier = kb.TextClassifier("multiclass", encoder=str(tiny_folder), layerwise=True, epochs=1, verbose=False)
        kept.layerwise = classifier.fit(TEXTS, LABELS)
        kept.report = kb.score_layers(classifier, TEXTS, LABELS)
        assert len(kept.report.rows) >= 2

    @documented("docs/evaluation.md", "to_frame()")
    def test_step_7_takes_a_table(self, kept):
        pytest.importorskip("pandas")
        assert len(kept.report.to_frame()) >= 2

    @documented("docs/layers.md", "kb.truncate(classifier, 2)")
    def test_step_8_keeps_the_first_block(self, kept):
        small = kb.truncate(kept.layerwise, 1)
        assert small.predict_proba(TEXTS[:2]).shape == (2, 2)


def test_there_are_forty_steps():
    journeys = [value for name, value in globals().items() if name.startswith("Test")]
    assert len(journeys) == 5
    assert sum(name.startswith("test_step_") for journey in journeys for name in vars(journey)) == 40


def test_the_first_word_of_the_command_needs_no_tensorflow():
    told = subprocess.run(
        [
            sys.executable,
            "-X",
            "importtime",
            "-c",
            "import sys; sys.argv[1:] = ['--help']; import kerasbert_command as c; c.run()",
        ],
        capture_output=True,
        text=True,
    )
    assert told.returncode == 0 and " tensorflow" not in told.stderr
