import dataclasses
import datetime
import json
import shutil
import subprocess
import sys
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest
from trained_classifiers import LABELS, TEXTS

from kerasbert import ArtifactError, ConfigError, DataError, TextClassifier, load
from kerasbert._core.manifest import write_manifest
from kerasbert.monitoring import Profiler, make_reference, read_reference, reference_of, with_reference
from kerasbert.monitoring import reference as reference_module
from kerasbert.monitoring.reference import REFERENCE_FILE, Reference, has_reference
from kerasbert.text_classifier import fitting

VALID = ["a card of mine", "no parcel", "many thanks", "refund"], ["x", "y", "z", "x"]


@pytest.fixture
def folder(watched_folder, tmp_path):
    return shutil.copytree(watched_folder, tmp_path / "classifier")


def list_files(folder):
    """Write the manifest of what lies in a folder now, as somebody who forges it would."""
    (folder / "manifest.json").unlink()
    write_manifest(folder, "classifier")


def test_a_reference_lies_in_the_folder_and_its_manifest(watched_folder, watched):
    reference = reference_of(watched)
    assert reference.profile == Profiler(watched).profile(TEXTS * 10, LABELS * 10)
    assert reference.num_available == 80 and reference.source == "texts of *test*"
    assert reference.made == datetime.datetime.now(datetime.UTC).date().isoformat()
    listed = [one["path"] for one in json.loads((watched_folder / "manifest.json").read_text())["files"]]
    assert REFERENCE_FILE in listed and (watched_folder / REFERENCE_FILE).read_bytes() == reference.to_bytes()
    assert has_reference(watched_folder)


def test_it_is_read_without_tensorflow(watched_folder):
    code = (
        "import sys, kerasbert_command\nfrom kerasbert.monitoring import read_reference\n"
        f"print(read_reference({str(watched_folder)!r}).profile.num_rows, 'tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "80 False False\n"


def test_it_stays_with_a_classifier_that_is_saved_again(watched_folder, tmp_path):
    load(watched_folder).save(tmp_path / "again")
    assert read_reference(tmp_path / "again").profile == read_reference(watched_folder).profile
    assert (tmp_path / "again/README.md").read_text() == (watched_folder / "README.md").read_text()


def test_the_model_card_tells_of_it(watched_folder, watched):
    card = (watched_folder / "README.md").read_text(encoding="utf-8")
    told = card.split("## Reference for monitoring")[1].split("## ")[0]
    profile = reference_of(watched).profile
    assert r"80 texts: texts of \*test\*, profiled on " in told
    lengths = watched.tokenizer.full_lengths(TEXTS)
    middle = int(np.quantile(lengths, 0.5, method="inverted_cdf"))
    assert f"half have at most {middle}, 95 % at most " in told and "12.5% are cut" in told
    # x, y, z, y, x, z, y, x
    assert "labels: x 37.5%, y 37.5%, z 25.0%" in told
    right = np.mean(watched.predict(TEXTS) == np.array(LABELS))
    assert f"right on {right:.1%} of the 80 texts whose labels are known" in told and profile.num_rows == 80


def test_of_many_texts_a_random_sample_is_profiled(watched, monkeypatch):
    monkeypatch.setattr(reference_module, "MOST_TEXTS", 5)
    texts = [f"card {number}" for number in range(12)]
    reference = make_reference(watched, texts, ["x", "y", "z"] * 4)
    assert reference.profile.num_rows == 5 and reference.num_available == 12
    again = make_reference(watched, texts[::-1], ["z", "y", "x"] * 4)
    assert again.profile == reference.profile
    with_it = with_reference(watched, reference)
    assert "5 texts, drawn from 12: texts that were given" in with_it.attachments[REFERENCE_FILE].told


def test_a_reference_of_another_model_is_refused(watched, folder):
    reference = reference_of(watched)
    other = dataclasses.replace(watched, thresholds={"probabilities": np.array([0.1, 0.2, 0.3])})
    with pytest.raises(
        ConfigError, match="of another classifier .*: weights, tokenizer or thresholds have changed since"
    ):
        reference_of(other)
    classifier = load(folder)
    classifier.model_.weights[0].assign_add(np.ones(classifier.model_.weights[0].shape))
    with pytest.raises(
        ConfigError, match="have changed since. Make it again: kerasbert monitor DIR DATA --make-reference"
    ):
        with_reference(classifier, reference)


def test_a_reference_with_other_labels_is_refused(watched, saved_classifier):
    with pytest.raises(ConfigError, match="its labels are 'x', 'y', 'z', those of the classifier 'no', 'yes'"):
        with_reference(load(saved_classifier("binary")), reference_of(watched))


def test_a_classifier_without_one_is_told_how_to_make_one(saved_classifier):
    folder = saved_classifier("multilabel")
    assert read_reference(folder) is None and not has_reference(folder)
    with pytest.raises(
        ConfigError, match="has no reference to compare with; make one: kerasbert monitor DIR DATA --make"
    ):
        reference_of(load(folder))


def test_a_reference_of_no_text_is_refused(watched):
    with pytest.raises(DataError, match="`texts` must hold at least one text for a reference; got none"):
        make_reference(watched, [])


def test_a_folder_whose_reference_was_changed_is_refused(folder):
    content = bytearray((folder / REFERENCE_FILE).read_bytes())
    content[-1] ^= 1
    (folder / REFERENCE_FILE).write_bytes(content)
    for read in (load, read_reference):
        with pytest.raises(ArtifactError, match=f"was changed or cut: '{REFERENCE_FILE}' differs from its manifest"):
            read(folder)


def test_a_reference_that_is_no_profile_is_refused(folder):
    (folder / REFERENCE_FILE).write_bytes(b"no profile")
    list_files(folder)
    with pytest.raises(ArtifactError, match=f"{REFERENCE_FILE}' is no readable profile"):
        read_reference(folder)
    with pytest.raises(ArtifactError, match="is no readable profile .*; copy it again, or make it again"):
        reference_of(load(folder))
    assert load(folder).predict(["good"]).shape == (1,)


def test_a_missing_reference_is_told(folder):
    (folder / REFERENCE_FILE).unlink()
    list_files(folder)
    with pytest.raises(ArtifactError, match=f"cannot be read: .*{REFERENCE_FILE}' is missing"):
        load(folder)


@pytest.mark.parametrize("name", ["../reference.safetensors", "/etc/passwd"])
def test_an_attachment_never_leads_out_of_the_folder(folder, name):
    description = json.loads((folder / "classifier.json").read_text())
    (folder / "classifier.json").write_text(json.dumps({**description, "attachments": {name: ""}}))
    list_files(folder)
    with pytest.raises(ArtifactError, match="must be a bare file name; it leads out of the folder"):
        load(folder)


def test_a_file_without_facts_is_refused(watched):
    with pytest.raises(ArtifactError, match="it lacks 'made'"):
        Reference.from_bytes(reference_of(watched).profile.to_bytes(), "it")
    with pytest.raises(ArtifactError, match="it: `made` must be a day such as '2026-01-31'; got '<b>'"):
        Reference.from_bytes(dataclasses.replace(reference_of(watched), made="<b>").to_bytes(), "it")
    empty = dataclasses.replace(reference_of(watched), profile=Profiler(watched).profile([]))
    with pytest.raises(ArtifactError, match="it is of no text; make it again"):
        Reference.from_bytes(empty.to_bytes(), "it")


def fitted(folder, **arguments):
    """A classifier whose training is left out."""
    history = SimpleNamespace(history={"loss": [1.0]}, params={"epochs": 1})
    classifier = TextClassifier(encoder=str(folder), max_length=16, verbose=False, **arguments)
    with mock.patch.object(fitting, "finetune", lambda *_, **__: history):
        return classifier.fit(TEXTS * 3, LABELS * 3, validation=None if "validation_fraction" in arguments else VALID)


def test_training_keeps_one_of_its_validation_texts(tiny_folder):
    classifier = fitted(tiny_folder)
    reference = reference_of(classifier)
    assert reference.profile == Profiler(classifier).profile(*VALID)
    assert reference.source == "the validation texts of its training"


def test_training_keeps_one_of_texts_that_it_holds_out(tiny_folder):
    reference = reference_of(fitted(tiny_folder, validation_fraction=0.25))
    assert reference.profile.num_rows == 6 and reference.source == "texts held out of its training"
    assert reference.profile.heads["probabilities"].num_labelled == 6


@pytest.mark.parametrize(
    "arguments", [{"reference": False}, {"validation_fraction": 0.0}], ids=["left out", "no texts"]
)
def test_training_leaves_it_out(tiny_folder, arguments):
    assert REFERENCE_FILE not in fitted(tiny_folder, **arguments).trained_.attachments
