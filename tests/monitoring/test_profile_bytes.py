import json

import numpy as np
import pytest
from safetensors.numpy import load, save
from toy_profiles import Rows

from kerasbert import ArtifactError, Binary, Multiclass, Multilabel
from kerasbert.monitoring.profile import Profile
from kerasbert.monitoring.profile_bytes import profile_from_bytes, profile_to_bytes

TASKS = {"binary": Binary(["ham", "späm"]), "multiclass": Multiclass(4), "multilabel": Multilabel(["a", 'b"\n', "c"])}


@pytest.mark.parametrize("keep_texts", [False, True], ids=["without texts", "with texts"])
@pytest.mark.parametrize("task", TASKS)
def test_a_profile_comes_back_to_the_bit(task, keep_texts):
    profile = Rows(TASKS[task], 50).profile(range(50), keep_texts=keep_texts)
    read, others = profile_from_bytes(profile_to_bytes(profile, {"a": 1}), "it")
    assert read == profile and others == {"a": 1}
    assert all(array.dtype == np.int64 for head in read.heads.values() for array in head.arrays.values())
    assert profile_to_bytes(read, {"a": 1}) == profile_to_bytes(profile, {"a": 1})


def test_a_profile_of_no_text_comes_back():
    profile = Rows(TASKS["multiclass"], 5).profile([])
    assert Profile.from_bytes(profile.to_bytes()) == profile


def test_rare_counts_take_few_bytes():
    profile = Rows(Multiclass(100), 5).profile(range(5))
    # 100 by 100 confusions and 2 by 100 by 98 bins would be 236,800 bytes as int64.
    assert len(profile.to_bytes()) < 20_000


@pytest.mark.parametrize("place", [0, 3, 20, 200, -1])
def test_a_cut_profile_is_refused(place):
    content = Rows(TASKS["binary"], 5).profile(range(5)).to_bytes()
    with pytest.raises(ArtifactError, match="it is no readable profile .*; copy it again, or make it again"):
        profile_from_bytes(content[:place], "it")


def test_every_changed_byte_of_the_header_is_refused_or_changes_nothing_else():
    profile = Rows(TASKS["multilabel"], 5).profile(range(5), keep_texts=False)
    content, rng = bytearray(profile.to_bytes()), np.random.default_rng(0)
    length = int.from_bytes(content[:8], "little")
    for place in rng.integers(0, 8 + length, 200):
        changed = bytearray(content)
        changed[place] ^= 1 << int(rng.integers(8))
        try:
            read = Profile.from_bytes(bytes(changed))
        except ArtifactError:
            continue
        assert isinstance(read, Profile) and read.num_rows == 5


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("lengths.values", lambda array: array + 1, "lengths do not go with its 5 texts"),
        ("keys", lambda array: array[::-1], "keys do not go with its 5 texts"),
        ("vectors", lambda array: array[:2], "vectors do not go with its 5 texts"),
        ("vectors", lambda array: array * np.float16(np.nan), "vectors do not go with its 5 texts"),
        ("heads.0.confidence.values", lambda array: array + 1, "the answers of 'probabilities' do not go with its 5 texts"),
        ("token_counts.places", lambda array: array[:-1], "is no readable profile"),
    ],
)  # fmt: skip
def test_numbers_that_contradict_each_other_are_refused(name, change, said):
    content = Rows(TASKS["binary"], 5).profile(range(5)).to_bytes()
    arrays, length = load(content), int.from_bytes(content[:8], "little")
    metadata = json.loads(content[8 : 8 + length])["__metadata__"]
    arrays[name] = np.ascontiguousarray(change(arrays[name]))
    with pytest.raises(ArtifactError, match=said):
        profile_from_bytes(save(arrays, metadata=metadata), "it")


def test_a_profile_of_a_newer_version_is_refused():
    content = Rows(TASKS["binary"], 5).profile(range(5)).to_bytes()
    newer = content.replace(b'\\"format_version\\": 1', b'\\"format_version\\": 9')
    with pytest.raises(ArtifactError, match="it has format_version 9; this kerasbert reads up to 1"):
        profile_from_bytes(newer, "it")


def test_what_is_no_safetensors_file_is_refused():
    for content in (b"", b"{}", b"\x80\x04", save({"a": np.zeros(1)}), save({"a": np.zeros(1)}, {"kerasbert": "[]"})):
        with pytest.raises(ArtifactError, match="it is no readable profile"):
            profile_from_bytes(content, "it")
