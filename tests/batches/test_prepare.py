"""The token cache: what it holds, when it is used again, and what it refuses."""

import json
import os

import numpy as np
import pytest
import tensorflow as tf

from kerasbert import ArtifactError, ConfigError, DataError
from kerasbert.batches import cache_writer
from kerasbert.batches import prepare as prepare_module
from kerasbert.batches.token_cache import BAD_ROWS_FILE
from kerasbert.data import Tokenizer, encode_multi_hot, open_cache, prepare_tokens

WORDS = ("hello", "world", "a", "b", "unhappily", "!")


def write_rows(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def some_rows(count, first=0):
    return [
        {
            "text": " ".join(WORDS[(n + k) % 6] for k in range(n % 7)),
            "label": "cab"[n % 3],
            "labels": ["xyz"[k] for k in range(n % 4)],
        }
        for n in range(first, first + count)
    ]


@pytest.fixture
def files(tmp_path):
    rows = some_rows(700)
    return rows, [write_rows(tmp_path / "1.jsonl", rows[:400]), write_rows(tmp_path / "2.jsonl", rows[400:])]


@pytest.fixture
def make(toy_folder, tmp_path):
    def make(sources, task="multiclass", **options):
        return prepare_tokens(sources, tmp_path / "tokens", **{"task": task, "encoder": toy_folder, **options})

    return make


def test_it_holds_what_the_encoder_gives(files, make, toy_folder, tmp_path, monkeypatch):
    monkeypatch.setattr(prepare_module, "CHUNK_TEXTS", 64)
    monkeypatch.setattr(cache_writer, "SHARD_BYTES", 3000)
    rows, _ = files
    cache = make(str(tmp_path / "*.jsonl"), "multilabel")
    some = np.array([0, 1, 2, 63, 64, 65, 399, 400, 650, 699])
    tokens, labels = cache.read(some)
    wanted = Tokenizer.from_folder(toy_folder).encode([rows[n]["text"] for n in some])
    assert len(cache.facts["shards"]) > 3
    assert (tokens.input_ids.tolist(), tokens.offsets.tolist()) == (wanted.input_ids.tolist(), wanted.offsets.tolist())
    assert (labels["probabilities"] == encode_multi_hot([rows[n]["labels"] for n in some], ["x", "y", "z"])).all()
    assert cache.heads["probabilities"].counts == tuple(sum(name in row["labels"] for row in rows) for name in "xyz")


def test_tensorflow_reads_its_shards(files, make):
    cache = make(files[1])
    features = {"input_ids": tf.io.RaggedFeature(tf.int64), "label/probabilities": tf.io.FixedLenFeature((), tf.int64)}
    shard = tf.data.TFRecordDataset(str(cache.folder / "tokens-00000.tfrecord"))
    lengths = [len(tf.io.parse_single_example(record, features)["input_ids"]) for record in shard]
    assert lengths == cache.lengths.tolist()


@pytest.mark.parametrize(
    ("task", "column", "wanted"), [("multiclass", "label", [2, 0, 1]), ("binary", "flag", [0.0, 1.0, 0.0])]
)
def test_labels_are_named_in_one_pass_and_sorted(task, column, wanted, make, tmp_path):
    rows = [{**row, "flag": n % 2} for n, row in enumerate(some_rows(9))]
    cache = make(write_rows(tmp_path / "a.jsonl", rows), task, label_columns=column)
    assert cache.heads["probabilities"].names == tuple(sorted({str(row[column]) for row in rows}))
    assert cache.read(np.arange(3))[1]["probabilities"].reshape(-1).tolist() == wanted


def test_several_heads_columns_of_flags_and_pairs(make, tmp_path, toy_folder):
    rows = [{"text": "hello", "more": "world a", "t": "pq"[n % 2], "u": "r;s" if n % 3 else ""} for n in range(8)]
    cache = make(
        write_rows(tmp_path / "a.jsonl", rows),
        None,
        heads={"topic": ("t", "binary"), "tags": ("u", "multilabel")},
        label_delimiter=";",
        text_pair_column="more",
    )
    tokens, labels = cache.read(np.arange(2))
    wanted = Tokenizer.from_folder(toy_folder).encode(["hello"] * 2, ["world a"] * 2)
    assert tokens.token_type_ids.tolist() == wanted.token_type_ids.tolist()
    assert (labels["topic"].tolist(), labels["tags"].tolist()) == ([[0.0], [1.0]], [[0.0, 0.0], [1.0, 1.0]])


def test_columns_of_zero_and_one_are_the_names(make, tmp_path):
    rows = [{"text": "a", "x": n % 2, "y": "1"} for n in range(4)]
    cache = make(write_rows(tmp_path / "a.jsonl", rows), "multilabel", label_columns=["x", "y"])
    assert cache.read(np.arange(2))[1]["probabilities"].tolist() == [[0.0, 1.0], [1.0, 1.0]]


def test_it_is_used_again_when_nothing_changed(files, make):
    first = make(files[1])
    os.utime(files[1][0], (1, 1))  # another time, the same content
    second = make(files[1])
    assert (first.reused, second.reused) == (False, True)


CHANGES = {
    "content": (
        lambda files: files[0].write_text(files[0].read_text().replace("hello", "world")),
        {},
        "has another content",
    ),
    "size": (lambda files: write_rows(files[1], some_rows(5)), {}, "bytes instead of"),
    "length": (lambda files: None, {"max_length": 9}, "`max_length` differs"),
    "column": (lambda files: None, {"task": "multilabel", "label_columns": "labels"}, "`reading` differs"),
}


@pytest.mark.parametrize(("change", "options", "words"), CHANGES.values(), ids=CHANGES)
def test_what_changed_is_told_and_it_is_made_anew_on_request(change, options, words, files, make):
    make(files[1])
    change(files[1])
    with pytest.raises(ArtifactError, match=words):
        make(files[1], **options)
    assert not make(files[1], overwrite=True, **options).reused


def test_another_file_is_a_change(files, make, tmp_path):
    make(files[1][:1])
    with pytest.raises(ArtifactError, match=r"2.jsonl is new"):
        make(str(tmp_path / "*.jsonl"))


def test_training_refuses_a_cache_that_is_older_than_its_data(files, make):
    cache = make(files[1])
    write_rows(files[1][0], some_rows(3))
    with pytest.raises(DataError, match="is older than its data"):
        cache.check_sources()
    files[1][0].unlink()
    files[1][1].unlink()
    open_cache(cache.folder).check_sources()


def test_a_damaged_cache_is_refused(files, make):
    cache = make(files[1])
    shard = cache.folder / "tokens-00000.tfrecord"
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(bytes(content))
    with pytest.raises(ArtifactError, match="was changed or cut"):
        open_cache(cache.folder)


BAD = [
    {"text": None, "label": "a"},
    {"text": "a", "label": ""},
    {"text": 3, "label": "a"},
    {"text": "a"},
    {"text": "\ud800", "label": "a"},
]


def test_bad_rows_stop_with_file_and_line(make, tmp_path):
    path = write_rows(tmp_path / "a.jsonl", [*some_rows(3), BAD[0]])
    with pytest.raises(DataError, match=r"a.jsonl, line 4: 'text' is missing.*--on-error skip"):
        make(path)
    assert not (tmp_path / "tokens").exists()


def test_bad_rows_are_left_out_counted_and_listed(make, tmp_path):
    path = write_rows(tmp_path / "a.jsonl", [*some_rows(3), *BAD, *some_rows(4)])
    cache = make(path, on_error="skip")
    listed = (cache.folder / BAD_ROWS_FILE).read_text().splitlines()
    assert (cache.num_rows, cache.skipped["count"]) == (7, len(BAD))
    assert [line.split(": ")[0] for line in listed] == [f"{path}, line {number}" for number in range(4, 9)]
    assert "5 rows were left out" in cache.describe()


def test_labels_of_another_kind_in_another_file_are_refused(make, tmp_path):
    write_rows(tmp_path / "1.jsonl", [{"text": "a", "label": n % 2} for n in range(4)])
    write_rows(tmp_path / "2.jsonl", some_rows(4))
    with pytest.raises(DataError, match=r"2.jsonl, line 1: labels are names here \('c'\) and numbers in .*1.jsonl"):
        make(str(tmp_path / "*.jsonl"))


def test_a_column_that_another_file_lacks_is_told(make, tmp_path):
    write_rows(tmp_path / "1.jsonl", some_rows(4))
    (tmp_path / "2.csv").write_text("txt,label\na,b\n")
    with pytest.raises(DataError, match=r"2.csv has no column 'text'; it has 'txt', 'label'. Did you mean 'txt'"):
        make([tmp_path / "1.jsonl", tmp_path / "2.csv"])


def test_files_without_rows(make, tmp_path):
    (tmp_path / "0.csv").write_text("text,label\n")
    with pytest.raises(DataError, match="hold no row to train on"):
        make(tmp_path / "0.csv")
    write_rows(tmp_path / "1.jsonl", some_rows(4))
    cache = make([tmp_path / "0.csv", tmp_path / "1.jsonl"])
    assert "without rows: " in cache.describe()
    (tmp_path / "2.csv").write_text("")
    with pytest.raises(DataError, match=r"2.csv is empty \(0 bytes\)"):
        make([tmp_path / "1.jsonl", tmp_path / "2.csv"], overwrite=True)
    skipped = make([tmp_path / "1.jsonl", tmp_path / "2.csv"], overwrite=True, on_error="skip")
    assert (skipped.num_rows, skipped.skipped["count"]) == (4, 1)


def test_labels_outside_the_given_names_are_refused(files, make):
    with pytest.raises(DataError, match="the label 'c' is unknown"):
        make(files[1], label_names=["a", "b"])


def test_one_label_is_none(make, tmp_path):
    with pytest.raises(DataError, match="must hold at least two different labels"):
        make(write_rows(tmp_path / "a.jsonl", [{"text": "a", "label": "x"}] * 3))


def test_tokens_of_another_vocabulary_are_refused(make, tmp_path):
    def write(ids):
        feature = {
            "input_ids": tf.train.Feature(int64_list=tf.train.Int64List(value=ids)),
            "label": tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"xy"[len(ids) % 2 :][:1]])),
        }
        return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()

    with tf.io.TFRecordWriter(str(tmp_path / "a.tfrecord")) as writer:
        for ids in ([2, 5, 3], [2, 5, 6, 3]):
            writer.write(write(ids))
    cache = make(tmp_path / "a.tfrecord")
    assert cache.read(np.arange(2))[0].input_ids.tolist() == [2, 5, 3, 2, 5, 6, 3]
    with tf.io.TFRecordWriter(str(tmp_path / "b.tfrecord")) as writer:
        writer.write(write([2, 9999, 3]))
    with pytest.raises(DataError, match=r"b.tfrecord, row 1: the token id 9999 is not in the vocabulary"):
        make(tmp_path / "b.tfrecord", overwrite=True)


def test_windows_are_refused(files, make):
    with pytest.raises(ConfigError, match="for a stream; got 'windows'. Texts in windows are trained from memory"):
        make(files[1], long_texts="windows")


def test_the_faster_of_two_workers_is_taken(files, make):
    first = []

    def meanwhile(done, total):
        if not first:
            first.append(make(files[1]))

    second = make(files[1], progress=meanwhile, overwrite=True)
    assert second.reused and not first[0].reused
    assert second.facts == first[0].facts
    assert [file.name for file in second.folder.parent.glob(".tmp-*")] == []


def test_another_folder_that_appears_meanwhile_is_kept(files, make):
    first = []

    def meanwhile(done, total):
        if not first:
            first.append(make(files[1][0]))

    with pytest.raises(ArtifactError, match="was made by somebody else meanwhile"):
        make(files[1], progress=meanwhile, overwrite=True)
    assert open_cache(first[0].folder).num_rows == 400


def test_no_folder_is_left_where_the_disk_is_full(files, make, tmp_path, monkeypatch):
    def fail(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache_writer.CacheWriter, "write", fail)
    with pytest.raises(ArtifactError, match="could not be written: No space left"):
        make(files[1])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1.jsonl", "2.jsonl", "toy"]


def test_label_names_go_with_one_head(tmp_path, toy_folder):
    with pytest.raises(
        ConfigError, match="`label_columns` and `label_names` must be None with `heads`, which name the columns"
    ):
        prepare_tokens(
            "a.jsonl",
            tmp_path / "tokens",
            heads={"topic": ("label", "multiclass")},
            label_names=["a", "b"],
            encoder=toy_folder,
        )
