import numpy as np
import pytest

import kerasbert as kb
from kerasbert.subclasses.vectors import penultimate_features
from kerasbert.tokenization.token_arrays import TokenArrays

TREE = {"good": ["a", "b"], "bad": ["c", "d"]}
RANDOM = np.random.default_rng(0)
IDS = RANDOM.integers(5, 9, 64)
TOKENS = TokenArrays.from_lists([[2, int(number), 3] + [5] * (row % 3) for row, number in enumerate(IDS)])
LABELS = {"class": (IDS - 5) // 2, "subclass": np.where(np.arange(64) % 8 == 0, -1, IDS - 5)}


@pytest.fixture(scope="module")
def flat(tiny_config):
    model = kb.build_multiclass(list(TREE), encoder=tiny_config)
    kb.finetune(model, kb.data.make_batches(TOKENS, LABELS["class"], shuffle=True), epochs=2, verbose=False)
    return model


@pytest.fixture(scope="module")
def trained(flat):
    secondary = kb.build_secondary(flat, TREE)
    before = [weight.numpy() for weight in secondary.non_trainable_weights]
    history = kb.train_secondary(
        secondary, kb.data.make_batches(TOKENS, LABELS, shuffle=True), epochs=60, learning_rate=0.1, batch_size=8
    )
    return secondary, before, history


def predict(model):
    batches = kb.data.make_batches(TOKENS)
    output = model.predict(batches.dataset, verbose=0)
    back = np.argsort(batches.order)
    return {name: values[back] for name, values in output.items()} if isinstance(output, dict) else output[back]


def test_subclasses_are_learned_and_classes_stay(flat, trained):
    secondary, before, history = trained
    assert history.history["subclass_loss"][-1] < history.history["subclass_loss"][0]
    predicted = predict(secondary)
    assert np.allclose(predicted["class"], predict(flat), atol=1e-6)
    known = LABELS["subclass"] >= 0
    inside = np.array([0, 0, 1, 1])[None, :] == LABELS["class"][:, None]
    chosen = np.where(inside, predicted["subclass"], 0).argmax(axis=1)
    assert (chosen == LABELS["subclass"])[known].mean() > 0.9
    after = [weight.numpy() for weight in secondary.non_trainable_weights]
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


def test_features_are_in_the_order_of_the_texts(flat):
    features = penultimate_features(flat, TOKENS)
    alone = penultimate_features(flat, TOKENS.take([5]))
    assert features.shape == (64, 16) and np.allclose(features[5], alone[0], atol=1e-6)
    assert penultimate_features(flat, TOKENS.take([])).shape == (0, 16)


def test_classes_of_another_model(flat):
    with pytest.raises(kb.ConfigError, match=r"must have the labels of `model` as its classes; they differ by \['x'\]"):
        kb.build_secondary(flat, {**TREE, "x": ["y"]})


def test_what_is_no_model():
    with pytest.raises(TypeError, match="`from_model` must be a classifier with one flat head"):
        kb.build_secondary(3, TREE)


def test_no_known_subclass(flat):
    batches = kb.data.make_batches(TOKENS, {**LABELS, "subclass": np.full(64, -1)})
    with pytest.raises(kb.DataError, match="at least one row whose subclass is known"):
        kb.train_secondary(kb.build_secondary(flat, TREE), batches)


def test_labels_without_levels(flat):
    with pytest.raises(TypeError, match="labels by level"):
        kb.train_secondary(kb.build_secondary(flat, TREE), kb.data.make_batches(TOKENS, LABELS["class"]))


def test_a_class_with_one_text_and_a_class_without_subclasses(tiny_folder):
    texts, labels = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 4, list("xxyy") * 4
    first = kb.TextClassifier("multiclass", encoder=tiny_folder, epochs=1, verbose=False).fit(texts, labels)
    second = first.add_subclasses(texts[:3], {"class": ["x", "x", "y"], "subclass": ["x1", "x2", None]}, epochs=1)
    assert second.subclasses == {"x": ["x1", "x2"], "y": ["y"]}
    found = second.predict_proba(texts)
    assert np.allclose(found["subclass"][:, 2], found["class"][:, 1], atol=1e-6)


def test_from_text(tiny_folder, tmp_path):
    texts, labels = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 4, list("xxyy") * 4
    first = kb.TextClassifier("multiclass", encoder=tiny_folder, epochs=1, verbose=False).fit(texts, labels)
    second = first.add_subclasses(texts, {"class": labels, "subclass": ["x1", "x2", "y1", None] * 4}, epochs=3)
    assert np.allclose(second.predict_proba(texts)["class"], first.predict_proba(texts), atol=1e-6)
    second.save(tmp_path / "second")
    assert kb.load(tmp_path / "second").subclasses == {"x": ["x1", "x2"], "y": ["y1"]}
