import shutil

import pytest
from toy_drift import texts_of
from trained_classifiers import LABELS, TEXTS

from kerasbert import load
from kerasbert.monitoring import make_reference, with_reference
from kerasbert.saving.folder import load_trained


@pytest.fixture(scope="session")
def watched_folder(saved_classifier, tmp_path_factory):
    """Folder of a multi-class classifier with a reference of 80 labelled texts; nothing is to be changed in it."""
    folder = tmp_path_factory.mktemp("watched") / "multiclass"
    shutil.copytree(saved_classifier("multiclass"), folder)
    classifier = load(folder)
    metrics = {"reading": {"columns": ["label"]}}
    reference = make_reference(classifier, TEXTS * 10, LABELS * 10, source="texts of *test*")
    with_reference(classifier, reference).save(folder, overwrite=True, metrics=metrics)
    return folder


@pytest.fixture(scope="session")
def watched(watched_folder):
    return load(watched_folder).trained_


@pytest.fixture(scope="session")
def monitored(saved_classifier):
    """A toy classifier of one label a text, with a reference of 300 texts, the labels of which it predicts itself."""
    trained = load_trained(saved_classifier("multiclass"))
    texts = texts_of(300)
    return with_reference(trained, make_reference(trained, texts, list(trained.predict(texts))))
