import h5py
import numpy as np
import pytest

from kerasbert import CheckpointError
from kerasbert.encoders.checkpoints import h5_source
from kerasbert.encoders.checkpoints.h5_source import H5Source

KERNEL = "tf_bert_model/bert/pooler/dense/kernel:0"
WORDS = "tf_bert_for_masked_lm/bert/embeddings/word_embeddings/weight:0"
VALUES = np.arange(6, dtype="float16").reshape(2, 3)


def written(tmp_path, **datasets):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        for name, value in datasets.items():
            file[name] = value
    return H5Source(tmp_path / "x.h5")


def test_kernels_are_turned_and_widened(tmp_path):
    source = written(tmp_path, **{f"bert/{KERNEL}": VALUES})
    assert source.shape("pooler.dense.weight") == (3, 2)
    found = source.read("pooler.dense.weight")
    assert found.dtype == "float32" and np.array_equal(found, VALUES.T)


@pytest.mark.parametrize("head", ["a_head", "mlm___cls"])
def test_embeddings_that_a_head_repeats_are_the_encoders(tmp_path, head):
    source = written(tmp_path, **{f"bert/{WORDS}": VALUES, f"{head}/{WORDS}": 2 * VALUES})
    assert np.array_equal(source.read("embeddings.word_embeddings.weight"), VALUES)


def test_encoder_twice(tmp_path):
    with pytest.raises(CheckpointError, match="two tensors are 'pooler.dense.weight'"):
        written(tmp_path, **{f"bert/{KERNEL}": VALUES, f"bert/x/{KERNEL}": VALUES})


def test_file_is_not_held_open(tmp_path):
    source = written(tmp_path, **{KERNEL: VALUES})
    # HDF5 refuses to write a file that is open.
    written(tmp_path, **{KERNEL: 2 * VALUES})
    assert np.array_equal(source.read("pooler.dense.weight"), 2 * VALUES.T)


def test_model_without_the_group_of_its_family(tmp_path):
    assert written(tmp_path, **{KERNEL: VALUES}).names() == ["pooler.dense.weight"]


@pytest.mark.parametrize(("limit", "of"), [("MOST_GROUPS", "groups"), ("MOST_TENSORS", "tensors")])
def test_more_than_any_model_has(tmp_path, monkeypatch, limit, of):
    monkeypatch.setattr(h5_source, limit, 3)
    with pytest.raises(CheckpointError, match=rf"at most [36] {of} are read; it holds more"):
        written(tmp_path, **{f"g{number}" if of == "tensors" else f"g{number}/x": VALUES for number in range(7)})


def test_old_hdf5_is_refused(tmp_path, monkeypatch):
    import h5py

    monkeypatch.setattr(h5py.version, "hdf5_version_tuple", (1, 14, 2))
    with pytest.raises(CheckpointError, match=r"needs HDF5 >= 1.14.4 to be opened safely; .* Update h5py to 3.13"):
        H5Source(tmp_path / "tf_model.h5")
