import json

import numpy as np
import pytest

from kerasbert import ArtifactError, DataError
from kerasbert._core.files import atomic_dir_write
from kerasbert.data import open_cache, prepare_tokens


def prepared(tmp_path, tiny_folder, texts, **options):
    rows = [json.dumps({"text": text, "label": label}) for text, label in zip(texts, "abababab", strict=False)]
    (tmp_path / "rows.jsonl").write_text("\n".join(rows) + "\n")
    return prepare_tokens(
        tmp_path / "rows.jsonl", tmp_path / "tokens", task="multiclass", encoder=str(tiny_folder), **options
    )


def test_a_cache_that_is_replaced_while_it_is_open_is_told(tmp_path, tiny_folder):
    first = prepared(tmp_path, tiny_folder, ["good", "bad", "late"])
    assert len(first.read(np.arange(3))[0]) == 3
    prepared(tmp_path, tiny_folder, ["lost parcel", "card", "good"], overwrite=True)
    with pytest.raises(DataError, match="was replaced while it was read; open it again"):
        first.read(np.arange(3))


def test_a_damaged_cache_is_made_anew_where_that_is_asked(tmp_path, tiny_folder):
    cache = prepared(tmp_path, tiny_folder, ["good", "bad"])
    (cache.folder / "lengths.bin").write_bytes(b"")
    with pytest.raises(ArtifactError, match=r"'lengths.bin' differs from its manifest"):
        prepared(tmp_path, tiny_folder, ["good", "bad"])
    assert prepared(tmp_path, tiny_folder, ["good", "bad"], overwrite=True).num_rows == 2


def test_a_link_out_of_the_cache_is_refused(tmp_path, tiny_folder):
    cache = prepared(tmp_path, tiny_folder, ["good", "bad"])
    (cache.folder / "lengths.bin").rename(tmp_path / "elsewhere.bin")
    (cache.folder / "lengths.bin").symlink_to("../elsewhere.bin")
    with pytest.raises(ArtifactError, match=r"lengths.bin' is a link that leads out of the folder; refused"):
        open_cache(cache.folder)


def test_a_head_of_no_name_is_refused(tmp_path, tiny_folder):
    cache = prepared(tmp_path, tiny_folder, ["good", "bad"])
    facts = json.loads((cache.folder / "cache.json").read_text())
    facts["heads"] = {"../x": facts["heads"]["probabilities"]}
    with atomic_dir_write(tmp_path / "copy", kind="tokens") as folder:
        for file in cache.folder.iterdir():
            if file.name != "manifest.json":
                (folder / file.name).write_bytes(file.read_bytes())
        (folder / "cache.json").write_text(json.dumps(facts))
    with pytest.raises(ArtifactError, match="`head` must be a name of letters"):
        open_cache(tmp_path / "copy")
