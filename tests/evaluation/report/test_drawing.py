import re
import warnings

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from kerasbert._core.errors import ConfigError
from kerasbert.evaluation.calibration import reliability
from kerasbert.evaluation.report import drawing
from kerasbert.evaluation.report.findings import evaluate_head
from kerasbert.evaluation.report.gallery import pictures_of_head
from kerasbert.evaluation.report.pictures import draw_matrix, draw_reliability

HOSTILE = ["$\\frac{a$", "<script>alert(1)</script>", "发票 🙂", "a_{b", "#1c2126"]


@pytest.fixture(autouse=True)
def style():
    with drawing.house_style():
        yield


def svg_of_labels(names):
    size = len(names)
    return drawing.svg_of(draw_matrix(names, np.eye(size, dtype=int), np.ones(size)), 'alt "text" <b>')


def test_labels_stay_letters_and_are_escaped():
    svg = svg_of_labels(HOSTILE)
    assert "$\\frac{a$" in svg and "&lt;script&gt;" in svg and "<script" not in svg and "发票 🙂" in svg
    assert ">#1c2126<" in svg and 'aria-label="alt &#34;text&#34; &lt;b&gt;"' in svg


def test_a_picture_takes_its_colours_from_the_page_and_refers_to_nothing_else():
    svg = svg_of_labels(["a", "b"])
    assert "var(--ink)" in svg and "font-family" not in svg
    assert not re.search(r"https?:|<!DOCTYPE|<\?xml|<metadata", svg)
    assert all(target.startswith(("#", "data:")) for target in re.findall(r'href="([^"]*)"', svg))


def test_a_link_stays_on_the_page_and_says_where_it_leads():
    figure = draw_matrix(["a", "b"], np.eye(2, dtype=int), np.ones(2), links={(0, 1): "#texts-1-0-1"})
    svg = drawing.svg_of(figure, "alt", {"#texts-1-0-1": "a <b>"})
    assert '<a xlink:href="#texts-1-0-1" tabindex="-1"><title>a &lt;b&gt;</title>' in svg and "_blank" not in svg


def test_pictures_of_each_task(outcome, tmp_path):
    pictures = pictures_of_head(outcome, evaluate_head(outcome))
    kind = "co_occurrence" if outcome.task.name == "multilabel" else "confusion"
    assert [picture.name for picture in pictures] == [kind, "precision_recall", "reliability", "risk_coverage"]
    for picture in pictures:
        drawing.save_png(picture.figure, tmp_path / "picture.png")
        assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    name = "yes" if outcome.task.name == "binary" else "a"
    place = outcome.label_names.index(name)
    precision = average_precision_score(outcome.true_flags[:, place], outcome.label_probabilities[:, place])
    assert pictures[1].figure.legends[0].get_texts()[0].get_text() == f"{name}, {precision:.3f}"


def test_a_bin_of_one_text_is_not_drawn_as_one_of_five_hundred():
    found = reliability(np.ones(551), np.array([0.95] * 500 + [0.05] + [0.55] * 50))
    above, below = draw_reliability(found).axes
    lines, points = above.collections
    assert points.get_sizes().tolist() == sorted([6.0, 9.0, 90.0])  # areas, the smallest one can be seen
    assert [colour[3] for colour in points.get_facecolors()] == [0, 1, 1]  # hollow, filled
    ends = [[segment[0][1], segment[1][1]] for segment in lines.get_segments()]
    assert np.allclose(ends, np.transpose([found["low"], found["high"]]))
    assert [text.get_text() for text in below.texts] == ["1", "50", "500"]


def test_a_matrix_says_its_counts_until_there_are_too_many_labels():
    few = draw_matrix(list("abc"), np.diag([5, 6, 7]), np.array([5, 6, 7]))
    assert [text.get_text() for text in few.axes[0].texts] == ["5", "6", "7"]
    many = draw_matrix([str(i) for i in range(31)], np.eye(31, dtype=int), np.ones(31))
    assert not many.axes[0].texts and len(many.axes[0].get_xticklabels()) == 31
    most = draw_matrix([str(i) for i in range(101)], np.eye(101, dtype=int), np.ones(101))
    assert not most.axes[0].get_xticks().size


def test_the_style_of_the_caller_is_left_alone():
    import matplotlib

    before = dict(matplotlib.rcParams)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with drawing.house_style():
            svg_of_labels(HOSTILE)
    assert dict(matplotlib.rcParams) == before


def test_what_is_missing_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(ConfigError, match=r"A report needs matplotlib; pip install 'kerasbert\[report\]'"):
        drawing.check_installed()
