import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert.classifiers.architecture import architecture_of
from kerasbert.classifiers.compiling import compile_heads
from kerasbert.tasks.balance import balance_levels
from kerasbert.training.heads import default_monitor

TREE = {"billing": ["refund", "invoice"], "shipping": ["late", "lost", "damaged"], "other": ["other"]}
PARENTS = np.array([0, 0, 1, 1, 1, 2])
DEEP = {"a": {"b": ["c", "d"], "e": ["f"]}, "g": {"h": ["i", "j"]}}
LABELS = {"class": np.array([0, 2]), "subclass": np.array([1, -1])}


def predict(model, inputs):
    return {level: np.asarray(values) for level, values in model.predict(inputs, verbose=0).items()}


def randomise(model):
    random = np.random.default_rng(0)
    for layer in model.hierarchy.output_layers:
        layer.set_weights([random.normal(size=weight.shape) for weight in layer.get_weights()])


def features_of(model, inputs):
    return keras.Model(model.inputs, model.features.output).predict(inputs, verbose=0).astype("float64")


def softmax(values):
    exponentials = np.exp(values - values.max(axis=-1, keepdims=True))
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def by_hand(model, inputs):
    """P(class) and P(subclass) in NumPy, from the features and the head's weights."""
    features = features_of(model, inputs)
    logits = [
        features @ kernel + bias for kernel, bias in (layer.get_weights() for layer in model.hierarchy.output_layers)
    ]
    if model.hierarchy.class_scores == "summed":
        subclass = softmax(logits[0])
        return np.stack([subclass[:, PARENTS == c].sum(axis=1) for c in range(3)], axis=1), subclass
    if not model.hierarchy.exclusive:
        classes, given = (1 / (1 + np.exp(-values)) for values in logits)
    else:
        classes, given = softmax(logits[0]), np.zeros_like(logits[1])
        for c in range(3):
            given[:, PARENTS == c] = softmax(logits[1][:, PARENTS == c])
    return classes, classes[:, PARENTS] * given


FORMS = {"own": {"class_scores": "own"}, "summed": {}, "multilabel": {"level_task": "multilabel"}}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_probabilities_against_numpy(form, tiny_config, tiny_inputs):
    model = kb.build_hierarchical(TREE, encoder=tiny_config, **form)
    randomise(model)
    predicted = predict(model, tiny_inputs)
    classes, subclasses = by_hand(model, tiny_inputs)
    assert np.allclose(predicted["class"], classes, atol=1e-5)
    assert np.allclose(predicted["subclass"], subclasses, atol=1e-5)


def test_every_level_of_a_deep_tree_adds_up_to_the_one_above(tiny_config, tiny_inputs):
    model = kb.build_hierarchical(DEEP, encoder=tiny_config)
    randomise(model)
    predicted = predict(model, tiny_inputs)
    for (above, below), parents in zip(
        [("class", "subclass"), ("subclass", "level_3")], model.hierarchy.hierarchy.parents, strict=True
    ):
        sums = np.stack([predicted[below][:, np.array(parents) == p].sum(axis=1) for p in range(max(parents) + 1)], 1)
        assert np.allclose(sums, predicted[above], atol=1e-6)


def gradients(model, inputs, labels):
    tf = pytest.importorskip("tensorflow")
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x=inputs, y=labels, y_pred=model(inputs, training=False))
    variables = [variable for layer in model.hierarchy.output_layers for variable in layer.trainable_variables]
    return float(loss), [np.asarray(g) for g in tape.gradient(loss, [v.value for v in variables])]


def test_a_row_without_sublabel_costs_nothing_at_that_level(tiny_config, tiny_inputs):
    model = kb.build_hierarchical(TREE, encoder=tiny_config)
    predicted = predict(model, tiny_inputs)
    loss, _ = gradients(model, tiny_inputs, {"class": np.array([0, 2]), "subclass": np.array([-1, -1])})
    assert np.isclose(loss, -np.log([predicted["class"][0, 0], predicted["class"][1, 2]]).mean(), rtol=1e-4)


def test_a_row_without_sublabel_trains_the_own_scores_of_the_class_only(tiny_config, tiny_inputs):
    model = kb.build_hierarchical(TREE, encoder=tiny_config, class_scores="own")
    model.predict(tiny_inputs, verbose=0)
    _, both = gradients(model, tiny_inputs, {"class": np.array([0, 2]), "subclass": np.array([-1, -1])})
    assert np.abs(both[0]).max() > 0 and np.abs(both[2]).max() == 0 and np.abs(both[3]).max() == 0


def test_the_loss_is_the_weighted_sum_of_the_levels(tiny_config, tiny_inputs):
    model = kb.build_hierarchical(TREE, encoder=tiny_config, level_weights=[0.5, 2.0])
    predicted = predict(model, tiny_inputs)
    classes = -np.log([predicted["class"][0, 0], predicted["class"][1, 2]]).mean()
    subclasses = -np.log(predicted["subclass"][0, 1]) / 2
    assert np.isclose(gradients(model, tiny_inputs, LABELS)[0], 0.5 * classes + 2 * subclasses, rtol=1e-4)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_gradients_hold_where_probabilities_underflow(form, tiny_config, tiny_inputs):
    model = kb.build_hierarchical(TREE, encoder=tiny_config, **form)
    for layer in model.hierarchy.output_layers:
        kernel, bias = layer.get_weights()
        bias = np.full_like(bias, -40.0)
        bias[-1] = 40.0  # "other", far from the label
        if len(bias) == 6:
            bias[0] = 40.0  # and "refund", not "invoice", inside billing
        layer.set_weights([kernel * 0, bias])
    labels = {"class": np.array([0, 0]), "subclass": np.array([1, 1])}
    if "level_task" in form:
        labels = {
            level: np.eye(size, dtype="float32")[labels[level]] for level, size in (("class", 3), ("subclass", 6))
        }
    _, found = gradients(model, tiny_inputs, labels)
    assert all(np.isfinite(one).all() for one in found)
    subclass_bias = found[-1]
    # The right subclass is pulled up with the whole weight of its error, however small its probability.
    assert np.isclose(subclass_bias[1], -1 / (6 if "level_task" in form else 1), rtol=1e-3)


def smooth(model, share):
    levels = [head.task for head in model.heads.values()]
    losses = [chosen.loss for chosen in balance_levels(levels, label_smoothing=share)]
    compile_heads(model, model.heads, optimizer="sgd", losses=dict(zip(model.heads, losses, strict=True)))


@pytest.mark.parametrize("height", [0.0, 40.0], ids=["even", "underflow"])
def test_smoothed_gradients_are_probability_less_target(height, tiny_config, tiny_inputs):
    model = kb.build_hierarchical(TREE, encoder=tiny_config, class_scores="own")
    smooth(model, 0.3)
    for layer, bias in zip(model.hierarchy.output_layers, ([-1, 0, 1], [0, 1, 0, 1, 2, 0]), strict=True):
        layer.set_weights([layer.kernel * 0, np.array(bias) * max(height, 1)])
    _, found = gradients(model, tiny_inputs, {"class": np.array([0, 0]), "subclass": np.array([1, -1])})
    classes = softmax(np.array([-1, 0, 1]) * max(height, 1)) - [0.8, 0.1, 0.1]
    assert np.allclose(found[1], classes * 1.5, atol=1e-5)  # one row knows its subclass, whose loss holds the class's
    given = softmax(np.array([0, 1]) * max(height, 1)) - [0.15, 0.85]
    assert np.allclose(found[3][:2], given / 2, atol=1e-5) or height
    assert np.allclose(found[3][2:], 0, atol=1e-5) or height


def test_a_smoothed_loss_survives_keras(tiny_config, tiny_inputs, tmp_path):
    model = kb.build_hierarchical(DEEP, encoder=tiny_config)
    randomise(model)
    smooth(model, 0.3)
    labels = {"class": np.array([0, 1]), "subclass": np.array([1, 2]), "level_3": np.array([2, -1])}
    before = model.evaluate(tiny_inputs, labels, verbose=0, return_dict=True)
    model.save(tmp_path / "model.keras")
    after = keras.models.load_model(tmp_path / "model.keras").evaluate(tiny_inputs, labels, verbose=0, return_dict=True)
    assert np.isclose(after["loss"], before["loss"], rtol=1e-6)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_saved_by_keras(form, tiny_config, tiny_inputs, tmp_path):
    model = kb.build_hierarchical(TREE, encoder=tiny_config, level_weights=[1, 2], **form)
    randomise(model)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    before, after = predict(model, tiny_inputs), predict(again, tiny_inputs)
    assert all(np.array_equal(before[level], after[level]) for level in before)
    assert architecture_of(again) == architecture_of(model)
    assert again.heads["subclass"].label_names == ("refund", "invoice", "late", "lost", "damaged", "other")


def trained(builder, names, config, **arguments):
    model = builder(names, encoder=config, **arguments)
    random = np.random.default_rng(1)
    model.set_weights([w + random.normal(size=w.shape, scale=0.1).astype(w.dtype) for w in model.get_weights()])
    return model


def test_from_a_class_model(tiny_config, tiny_inputs):
    flat = trained(kb.build_multiclass, ["other", "shipping", "billing"], tiny_config, hidden_units=(8,))
    predicted = predict(kb.build_hierarchical(TREE, from_model=flat), tiny_inputs)
    assert np.allclose(predicted["class"], flat.predict(tiny_inputs, verbose=0)[:, [2, 1, 0]], atol=1e-5)


def test_from_a_class_model_whose_probabilities_are_to_be_sums(tiny_config, tiny_inputs):
    flat = trained(kb.build_multiclass, list(TREE), tiny_config)
    predicted = predict(kb.build_hierarchical(TREE, from_model=flat, class_scores="summed"), tiny_inputs)
    assert np.allclose(predicted["class"], flat.predict(tiny_inputs, verbose=0), atol=1e-5)


def test_from_a_subclass_model(tiny_config, tiny_inputs):
    names = ["other", "damaged", "late", "lost", "refund", "invoice"]
    flat = trained(kb.build_multiclass, names, tiny_config)
    before = [weight.copy() for weight in flat.get_weights()]
    model = kb.build_hierarchical(TREE, from_model=flat)
    expected = flat.predict(tiny_inputs, verbose=0)[:, [4, 5, 2, 3, 1, 0]]
    assert np.allclose(predict(model, tiny_inputs)["subclass"], expected, atol=1e-5)
    model.fit(tiny_inputs, LABELS, verbose=0)
    assert all(np.array_equal(one, other) for one, other in zip(before, flat.get_weights(), strict=True))


def test_from_a_multi_label_class_model(tiny_config, tiny_inputs):
    flat = trained(kb.build_multilabel, list(TREE), tiny_config)
    model = kb.build_hierarchical(TREE, from_model=flat, level_task="multilabel")
    assert np.allclose(predict(model, tiny_inputs)["class"], flat.predict(tiny_inputs, verbose=0), atol=1e-5)


def test_prior_biases_of_sums_predict_the_frequencies_of_known_subclasses(tiny_config):
    model = kb.build_hierarchical(TREE, encoder=tiny_config)
    known = [0] * 30 + [3] * 60 + [-1] * 10
    model.hierarchy.set_prior_bias({"class": np.array([0] * 30 + [1] * 60 + [2] * 10), "subclass": np.array(known)})
    [biases] = [layer.bias.numpy() for layer in model.hierarchy.output_layers]
    assert np.allclose(softmax(biases), [1 / 3, 0, 0, 2 / 3, 0, 0], atol=0.02)


def test_prior_biases_predict_the_frequencies(tiny_config):
    model = kb.build_hierarchical(TREE, encoder=tiny_config, class_scores="own")
    model.hierarchy.set_prior_bias({"class": np.array([0] * 60 + [1] * 40), "subclass": np.array([0] * 90 + [-1] * 10)})
    biases = [layer.bias.numpy() for layer in model.hierarchy.output_layers]
    assert np.allclose(softmax(biases[0]), [0.6, 0.4, 0.0], atol=0.01)
    assert np.allclose(softmax(biases[1][:2]), [1, 0], atol=0.01)


def test_the_best_epoch_is_that_of_the_subclasses(tiny_config):
    model = kb.build_hierarchical(TREE, encoder=tiny_config)
    assert default_monitor(model) == "val_subclass_accuracy"


WRONG = {
    "one class": ({"a": ["b", "c"]}, {}, kb.ConfigError, "must hold at least 2 classes"),
    "weights": (TREE, {"level_weights": [1]}, kb.ConfigError, "one number for each of class, subclass"),
    "negative weight": (TREE, {"level_weights": [1, -1]}, kb.ConfigError, "`level_weights` must be a number in"),
    "weight": (TREE, {"level_weights": 2}, TypeError, "`level_weights` must be a list of numbers"),
    "sums": (TREE, {"class_scores": "sum"}, kb.ConfigError, "`class_scores` must be one of.*Did you mean 'summed'"),
    "sums of sigmoids": (
        TREE,
        {"class_scores": "summed", "level_task": "multilabel"},
        kb.ConfigError,
        "must be one of 'own'",
    ),
    "a keyword": (TREE, {"level_weight": [1, 1]}, TypeError, "no argument 'level_weight'.*'level_weights'"),
}


@pytest.mark.parametrize(("tree", "arguments", "error", "message"), WRONG.values(), ids=WRONG)
def test_wrong_arguments(tree, arguments, error, message, tiny_config):
    with pytest.raises(error, match=message):
        kb.build_hierarchical(tree, encoder=tiny_config, **arguments)


def test_a_flat_model_of_other_labels(tiny_config):
    flat = kb.build_multiclass(["x", "y"], encoder=tiny_config)
    with pytest.raises(kb.ConfigError, match="must have the classes or the deepest subclasses"):
        kb.build_hierarchical(TREE, from_model=flat)


def test_a_flat_model_of_another_task(tiny_config):
    flat = kb.build_multilabel(list(TREE), encoder=tiny_config)
    with pytest.raises(kb.ConfigError, match="`from_model` must be a multiclass classifier here; got a multilabel"):
        kb.build_hierarchical(TREE, from_model=flat)


def test_what_a_flat_model_brings_along(tiny_config):
    flat = kb.build_multiclass(list(TREE), encoder=tiny_config)
    with pytest.raises(kb.ConfigError, match="`dropout` must be left out with `from_model`"):
        kb.build_hierarchical(TREE, from_model=flat, dropout=0.5)


def test_what_is_no_flat_model():
    with pytest.raises(TypeError, match="`from_model` must be a classifier with one flat head; got 'model'"):
        kb.build_hierarchical(TREE, from_model="model")
