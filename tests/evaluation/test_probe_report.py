import json
import math

import pytest

from kerasbert import ConfigError
from kerasbert.evaluation import ProbeReport
from kerasbert.evaluation.probe_report import separates_texts, table_rows

SCORES = {(0, "mean"): 0.5, (0, "cls"): 0.1, (1, "mean"): 0.89, (1, "cls"): 0.7, (2, "mean"): 0.9, (2, "cls"): 0.8}


def report(**changes):
    rows = tuple(
        {"layer": layer, "pooling": pooling, "score": score, "deviation": 0.03, **changes.get("more", {})}
        for (layer, pooling), score in SCORES.items()
    )
    return ProbeReport(rows, "bert", changes.get("task", "multiclass"), 3, 90, 2, 3, changes.get("left_out", {}))


def test_best_and_cheapest_within_one_standard_error():
    assert (report().best()["layer"], report().economical["layer"]) == (2, 1)
    assert report().recommendation == "kb.build_multiclass(3, encoder='bert', layers=2, pooling='mean')"
    assert "layer 1, mean: 0.8900" in report().summary()


def test_the_recommended_call_is_python_that_builds(tiny_config):
    import kerasbert as kb

    call = report(task="multilabel").recommendation
    model = eval(call.replace("'bert'", "config"), {"kb": kb, "config": tiny_config})
    assert model.output.shape == (None, 3) and model.features.layer_indices == (2,)


def test_plain_data():
    described = json.loads(json.dumps(report(more={"silhouette": math.nan}).to_dict(), allow_nan=False))
    assert described["rows"][0]["silhouette"] is None and described["num_texts"] == 90


def test_its_representation_is_its_summary():
    assert repr(report()).splitlines()[1:] == report().summary().splitlines()[:2] and len(repr(report())) < 600


def test_labels_left_out_are_named():
    assert "Left out, with fewer than 3 texts in the sample: rare." in report(left_out={"rare": 1}).summary()


def test_unmeasured_quantity():
    with pytest.raises(ConfigError, match="`quantity` must be one of 'score'; got 'silhouette'"):
        report().best("silhouette")


def test_rows_as_text():
    assert table_rows(report().rows[:1], ("score", "silhouette")) == [[0, "mean", 0.5, None]]
    assert table_rows(report(more={"silhouette": math.nan}).rows[:1], ("silhouette",)) == [[0, "mean", None]]


@pytest.mark.parametrize(
    ("row", "apart"),
    [
        ((0, "cls", 1, 60), False),
        ((0, "last", 60, 60), False),
        ((0, "mean", 60, 60), True),
        ((2, "cls", 59, 60), True),
        ((2, "cls", 30, 60), False),
        ((1, "cls", 1, 1), True),
    ],
)
def test_vectors_tell_texts_apart(row, apart):
    assert separates_texts(*row) == apart


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_picture(suffix, tmp_path):
    pytest.importorskip("matplotlib")
    report(more={"silhouette": 0.2}).save_picture(tmp_path / f"map.{suffix}")
    content = (tmp_path / f"map.{suffix}").read_bytes()
    assert content.startswith(b"\x89PNG") if suffix == "png" else b"</svg>" in content
