import html
import re

import numpy as np
import pytest

import kerasbert as kb
from kerasbert.evaluation.explain import Explanation
from kerasbert.evaluation.pages import STYLESHEET, html_page, notebook_frame


def page_in(frame):
    (content,) = re.findall(r'^<iframe sandbox [^>]*srcdoc="([^"]*)"></iframe>$', frame)
    return html.unescape(content)


def test_a_page_in_a_frame_is_the_page():
    page = "<p class='a' title=\"b\">&amp;</p>"
    assert page_in(notebook_frame(page)) == page


def test_the_styles_ask_no_other_address_and_know_the_dark():
    css = STYLESHEET.read_text(encoding="utf-8")
    assert "url(" not in css and "@import" not in css and "</style" not in css
    assert "prefers-color-scheme: dark" in css and "@media print" in css


def test_a_page_escapes_its_title_and_runs_no_script():
    page = html_page("<b>", "<p>c</p>", style="p { margin: 0 }")
    assert "<title>&lt;b&gt;</title>" in page and "<p>c</p>" in page and "p { margin: 0 }</style>" in page
    assert "default-src 'none'" in page and "<script" not in page


def test_an_explanation_is_short_and_has_its_page():
    pytest.importorskip("matplotlib")
    words = tuple({"word": f"w{i}", "start": i, "end": i + 1, "attribution": i / 100} for i in range(200))
    found = Explanation("x" * 1000, "h", "<b>", 0.9, 0.5, 0.0, words, ("a",) * 9, np.ones((2, 2, 9, 9)) / 9)
    assert len(repr(found)) < 400 and "w199 +1.9900" in repr(found)
    assert page_in(found._repr_html_()) == found.to_html()


def test_a_discovery_is_short_and_has_its_page():
    random = np.random.default_rng(0)
    points = np.concatenate([np.eye(8)[i] + 0.05 * random.normal(size=(20, 8)) for i in range(8)])
    texts, labels = [f"good {i // 20}" for i in range(160)], [f"class {i // 40}" for i in range(160)]
    found = kb.discover_subclasses(texts, labels, features=points, number=2)
    assert "Subclasses of 4 classes" in repr(found) and len(repr(found)) < 800
    assert "Subclasses of 4 classes" in page_in(found._repr_html_())
    many = kb.discover_subclasses(texts, [f"{i // 16}" for i in range(160)], features=points)
    assert repr(many).endswith(" and 5 more")
