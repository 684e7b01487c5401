import numpy as np
import pytest

from kerasbert import build_binary, build_multiclass, build_multilabel
from kerasbert.training.heads import default_monitor, set_prior_bias


def test_prior_bias_predicts_the_frequencies(tiny_config):
    model = build_multilabel(2, encoder=tiny_config)
    set_prior_bias(model, np.array([[1, 0]] * 10 + [[0, 0]] * 30))
    assert np.allclose(model.head.output_layer.bias, [np.log(10.5 / 30.5), np.log(0.5 / 40.5)], atol=1e-5)


def test_prior_bias_leaves_a_trained_head_alone(tiny_config):
    model = build_binary(encoder=tiny_config)
    model.head.output_layer.bias.assign([0.7])
    set_prior_bias(model, np.array([[1.0], [0.0]]))
    assert float(model.head.output_layer.bias[0]) == pytest.approx(0.7)


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (build_binary, "val_f1"),
        (lambda **o: build_multiclass(3, **o), "val_accuracy"),
        (lambda **o: build_multilabel(3, **o), "val_macro_f1"),
    ],
    ids=["binary", "multiclass", "multilabel"],
)
def test_each_task_has_its_measure(build, expected, tiny_config):
    assert default_monitor(build(encoder=tiny_config)) == expected
