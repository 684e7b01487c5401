"""Whatever writes a folder: it replaces its own kind, whole and alone, and refuses everything else, early and with a reason."""

import json
import re
import resource

import pytest

import kerasbert as kb
from kerasbert import KerasBertError, cli
from kerasbert._core.files import atomic_dir_write
from kerasbert.batches.prepare import prepare_tokens
from kerasbert.evaluation.report.writing import write_report

TEXTS, LABELS = ["good parcel", "bad card", "late", "lost"] * 3, ["a", "b"] * 6


@pytest.fixture(scope="module")
def home(tiny_folder, tmp_path_factory):
    """A folder with data and a saved classifier."""
    home = tmp_path_factory.mktemp("outputs")
    rows = [json.dumps({"text": text, "label": label}) for text, label in zip(TEXTS, LABELS, strict=True)]
    (home / "rows.jsonl").write_text("\n".join(rows) + "\n")
    classifier = kb.TextClassifier("multiclass", encoder=tiny_folder, epochs=1, max_length=20, verbose=False)
    classifier.fit(TEXTS, LABELS).save(home / "model")
    return home


@pytest.fixture(scope="module")
def classifier(home):
    return kb.load(home / "model")


# What each command is called with; MODEL, ROWS, ENCODER and OUT are put in.
COMMANDS = {
    "train": (
        "classifier",
        "train ROWS --task multiclass --encoder ENCODER --epochs 1 --max-length 20 --quiet --output OUT",
    ),
    "train into a cache": (
        "tokens",
        "train ROWS --task multiclass --encoder ENCODER --epochs 1 --max-length 20 --quiet --stream --output OTHER --cache OUT",
    ),
    "prepare": ("tokens", "prepare ROWS --task multiclass --encoder ENCODER --max-length 20 --quiet --output OUT"),
    "probe": ("probe", "probe ENCODER ROWS --folds 2 --quiet --output OUT"),
    "explain": ("explanation", "explain MODEL good --steps 4 --output OUT"),
    "discover": ("discovery", "subclasses discover ENCODER ROWS --number 2 --output OUT"),
    "evaluate": ("report", "evaluate MODEL ROWS --report OUT"),
    "layers": ("layers", "layers MODEL ROWS --output OUT"),
    "export onnx": ("onnx", "export MODEL --format onnx --output OUT"),
    "export huggingface": ("huggingface", "export MODEL --format huggingface --output OUT"),
    "export tflite": ("tflite", "export MODEL --format tflite --output OUT"),
}


def run(name, home, encoder, out, *, overwrite=True):
    """Call a command, with --overwrite where it has that."""
    places = {"MODEL": home / "model", "ROWS": home / "rows.jsonl", "ENCODER": encoder, "OUT": out}
    places["OTHER"] = out.with_name("other-output") if hasattr(out, "with_name") else home / "other-output"
    words = [str(places.get(word, word)) for word in COMMANDS[name][1].split()]
    return cli.main(words + ["--overwrite"] * (overwrite and "cache" not in name))


def of_kind(path, kind):
    with atomic_dir_write(path, kind=kind) as folder:
        (folder / "file.txt").write_text("written")
    return path


def web_application(path, kind):
    (path / "src").mkdir(parents=True)
    (path / "manifest.json").write_text('{"name": "My app", "start_url": "/"}')
    (path / "src" / "thesis.txt").write_text("ten years of work")


def other_kind(path, kind):
    of_kind(path, "probe" if kind == "encoder" else "encoder")


def with_notes(path, kind):
    (of_kind(path, kind) / "notes.txt").write_text("asked on Monday")


def file(path, kind):
    path.write_text("a file")


OBSTACLES = {
    "web application": (web_application, "was not written by kerasbert"),
    "another kind": (other_kind, "holds a (saved encoder|probe), and"),
    "notes": (with_notes, "holds 'notes.txt', which kerasbert did not write"),
    "file": (file, "is an existing file"),
}


def content_of(path):
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    return {one: one.read_bytes() for one in files}


@pytest.mark.parametrize(("make", "message"), OBSTACLES.values(), ids=OBSTACLES)
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_deletes_nothing_that_is_not_its_own(name, make, message, home, tiny_folder, tmp_path, capsys):
    make(tmp_path / "out", COMMANDS[name][0])
    before = content_of(tmp_path / "out")
    assert run(name, home, tiny_folder, tmp_path / "out") == 1
    assert re.search(message, capsys.readouterr().err)
    assert content_of(tmp_path / "out") == before


@pytest.mark.parametrize("place", ["gs://bucket/out", "/", "/dev/zero"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_refuses_a_place_that_is_none(name, place, home, tiny_folder, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(name, home, tiny_folder, place) == 1
    said = capsys.readouterr().err
    assert any(word in said for word in ("then copy it: gcloud", "a folder of its own", "existing device"))
    assert "Traceback" not in said and not list(tmp_path.iterdir())


def methods(classifier, home, encoder):
    """Name -> kind, and the call of a method that writes a folder."""
    rows = home / "rows.jsonl"
    return {
        "save": ("classifier", lambda out: classifier.save(out, overwrite=True)),
        "save_pretrained": ("huggingface", lambda out: classifier.save_pretrained(out, overwrite=True)),
        "export_onnx": ("onnx", lambda out: classifier.export_onnx(out, overwrite=True)),
        "export_tflite": ("tflite", lambda out: classifier.export_tflite(out, overwrite=True)),
        "encoder": ("encoder", lambda out: classifier.model_.encoder.save_pretrained(out, overwrite=True)),
        "features": ("features", lambda out: kb.extract_features(encoder, TEXTS, output=out, overwrite=True)),
        "report": ("report", lambda out: write_report(classifier, TEXTS, LABELS, out, overwrite=True)),
        "tokens": (
            "tokens",
            lambda out: prepare_tokens(rows, out, task="multiclass", encoder=str(encoder), overwrite=True),
        ),
    }


METHODS = ("save", "save_pretrained", "export_onnx", "export_tflite", "encoder", "features", "report", "tokens")


@pytest.mark.parametrize("name", METHODS)
def test_a_method_deletes_nothing_that_is_not_its_own(name, classifier, home, tiny_folder, tmp_path):
    kind, call = methods(classifier, home, tiny_folder)[name]
    for number, (make, message) in enumerate(OBSTACLES.values()):
        out = tmp_path / str(number)
        make(out, kind)
        before = content_of(out)
        with pytest.raises(KerasBertError, match=message):
            call(out)
        assert content_of(out) == before


@pytest.mark.parametrize("address", ["s3://bucket/out", "hdfs://node/out", "file:///nowhere/out"])
@pytest.mark.parametrize("name", [*METHODS, "export_saved_model", "checkpoints", "logs", "vectors"])
def test_a_method_refuses_an_address(name, address, classifier, home, tiny_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    fresh = kb.TextClassifier("multiclass", encoder=tiny_folder, epochs=1, max_length=20, verbose=False)
    calls = {
        **{method: call for method, (_, call) in methods(classifier, home, tiny_folder).items()},
        "export_saved_model": lambda out: classifier.export_saved_model(out, warmup=False),
        "checkpoints": lambda out: fresh.fit(TEXTS, LABELS, checkpoint_dir=out),
        "logs": lambda out: fresh.fit(TEXTS, LABELS, log_dir=out),
        "vectors": lambda out: kb.extract_features(tiny_folder, TEXTS, output=f"{out}.parquet"),
    }
    with pytest.raises(KerasBertError, match=r"is no local path|give the local path without file://"):
        calls[name](address)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("address", ["gs://bucket/in", "s3://bucket/in.csv", "hdfs://node/*.csv"])
@pytest.mark.parametrize(
    "call",
    [
        kb.load,
        kb.TextClassifier.from_pretrained,
        kb.TFBertModel.from_pretrained,
        lambda place: kb.data.read_examples(place),
        lambda place: prepare_tokens(place, "out", task="multiclass", encoder="all-MiniLM-L6-v2"),
        kb.data.open_cache,
    ],
    ids=["load", "classifier", "encoder", "examples", "prepare", "cache"],
)
def test_an_address_to_read_from_is_refused_with_the_copy_command(call, address):
    with pytest.raises(KerasBertError, match="is no local path, and kerasbert reads local ones only. Copy it to this"):
        call(address)


FULL = [name for name in COMMANDS if name not in ("layers", "train into a cache", "export tflite", "export onnx")]


@pytest.mark.parametrize("size", [0, 100], ids=["no room", "a little room"])
@pytest.mark.parametrize("name", FULL)
def test_a_full_disk_is_told_with_file_and_remedy(name, size, home, tiny_folder, tmp_path, capsys):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        code = run(name, home, tiny_folder, tmp_path / "out", overwrite=False)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    said = capsys.readouterr().err
    assert (
        code == 1
        and re.search(r"Error: .*(could not|cannot) be written.*room", said)
        and str(tmp_path) in said
        or "kerasbert-probe" in said
    ), said
    assert not (tmp_path / "out").exists()
