"""Every value of every JSON file that is read back, changed one at a time, with a manifest that agrees."""

import json
import random
import subprocess
import sys

import numpy as np
import pytest
from forging import MISSING, forge, mutations

import kerasbert as kb
from kerasbert import ArtifactError, KerasBertError, cli
from kerasbert._core.files import atomic_dir_write
from kerasbert.export.description import read_export

TEXTS = ["good parcel", "bad card", "late", "lost"] * 3
LABELS = {
    "binary": ["no", "yes"] * 6,
    "multiclass": ["a", "b", "c"] * 4,
    "multilabel": [["a"], ["a", "b"], []] * 4,
    "hierarchical": {"class": ["a", "b"] * 6, "subclass": ["a1", "b1", "a2", "b2"] * 3},
}
# Of each file so many of its changes are tried; another share of them at every run would hide what fails.
NUM_CHANGES = 40


def some(content):
    """Some changes of a JSON object, the same ones at every run."""
    found = list(mutations(content))
    return random.Random(0).sample(found, min(NUM_CHANGES, len(found)))


def is_refused(call, change):
    """Whether a call is refused; anything but our errors fails the test."""
    try:
        call()
    except KerasBertError:
        return True
    except Exception as error:
        pytest.fail(f"{change[:2]}: {type(error).__name__}: {error}")
    return False


@pytest.fixture(scope="module", params=LABELS)
def saved(request, tiny_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("forged") / "model"
    classifier = kb.TextClassifier(request.param, encoder=tiny_folder, epochs=1, max_length=20, verbose=False)
    classifier.fit(TEXTS, LABELS[request.param]).save(folder)
    return folder


def inspected(folder, capsys):
    """What `inspect` says; it exits with 0 or 1."""
    assert cli.main(["inspect", str(folder)]) in (0, 1)
    return "".join(capsys.readouterr())


@pytest.mark.filterwarnings("ignore")
def test_a_forged_description_is_refused_or_harmless(saved, tmp_path, capsys):
    def use():
        classifier = kb.load(folder)
        assert np.isfinite(np.concatenate([np.ravel(one) for one in arrays(classifier.predict_proba(["good"]))])).all()
        classifier.save(tmp_path / "again", overwrite=True)

    content, refused = json.loads((saved / "classifier.json").read_text()), 0
    for change in some(content):
        folder = forge(saved, tmp_path / "copy", "classifier.json", change[2])
        refused += is_refused(use, change)
        said = inspected(folder, capsys)
        assert all(character.isprintable() or character == "\n" for character in said), change[:2]
    assert refused > NUM_CHANGES / 4


def arrays(probabilities):
    return list(probabilities.values()) if isinstance(probabilities, dict) else [probabilities]


NOT_EVEN_JSON = [
    "",
    "[]",
    "{",
    '{"format_version": 1, "format_version": 1}',
    "NaN",
    '{"a": 1e999}',
    "\ufeff{}",
    "[" * 10**5,
]


@pytest.mark.parametrize("content", NOT_EVEN_JSON, ids=lambda content: content[:20])
@pytest.mark.parametrize("name", ["classifier.json", "metrics.json"])
def test_what_is_no_json_is_refused(name, content, tiny_saved, tmp_path):
    with pytest.raises(ArtifactError, match="cannot be read|does not describe"):
        kb.load(forge(tiny_saved, tmp_path / "copy", name, content))


@pytest.fixture(scope="module")
def tiny_saved(tiny_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "model"
    classifier = kb.TextClassifier("multiclass", encoder=tiny_folder, epochs=1, max_length=20, verbose=False)
    classifier.fit(TEXTS, LABELS["multiclass"]).save(folder)
    return folder


@pytest.fixture(scope="module", params=["multiclass", "multilabel"])
def cache(request, tiny_folder, tmp_path_factory):
    home = tmp_path_factory.mktemp("cache")
    rows = [{"text": text, "label": label} for text, label in zip(TEXTS, LABELS[request.param], strict=True)]
    (home / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    options = {"task": request.param, "label_columns": "label", "encoder": str(tiny_folder), "max_length": 20}
    return kb.data.prepare_tokens(home / "rows.jsonl", home / "tokens", **options).folder


def read_all(folder):
    cache = kb.data.open_cache(folder)
    rows = np.arange(len(cache))
    cache.describe()
    cache.check_sources()
    return (
        cache.read(rows),
        [cache.labels_of(head, rows) for head in cache.heads],
        kb.data.stream_batches(cache).rows_of(0, 0),
    )


def test_a_forged_token_cache_is_refused_or_harmless(cache, tmp_path):
    content, refused = json.loads((cache / "cache.json").read_text()), 0
    for change in some(content):
        folder = forge(cache, tmp_path / "copy", "cache.json", change[2])
        refused += is_refused(lambda folder=folder: read_all(folder), change)
    assert refused > NUM_CHANGES / 4


def overwritten(number, dtype):
    """A change of an index: its second number is another one."""

    def spoil(content):
        array = np.frombuffer(content, dtype).copy()
        array[1] = number
        return array.tobytes()

    return spoil


INDEXES = {
    "offset backwards": ("offsets.bin", overwritten(0, np.uint64)),
    "offset far away": ("offsets.bin", overwritten(2**62, np.uint64)),
    "offset beyond all numbers": ("offsets.bin", overwritten(2**64 - 1, np.uint64)),
    "length": ("lengths.bin", overwritten(60000, np.uint16)),
    "label": ("labels-probabilities.bin", overwritten(77, np.int32)),
    "negative label": ("labels-probabilities.bin", overwritten(-1, np.int32)),
    "start of labels": ("starts-probabilities.bin", overwritten(2**40, np.uint64)),
    "cut": ("lengths.bin", lambda content: content[:-2]),
    "empty": ("offsets.bin", lambda content: b""),
}


@pytest.mark.parametrize(("name", "spoil"), INDEXES.values(), ids=INDEXES)
def test_a_forged_index_is_refused(name, spoil, cache, tmp_path):
    with atomic_dir_write(tmp_path / "copy", kind="tokens") as folder:
        for file in cache.iterdir():
            if file.name != "manifest.json":
                (folder / file.name).write_bytes(spoil(file.read_bytes()) if file.name == name else file.read_bytes())
    with pytest.raises(KerasBertError, match="repare it again"):
        read_all(tmp_path / "copy")


def test_a_forged_description_of_an_export_is_refused_or_harmless(tiny_saved, tmp_path, capsys):
    head = {"task": "multiclass", "label_names": ["a", "b"], "thresholds": [0.5, 0.5]}
    content = {"format": "onnx", "task": "multiclass", "max_length": 20, "pad_id": 0, "heads": {"topic": head}}
    content["report"] = {"texts": 3, "agreement": 1.0}
    with atomic_dir_write(tmp_path / "export", kind="onnx") as folder:
        (folder / "model.onnx").write_bytes(b"onnx")
        (folder / "kerasbert.json").write_text(json.dumps(content))
    refused = 0
    for change in mutations(content):
        copy = forge(tmp_path / "export", tmp_path / "copy", "kerasbert.json", change[2])
        refused += is_refused(lambda copy=copy: read_export(copy), change)
        said = inspected(copy, capsys)
        assert all(character.isprintable() or character == "\n" for character in said), change[:2]
    assert refused > 100


CLAIMS = {
    "words": (("arguments", "encoder"), {"vocab_size": 9_000_000, "hidden_size": 512}),
    "width": (("arguments", "encoder"), {"intermediate_size": 1_000_000, "hidden_size": 8192}),
    "positions": (("arguments", "encoder"), {"max_position_embeddings": 1_000_000, "hidden_size": 8192}),
    "blocks": (("arguments", "encoder"), {"num_hidden_layers": 1000}),
    "hidden layer of the head": (("arguments",), {"hidden_units": [200_000, 200_000]}),
    "many hidden layers": (("arguments",), {"hidden_units": [8] * 100_000}),
}
# Loads what may need much, in a process that may not take it.
LOAD = """
import resource, sys
import kerasbert as kb
kb.load(sys.argv[1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for folder in sys.argv[2:]:
    try:
        kb.load(folder)
    except kb.ArtifactError as error:
        print(str(error)[:300])
print("grown by", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024, "MB")
"""


def test_claims_that_the_weights_do_not_hold_take_no_memory(tiny_saved, tmp_path):
    content, folders = json.loads((tiny_saved / "classifier.json").read_text()), []
    for number, (path, claims) in enumerate(CLAIMS.values()):
        new = json.loads(json.dumps(content))
        where = new
        for key in path:
            where = where[key]
        where.update(claims)
        folders.append(forge(tiny_saved, tmp_path / str(number), "classifier.json", new))
    command = [sys.executable, "-c", LOAD, str(tiny_saved), *map(str, folders)]
    lines = subprocess.run(command, capture_output=True, text=True, timeout=200).stdout.splitlines()
    assert len(lines) == len(CLAIMS) + 1 and int(lines[-1].split()[2]) < 150, lines


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=str)
@pytest.mark.parametrize("name", ["encoder/embeddings/word_embeddings/embeddings", "probabilities/logits/bias"])
def test_a_weight_that_is_no_number_is_refused(name, value, tiny_saved, tmp_path):
    from safetensors.numpy import load_file, save_file

    with atomic_dir_write(tmp_path / "copy", kind="classifier") as folder:
        for file in tiny_saved.iterdir():
            if file.name != "manifest.json":
                (folder / file.name).write_bytes(file.read_bytes())
        weights = load_file(folder / "model.safetensors")
        weights[name].flat[-1] = value
        save_file(weights, folder / "model.safetensors")
    with pytest.raises(ArtifactError, match=f"{name} holds NaN or infinity; the training that wrote it diverged"):
        kb.load(tmp_path / "copy")


def test_a_classifier_that_is_no_number_is_not_saved(tiny_saved, tmp_path):
    classifier = kb.load(tiny_saved)
    weight = classifier.model_.head.output_layer.bias
    weight.assign(np.full(weight.shape, np.nan, "float32"))
    with pytest.raises(ArtifactError, match="holds NaN or infinity in 1 weights, such as .*/bias', and is not saved"):
        classifier.save(tmp_path / "model")


def test_the_changes_are_all_kinds_of_wrong():
    found = [value for path, value, _ in mutations({"a": [1]}) if path == ("a", 0)]
    assert {type(value) for value in found} >= {bool, int, float, str, list, dict} and MISSING in found
