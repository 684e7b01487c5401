import json
import shutil

import keras
import numpy as np
import pytest
from trained_classifiers import TASKS

from kerasbert import ArtifactError, TextClassifier, cli, load
from kerasbert.saving.inspection import count_parameters, files_of, heads_of, manifest_state

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 6


@pytest.fixture(scope="module", params=TASKS)
def saved(request, saved_classifier):
    return saved_classifier(request.param)


def test_heads_are_those_of_the_loaded_classifier(saved):
    classifier = load(saved)
    found = {head.name: head for head in heads_of(saved)}
    assert list(found) == list(classifier.model_.heads)
    for name, layer in classifier.model_.heads.items():
        assert found[name].label_names == tuple(layer.label_names) and found[name].task == layer.task.name
        expected = [] if found[name].task == "multiclass" else classifier.thresholds_[name]
        assert found[name].thresholds == pytest.approx(tuple(expected))


def test_parameters_are_those_of_the_loaded_classifier(saved):
    model = load(saved).model_
    weights = [weight for weight in model.weights if "seed_generator" not in weight.path]
    assert count_parameters(saved) == sum(int(np.prod(weight.shape)) for weight in weights)


def test_tells_all_of_it_without_building_a_model(saved, capsys, monkeypatch):
    monkeypatch.setattr(keras.Model, "__init__", None)
    assert cli.main(["inspect", str(saved)]) == 0
    output = capsys.readouterr().out
    assert "every file is as it was written" in output and "model.safetensors" in output
    assert all(label in output for head in heads_of(saved) for label in head.label_names)
    assert f"{count_parameters(saved):,} weights" in output


def test_a_changed_folder_is_told_and_not_described(saved, tmp_path, capsys):
    folder = tmp_path / "changed"
    shutil.copytree(saved, folder)
    (folder / "metrics.json").write_text('{"a": 1}')
    assert cli.main(["inspect", str(folder)]) == 1
    captured = capsys.readouterr()
    assert "'metrics.json' differs from its manifest" in captured.err and "weights" not in captured.out


def test_many_labels_are_cut(tiny_folder, tmp_path, capsys):
    names = [f"label {i}" for i in range(40)]
    classifier = TextClassifier("multiclass", encoder=tiny_folder, label_names=names, epochs=1, verbose=False)
    with pytest.warns(UserWarning, match="no training text has the label"):
        classifier.fit(TEXTS, ["label 0", "label 1"] * 12).save(tmp_path / "model")
    assert cli.main(["inspect", str(tmp_path / "model")]) == 0
    assert "... and 10 more" in capsys.readouterr().out


def test_a_folder_of_something_else(tmp_path, capsys):
    (tmp_path / "saved_model.pb").write_bytes(b"not run")
    assert cli.main(["inspect", str(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert "a SavedModel of TensorFlow" in output and "no manifest" in output
    assert files_of(tmp_path) == [("saved_model.pb", 7)] and manifest_state(tmp_path)[0] is None


@pytest.mark.parametrize(
    "description", [{}, {"builder": "os.system", "arguments": {}}, {"builder": [], "arguments": 1}]
)
def test_a_description_of_nothing_is_refused(description, tmp_path):
    (tmp_path / "classifier.json").write_text(json.dumps(description))
    with pytest.raises(ArtifactError, match="does not describe a classifier"):
        heads_of(tmp_path)
