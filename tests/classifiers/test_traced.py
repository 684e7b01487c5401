"""The second batch and all after it are one graph, which gives what a call of the model gives."""

import gc
import threading
import weakref

import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert.classifiers import traced
from kerasbert.classifiers.traced import runner_of

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="graphs are TensorFlow's")


@pytest.fixture(autouse=True)
def _as_users_run(monkeypatch):
    monkeypatch.setattr(traced, "EAGER_BATCHES", 1)


BUILT = {
    "one head": lambda config: kb.build_multiclass(3, encoder=config, pooling="cls", compile=False),
    "two heads": lambda config: kb.build_multitask({"a": kb.Multilabel(4), "b": kb.Binary()}, encoder=config),
    "windows": lambda config: kb.build_binary(encoder=config, window_pooling="mean", max_length=8, compile=False),
    "vectors": lambda config: kb.build_multilabel(4, encoder=config, compile=False).with_vectors,
}


def inputs_of(rows, length, windows=False, seed=0):
    random = np.random.default_rng(seed)
    mask = (np.arange(length) < random.integers(2, length + 1, (rows, 1))).astype("int32")
    ids = random.integers(5, 20, (rows, length)).astype("int32") * mask
    inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(mask)}
    return inputs | ({"window_rows": np.arange(1, rows + 1, dtype="int32")[:, None]} if windows else {})


def by_call(model, inputs):
    return [keras.ops.convert_to_numpy(part) for part in keras.tree.flatten(model(inputs, training=False))]


def check(model, inputs, runner=None):
    got = keras.tree.flatten((runner or runner_of(model))(inputs))
    for own, expected in zip(got, by_call(model, inputs), strict=True):
        np.testing.assert_allclose(own, expected, atol=1e-6)


@pytest.fixture
def model(tiny_config):
    return kb.build_multiclass(3, encoder=tiny_config, compile=False)


def traces(model):
    graph = runner_of(model)._graph
    return 0 if graph is None else graph.experimental_get_tracing_count()


@pytest.mark.parametrize("name", BUILT)
def test_all_shapes_go_through_one_graph(name, tiny_config):
    model = BUILT[name](tiny_config)
    for number, shape in enumerate([(1, 5), (1, 7), (3, 4), (1, 5), (2, 8)]):
        check(model, inputs_of(*shape, windows=name == "windows", seed=number))
        assert traces(model) == int(number > 0)


def test_what_changes_in_place_is_never_stale(model):
    inputs = inputs_of(2, 6)
    for _ in range(2):
        check(model, inputs)
    before = runner_of(model)(inputs)
    model.set_weights([weight + 0.1 * np.ones_like(weight) for weight in model.get_weights()])
    model.head.output_layer.bias.assign([0.0, 1.0, 2.0])
    check(model, inputs)
    assert np.abs(runner_of(model)(inputs) - before).max() > 0.01 and traces(model) == 1
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", run_eagerly=True)
    model.fit(inputs, np.array([0, 2]), verbose=0)
    check(model, inputs)
    model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", jit_compile=True)
    assert not runner_of(model).takes_any_shape
    check(model, inputs)


@pytest.mark.parametrize("part", ["model", "encoder"])
def test_a_quantised_part_makes_a_new_graph(part, model):
    inputs = inputs_of(2, 6)
    for _ in range(2):
        check(model, inputs)
    graph, before = runner_of(model)._graph, runner_of(model)(inputs)
    (model if part == "model" else model.encoder).quantize("int8")
    check(model, inputs)
    assert runner_of(model)._graph is not graph and np.abs(runner_of(model)(inputs) - before).max() > 0


def test_threads_share_one_graph(model):
    inputs = [inputs_of(1, length, seed=length) for length in range(3, 11)]
    expected = [by_call(model, one)[0] for one in inputs]
    found = [[] for _ in inputs]

    def ask(place):
        found[place] += [runner_of(model)(inputs[place]) for _ in range(5)]

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(inputs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answers, own in zip(found, expected, strict=True):
        assert len(answers) == 5
        for answer in answers:
            np.testing.assert_allclose(answer, own, atol=1e-6)
    assert traces(model) == 1


def test_many_batches_come_back_in_the_order_of_the_texts(tiny_config):
    model = BUILT["two heads"](tiny_config)
    inputs = inputs_of(7, 6)
    batches = [
        (rows, {name: part[rows] for name, part in inputs.items()}) for rows in (np.array([5, 0, 2]), np.arange(0))
    ]
    batches[1] = (np.array([1, 3, 4, 6]), {name: part[[1, 3, 4, 6]] for name, part in inputs.items()})
    got = runner_of(model).run(batches, 7)
    assert set(got) == {"a", "b"}
    for own, expected in zip(keras.tree.flatten(got), by_call(model, inputs), strict=True):
        np.testing.assert_allclose(own, expected, atol=1e-6)


def test_a_model_that_is_dropped_is_freed(tiny_config):
    model = kb.build_binary(encoder=tiny_config, compile=False)
    for _ in range(2):
        runner_of(model)(inputs_of(1, 4))
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


def test_single_texts_of_a_classifier_are_traced(tiny_config, tiny_folder):
    trained = kb.TrainedClassifier(
        kb.build_multiclass(3, encoder=tiny_config, compile=False), kb.data.Tokenizer.from_folder(tiny_folder)
    )
    texts = ["good card", "bad", "lost parcel ? good", "thanks"]
    alone = np.concatenate([trained.predict_proba([text]) for text in texts])
    assert traces(trained.model) == 1
    np.testing.assert_allclose(trained.predict_proba(texts * 20)[:4], alone, atol=1e-6)
    assert traces(trained.model) == 1
