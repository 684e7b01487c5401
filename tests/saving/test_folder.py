import json

import pytest

from kerasbert import ArtifactError, ConfigError, TextClassifier
from kerasbert._core import files
from kerasbert.saving.folder import load_trained
from kerasbert.saving.rebuild import precision


@pytest.fixture(scope="module")
def saved(tiny_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "model"
    classifier = TextClassifier("multiclass", encoder=tiny_folder, epochs=1, verbose=False)
    classifier.fit(["good", "bad", "lost", "late"], list("abab")).save(folder)
    return folder


def changed(saved, tmp_path, **changes):
    """A copy whose classifier.json is changed and whose manifest is honest about it."""
    description = {**json.loads((saved / "classifier.json").read_text()), **changes}
    with files.atomic_dir_write(tmp_path / "copy", kind="classifier") as folder:
        for file in saved.iterdir():
            if file.name != "manifest.json":
                (folder / file.name).write_bytes(file.read_bytes())
        (folder / "classifier.json").write_text(json.dumps(description))
    return tmp_path / "copy"


CHANGES = {
    "newer format": ({"format_version": 99}, "has format_version 99; this kerasbert .* reads up to 2"),
    "unknown builder": ({"builder": "os.system"}, "does not describe a classifier"),
    "no arguments": ({"arguments": {}}, "does not describe a classifier: it lacks 'arguments/encoder'"),
    "list": ({"arguments": [1]}, r"does not describe a classifier: .*'arguments' is malformed, \[1\]"),
    "thresholds": ({"thresholds": {"probabilities": [0.5]}}, "thresholds of 'probabilities' must be 2 numbers"),
    "precision": ({"precision": "float17"}, "does not describe a classifier"),
}


@pytest.mark.parametrize(("changes", "message"), CHANGES.values(), ids=CHANGES)
def test_a_wrong_description_is_refused(changes, message, saved, tmp_path):
    with pytest.raises(ArtifactError, match=message):
        load_trained(changed(saved, tmp_path, **changes))


def test_weights_of_another_model_are_refused(saved, tmp_path):
    arguments = json.loads((saved / "classifier.json").read_text())["arguments"]
    arguments["num_classes"] = ["a", "b", "c"]
    with pytest.raises(ArtifactError, match=r"probabilities/logits/\w+ must have shape|must be 3 numbers"):
        load_trained(changed(saved, tmp_path, arguments=arguments))


def test_a_folder_that_is_none():
    with pytest.raises(ArtifactError, match="is not a folder; give the folder that `save` or `train` wrote"):
        load_trained("nowhere")


def test_pure_float16_is_refused():
    with pytest.raises(ConfigError, match="`precision` must not be 'float16'.*use 'mixed_float16'"):
        precision("float16")
