import keras
import numpy as np
import pytest
from held_out import KINDS, labels_for, other_texts

from kerasbert.uncertainty.folding import has_summed_levels, logits_layers
from kerasbert.uncertainty.logits import logit_layers, probabilities_of, sigmoid


@pytest.mark.parametrize("kind", KINDS)
def test_probabilities_become_logits_and_come_back(kind, classifier_of):
    trained = classifier_of(kind)
    summed = has_summed_levels(trained.model)
    probabilities = trained.probabilities(other_texts(20))
    layers = logit_layers(trained.outputs, summed=summed)
    assert [layer.head for layer in layers] == list(logits_layers(trained.model))
    again = probabilities_of(trained.outputs, layers, {layer.head: layer.logits(probabilities) for layer in layers})
    assert list(again) == list(probabilities)
    for head, values in probabilities.items():
        assert np.allclose(again[head], values, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_losses_are_those_of_the_heads(kind, classifier_of):
    trained = classifier_of(kind)
    y_true = trained.encode_labels(labels_for(trained.outputs, 20))
    probabilities = trained.probabilities(other_texts(20))
    layers = logit_layers(trained.outputs, summed=has_summed_levels(trained.model))
    losses = [layer.losses(y_true, layer.logits(probabilities)) for layer in layers]
    if trained.outputs.hierarchy is None:
        for layer, own in zip(layers, losses, strict=True):
            mean = float(layer.task.loss()(y_true[layer.head], keras.ops.convert_to_tensor(probabilities[layer.head])))
            per_text = own / (1 if layer.exclusive else layer.task.units)
            assert per_text.mean() == pytest.approx(mean, abs=1e-5)
    elif layers[-1].exclusive:
        # Along the path the factors' losses add up to that of the deepest label.
        deepest = probabilities[layers[-1].head][np.arange(20), y_true[layers[-1].head]]
        assert np.allclose(sum(losses), -np.log(deepest), atol=1e-5)


def test_an_unknown_label_is_not_judged(classifier_of):
    layers = logit_layers(classifier_of("hierarchical").outputs)
    y_true = {"class": np.array([0, 2]), "subclass": np.array([1, -1])}
    assert layers[1].judged(y_true).tolist() == [[True, True] + [False] * 4, [False] * 6]
    assert layers[1].losses(y_true, np.zeros((2, 6))) == pytest.approx([np.log(2), 0])


def test_a_child_is_judged_where_its_parent_is_true(classifier_of):
    layers = logit_layers(classifier_of("independent levels").outputs)
    y_true = {"class": np.array([[1, 0, 0]]), "subclass": np.array([[1, -1, 0, 0, 0, 0]])}
    assert layers[1].judged(y_true).tolist() == [[True] + [False] * 5]


def test_a_sigmoid_of_any_number():
    assert sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0, 0.5, 1]
