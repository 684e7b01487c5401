import json
import os
import shutil

import pytest

import kerasbert as kb

pytest.importorskip("apache_beam", reason="Apache Beam is not installed: scripts/test --beam runs these")
from shelf import Shelf  # noqa: E402

from kerasbert.beam import ClassifierHandler  # noqa: E402
from kerasbert.production.beam.stores import as_address, is_remote, local_file, local_folder, matching  # noqa: E402

pytestmark = pytest.mark.beam


@pytest.fixture
def shelf(tmp_path, monkeypatch, saved_classifier):
    """A store with a classifier."""
    monkeypatch.setattr(Shelf, "root", f"{tmp_path}/")
    shutil.copytree(saved_classifier("multiclass"), tmp_path / "models" / "one")
    return tmp_path


def test_addresses_and_paths():
    assert is_remote("gs://bucket/folder") and not is_remote("folder") and not is_remote("file:///folder")
    assert as_address("gs://bucket") == "gs://bucket" and as_address("folder") == os.path.abspath("folder")


def test_a_model_of_a_store_answers_as_a_local_one(shelf, saved_classifier):
    handler = ClassifierHandler("shelf://models/one")
    model = handler.load_model()
    here = ClassifierHandler(saved_classifier("multiclass"))
    assert model.answers(["good card"]) == here.load_model().answers(["good card"])
    assert model.model_id() == "shelf://models/one" and handler.label_names == here.label_names


def test_a_copy_lives_while_it_is_used(shelf):
    with local_folder("shelf://models/one") as copy:
        assert kb.load(copy).classes_ is not None
    assert not copy.exists()


def test_a_cut_copy_is_told_by_its_address(shelf):
    with (shelf / "models" / "one" / "model.safetensors").open("ab") as stream:
        stream.write(b"0")
    with pytest.raises(kb.ArtifactError, match="'shelf://models/one' was changed or cut: 'model.safetensors'"):
        ClassifierHandler("shelf://models/one").load_model()


def test_a_manifest_cannot_name_a_file_elsewhere(shelf):
    file = shelf / "models" / "one" / "manifest.json"
    content = json.loads(file.read_text())
    content["files"][0]["path"] = "../other"
    file.write_text(json.dumps(content))
    with (
        pytest.raises(kb.ArtifactError, match="which is outside the folder; refused"),
        local_folder("shelf://models/one"),
    ):
        pass


def test_what_is_missing_in_a_store_is_told(shelf):
    with pytest.raises(kb.ArtifactError, match="'shelf://models/two' cannot be read"):
        ClassifierHandler("shelf://models/two")
    with pytest.raises(kb.DataError, match="shelf://none.jsonl cannot be read"), local_file("shelf://none.jsonl"):
        pass


def test_data_files_of_a_store(shelf):
    (shelf / "data").mkdir()
    (shelf / "data" / "a.jsonl").write_text("{}\n")
    assert matching("shelf://data/*.jsonl") == ["shelf://data/a.jsonl"] and matching("shelf://none/*") == []
    with local_file("shelf://data/a.jsonl") as copy:
        assert copy.name == "a.jsonl" and copy.read_text() == "{}\n"
    assert not copy.exists()
