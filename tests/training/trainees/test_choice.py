import keras
import pytest
from own_models import number_model

from kerasbert import build_binary
from kerasbert.training.trainees.builder_model import BuilderModel
from kerasbert.training.trainees.choice import trainee_of
from kerasbert.training.trainees.keras_model import KerasModel


def test_each_model_has_its_trainee(tiny_config):
    assert isinstance(trainee_of(build_binary(encoder=tiny_config)), BuilderModel)
    assert isinstance(trainee_of(number_model(tiny_config)), KerasModel)


def test_no_model():
    with pytest.raises(TypeError, match="`model` must be one of the builders.* compiled Keras model.*got <Dense"):
        trainee_of(keras.layers.Dense(1))
