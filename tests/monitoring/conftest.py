import pytest
from toy_drift import texts_of

from kerasbert.monitoring.reference import make_reference, with_reference
from kerasbert.saving.folder import load_trained


@pytest.fixture(scope="session")
def watched(saved_classifier):
    """A toy classifier of one label a text, with a reference of 300 texts, the labels of which it predicts itself."""
    trained = load_trained(saved_classifier("multiclass"))
    texts = texts_of(300)
    return with_reference(trained, make_reference(trained, texts, list(trained.predict(texts))))
