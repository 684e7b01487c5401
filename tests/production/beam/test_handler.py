import json
import pickle
import re
import shutil

import numpy as np
import pytest

import kerasbert as kb

beam = pytest.importorskip("apache_beam", reason="Apache Beam is not installed: scripts/test --beam runs these")
from apache_beam.ml.inference.base import KeyedModelHandler, ModelMetadata, RunInference  # noqa: E402
from beam_runs import FOUND, keep  # noqa: E402

from kerasbert.beam import ClassifierHandler  # noqa: E402
from kerasbert.production.beam.handler import difference, read_label_names  # noqa: E402
from kerasbert.production.served_classifier import RefusedClassifier  # noqa: E402

pytestmark = pytest.mark.beam
TEXTS = ["good card", "bad parcel!", "thanks", "good " * 60]


def run(elements, step, runner="FnApiRunner"):
    """What a local pipeline of this step gives, in no order."""
    with beam.Pipeline(runner=runner) as pipeline:
        pipeline | beam.Create(elements) | step | keep("results")
    return FOUND["results"]


@pytest.fixture(scope="module")
def folder(saved_classifier):
    return saved_classifier("multiclass")


@pytest.fixture(scope="module")
def expected(folder):
    classifier = kb.load(folder)
    return dict(zip(TEXTS, zip(classifier.predict(TEXTS), classifier.predict_proba(TEXTS), strict=True), strict=True))


def check_results(results, expected, model_id):
    assert sorted(result.example for result in results) == sorted(expected)
    for text, inference, named in results:
        label, shares = expected[text]
        assert inference["labels"] == [label] and named == model_id
        np.testing.assert_allclose(list(inference["scores"].values()), shares, atol=1e-6)


@pytest.mark.parametrize("options", [{}, {"max_batch_weight": 20}, {"max_batch_size": 1}], ids=str)
def test_texts_get_the_probabilities_of_the_classifier(folder, expected, options):
    check_results(run(TEXTS, RunInference(ClassifierHandler(folder, **options))), expected, str(folder))


def test_a_stream_waits_for_batches_of_like_lengths(folder, expected):
    """On the local runner that has timers."""
    handler = ClassifierHandler(folder, max_batch_duration_secs=1, batch_bucket_boundaries=[10, 100])
    check_results(run(TEXTS, RunInference(handler), "DirectRunner"), expected, str(folder))


def test_keyed_texts_keep_their_keys(folder, expected):
    results = dict(run(list(enumerate(TEXTS)), RunInference(KeyedModelHandler(ClassifierHandler(folder)))))
    assert {key: result.example for key, result in results.items()} == dict(enumerate(TEXTS))
    check_results(list(results.values()), expected, str(folder))


def test_pairs(folder):
    pairs = [(text, "late") for text in TEXTS]
    shares = kb.load(folder).trained_.predict_proba(TEXTS, ["late"] * 4)
    for result in run(pairs, RunInference(ClassifierHandler(folder, text_pairs=True))):
        own = shares[pairs.index(result.example)]
        np.testing.assert_allclose(list(result.inference["scores"].values()), own, atol=1e-6)


def test_heads(saved_classifier):
    classifier = kb.load(saved_classifier("multitask"))
    shares = classifier.predict_proba(TEXTS)
    for result in run(TEXTS, RunInference(ClassifierHandler(saved_classifier("multitask"), top=1))):
        place = TEXTS.index(result.example)
        for head, values in result.inference["heads"].items():
            np.testing.assert_allclose(list(values["scores"].values()), shares[head][place].max(), atol=1e-6)


def test_a_handler_is_its_options(folder):
    """So it travels to workers as a few hundred bytes, without a model."""
    data = pickle.dumps(ClassifierHandler(folder, num_threads=1))
    assert len(data) < 2000
    again = pickle.loads(data)
    assert again.label_names == {"default": ("x", "y", "z")} or list(again.label_names.values()) == [("x", "y", "z")]
    assert again._env_vars == {"TF_NUM_INTRAOP_THREADS": "1"} and not again.share_model_across_processes()
    assert ClassifierHandler(folder, large_model=True).share_model_across_processes()


def test_processes_may_share_one_model(folder, expected):
    """The model answers through Beam's proxy, as it does for another process."""
    check_results(run(TEXTS, RunInference(ClassifierHandler(folder, large_model=True))), expected, str(folder))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path / "none", "is not a folder; give the folder that `save` or `train` wrote"),
        (lambda path: path, "holds no classifier.json; give the folder"),
        (lambda path: "file:///x", "give the local path without file://"),
        (lambda path: "nowhere://x/y", "Saved model 'nowhere://x/y' cannot be read"),
    ],
    ids=["missing", "empty", "file", "no such store"],
)
def test_what_is_no_classifier_is_told_where_the_pipeline_is_built(make, message, tmp_path):
    with pytest.raises(kb.ArtifactError, match=re.escape(message)):
        ClassifierHandler(make(tmp_path))


def test_a_changed_folder_is_told_where_the_pipeline_is_built(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "changed")
    with (tmp_path / "changed" / "model.safetensors").open("ab") as stream:
        stream.write(b"0")
    with pytest.raises(kb.ArtifactError, match="was changed or cut: 'model.safetensors' differs"):
        ClassifierHandler(tmp_path / "changed")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"text_pairs": 1}, TypeError, "`text_pairs` must be True or False"),
        ({"top": -1}, kb.ConfigError, "`top` must be an integer >= 0; got -1"),
        ({"num_threads": 0}, kb.ConfigError, "`num_threads` must be an integer >= 1; got 0"),
        ({"large_model": "yes"}, TypeError, "`large_model` must be True or False"),
        ({"accept_new_labels": None}, TypeError, "`accept_new_labels` must be True or False"),
        ({"max_batch_weight": 1, "min_batch_size": 1}, kb.ConfigError, "goes without `min_batch_size`"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_options_out_of_range_are_refused(folder, options, error, message):
    with pytest.raises(error, match=message):
        ClassifierHandler(folder, **options)


@pytest.mark.parametrize(
    ("element", "error", "message"),
    [
        (None, TypeError, "must be a text; got None of type NoneType"),
        (7, TypeError, "must be a text; got 7 of type int"),
        (("a", "b"), TypeError, "A pair of texts needs text_pairs=True; a keyed text, Beam's KeyedModelHandler"),
        ("\ud83d", kb.DataError, "holds half of a surrogate pair"),
    ],
    ids=["None", "int", "pair", "half"],
)
def test_an_element_that_is_no_text_fails_with_the_reason(folder, element, error, message):
    handler = ClassifierHandler(folder)
    with pytest.raises(error, match=message):
        handler.run_inference(["good", element], handler.load_model())


def test_a_single_text_is_no_pair(folder):
    handler = ClassifierHandler(folder, text_pairs=True)
    with pytest.raises(TypeError, match="must be a pair of texts, as text_pairs=True says; got 'good'"):
        handler.run_inference(["good"], None)


def test_arguments_of_inference_are_refused(folder):
    with pytest.raises(TypeError, match="`inference_args` must be None"):
        run(TEXTS, RunInference(ClassifierHandler(folder), inference_args={"top": 3}))


def renamed(folder, target, names):
    """A copy of a classifier with other label names."""
    shutil.copytree(folder, target)
    text = (target / "classifier.json").read_text()
    for old, new in names.items():
        text = text.replace(f'"{old}"', f'"{new}"')
    (target / "classifier.json").write_text(text)
    from kerasbert._core.manifest import write_manifest

    (target / "manifest.json").unlink()
    write_manifest(target, "classifier")
    return target


@pytest.fixture(scope="module")
def other_weights(saved_classifier, tmp_path_factory):
    """A model with the same labels and other weights, as a later training gives."""
    import keras

    trained = kb.load(saved_classifier("multiclass")).trained_
    for weight in trained.model.weights:
        if "seed_generator" not in weight.path:
            weight.assign(weight + keras.random.normal(weight.shape, seed=1) * 0.3)
    target = tmp_path_factory.mktemp("models") / "newer"
    trained.save(target)
    return target


def in_two_windows(folder, updates, **options):
    """The results, and the failed batches with their reasons, of a text in each of two windows, which have their own model."""
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        texts = pipeline | "Texts" >> beam.Create([(1, "good card"), (11, "thanks")]) | "Windows of texts" >> windows()
        named = [(second, ModelMetadata(path, path[-9:])) for second, path in zip((1, 11), updates, strict=True)]
        models = pipeline | "Models" >> beam.Create(named) | "Windows of models" >> windows()
        handler = ClassifierHandler(folder, **options)
        results, failures = texts | RunInference(handler, model_metadata_pcoll=models).with_exception_handling()
        results | keep("results")
        failures.failed_inferences | beam.MapTuple(lambda batch, error: (batch, error[1])) | keep("failed")
    return FOUND["results"], FOUND["failed"]


@beam.ptransform_fn
def windows(timed):
    """Put `(second, value)` into windows of ten seconds."""
    values = timed | beam.MapTuple(lambda second, value: beam.window.TimestampedValue(value, second))
    return values | beam.WindowInto(beam.window.FixedWindows(10))


def test_a_new_model_answers_from_its_window_on(folder, other_weights):
    results, failed = in_two_windows(folder, ["", f"{other_weights}/manifest.json"])
    assert not failed
    assert {result.example: result.model_id for result in results} == {
        "good card": str(folder),
        "thanks": str(other_weights),
    }
    for result in results:
        own = kb.load(result.model_id).predict_proba([result.example])[0]
        np.testing.assert_allclose(list(result.inference["scores"].values()), own, atol=1e-6)


def test_a_new_model_of_other_labels_is_refused_with_its_batches(folder, tmp_path):
    other = renamed(folder, tmp_path / "other", {"z": "w"})
    (result,), ((batch, reason),) = in_two_windows(folder, ["", str(other)])
    assert result.example == "good card" and batch == ["thanks"]
    assert "it lacks ['z'], it adds ['w']" in reason and "accept_new_labels=True" in reason


def test_new_labels_are_accepted_where_it_is_said(folder, tmp_path):
    other = renamed(folder, tmp_path / "other", {"z": "w"})
    results, _ = in_two_windows(folder, [str(folder), str(other)], accept_new_labels=True)
    assert {tuple(result.inference["scores"]) for result in results} == {("x", "y", "z"), ("x", "y", "w")}


def test_a_refused_model_fails_every_batch_until_another_comes(folder, other_weights, tmp_path):
    handler = ClassifierHandler(folder)
    handler.update_model_path(str(tmp_path))
    refused = handler.load_model()
    assert isinstance(refused, RefusedClassifier)
    for _ in range(2):
        with pytest.raises(kb.ArtifactError, match=r"holds no classifier.json"):
            handler.run_inference(["good"], refused)
    handler.update_model_path(str(other_weights))
    assert handler.run_inference(["good"], handler.load_model())[0].model_id == str(other_weights)


def test_differences_of_labels_in_words():
    assert difference({"a": ("x",)}, {"b": ("x",)}) == "its heads are b instead of a"
    assert difference({"a": ("x", "y")}, {"a": ("y", "x")}) == "they are in another order"


def test_label_names_are_read_without_the_weights(folder):
    names = json.loads((folder / "classifier.json").read_text())
    assert list(read_label_names(str(folder)).values()) == [("x", "y", "z")] and names
