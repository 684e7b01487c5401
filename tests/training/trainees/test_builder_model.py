import pytest
from own_models import number_batches

from kerasbert import ConfigError, build_binary
from kerasbert.training.trainees.builder_model import BuilderModel


def test_a_model_of_the_builders_reads_texts_alone(tiny_config):
    with pytest.raises(ConfigError, match="`train` must hold texts alone .* got the inputs number. Make a Keras model"):
        BuilderModel(build_binary(encoder=tiny_config)).check(number_batches())
