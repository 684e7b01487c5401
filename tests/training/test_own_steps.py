import pytest
from own_models import WithoutGraph, WithOwnStep, number_model

from kerasbert import build_binary
from kerasbert.training.own_steps import has_own_steps


@pytest.mark.parametrize(
    ("build", "expected"), [(build_binary, False), (number_model, False), (WithoutGraph, False), (WithOwnStep, True)]
)
def test_which_models_have_own_steps(build, expected, tiny_config):
    model = build(encoder=tiny_config) if build is build_binary else build(tiny_config)
    assert has_own_steps(model) is expected
