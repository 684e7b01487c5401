"""Fitted parts in plain data, in saved folders and in exports."""

import dataclasses

import numpy as np
import pytest

from kerasbert import load
from kerasbert._core.errors import ArtifactError
from kerasbert.export.artefacts import artefact_of
from kerasbert.export.description import describe
from kerasbert.saving.exported_folder import describe_exported
from kerasbert.tasks.multiclass import Multiclass
from kerasbert.tasks.single import SingleOutput
from kerasbert.uncertainty.fitted import FittedPart, with_part
from kerasbert.uncertainty.table import ARRAYS_FILE, PARTS, arrays_of_parts, describe_parts, read_parts

OUTPUTS = SingleOutput(Multiclass(["a", "b"]))


@dataclasses.dataclass(frozen=True)
class Plain(FittedPart):
    name = "plain"
    number: int

    def to_plain(self):
        return {"number": self.number}

    @classmethod
    def from_plain(cls, plain, arrays, outputs):
        return cls(int(plain["number"]))


@dataclasses.dataclass(frozen=True)
class WithArrays(Plain):
    name = "with_arrays"

    def arrays(self):
        return {"ones": np.ones((2, 3), "float32") * self.number}

    @classmethod
    def from_plain(cls, plain, arrays, outputs):
        return cls(int(arrays["ones"][1, 2]))


@pytest.fixture(autouse=True)
def _known(monkeypatch):
    for kind in (Plain, WithArrays):
        monkeypatch.setitem(PARTS, kind.name, kind)


def fitted():
    return with_part(with_part({}, WithArrays(7)), Plain(3))


def test_parts_become_plain_data_and_arrays_and_come_back():
    plain, arrays = describe_parts(fitted()), arrays_of_parts(fitted())
    assert plain == {"uncertainty": {"with_arrays": {"number": 7}, "plain": {"number": 3}}}
    assert list(arrays) == ["with_arrays/ones"] and describe_parts({}) == {}
    assert read_parts(plain, arrays, OUTPUTS, "it") == fitted() and read_parts({}, {}, OUTPUTS, "it") == {}
    assert describe_parts(fitted(), with_arrays=False) == {"uncertainty": {"plain": {"number": 3}}}


def test_one_part_of_a_kind():
    assert with_part(fitted(), Plain(4))["plain"] == Plain(4) == Plain.of(with_part(fitted(), Plain(4)))
    assert Plain.of({}) is None


def test_a_saved_folder_keeps_them_and_older_ones_have_none(saved_classifier, tmp_path):
    trained = load(saved_classifier("multiclass")).trained_
    assert trained.uncertainty == {}
    dataclasses.replace(trained, uncertainty=fitted()).save(tmp_path / "kept")
    assert load(tmp_path / "kept").trained_.uncertainty == fitted()
    assert f'"{ARRAYS_FILE}"' in (tmp_path / "kept" / "manifest.json").read_text()
    trained.save(tmp_path / "plain")
    assert not (tmp_path / "plain" / ARRAYS_FILE).exists()


def test_exports_hold_what_has_no_arrays_and_folders_that_others_train_on_nothing(saved_classifier):
    trained = dataclasses.replace(load(saved_classifier("multiclass")).trained_, uncertainty=fitted())
    description = describe(trained, "onnx")
    assert artefact_of(description, dict).uncertainty == {"plain": Plain(3)}
    assert "uncertainty" not in describe_exported(trained)


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ({"newer": {}}, r"file: `uncertainty` holds 'newer', which this version does not know \(it knows .*plain"),
        ({"plain": {}}, r"`uncertainty/plain` does not fit the classifier \(KeyError: .*number"),
        ({"plain": {"number": "x"}}, "does not fit the classifier .ValueError"),
        ({"plain": 3}, "`uncertainty` must hold an object for each fitted part"),
        ([], "`uncertainty` must hold an object for each fitted part"),
    ],
    ids=["unknown", "lacks a key", "wrong value", "no object", "list"],
)
def test_what_does_not_fit_is_refused(stored, message):
    with pytest.raises(ArtifactError, match=message):
        read_parts({"uncertainty": stored}, {}, OUTPUTS, "file")
