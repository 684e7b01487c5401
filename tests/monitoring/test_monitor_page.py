import dataclasses
import html
import re

import pytest
from trained_classifiers import LABELS, TEXTS

from kerasbert import load
from kerasbert.monitoring import Moved, SliceFacts, make_reference, monitor_texts, with_reference

OTHER = ["? " * 25] * 40
TIMES = [f"2026-03-{1 + place // 8:02}" for place in range(80)]


def text_of(page):
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", page.split("</style>", 1)[1])).split())


@pytest.fixture(scope="module")
def page(watched):
    report = monitor_texts(watched, TEXTS * 5 + OTHER, LABELS * 5 + [None] * 40, times=TIMES)
    slices = [SliceFacts("<source>", "<app>", 40, [Moved("x", 0.1, 0.5, 0.4, (0.2, 0.6), 1e-6)])]
    return dataclasses.replace(report, check=dataclasses.replace(report.check, slices=slices)).to_html()


def test_the_verdict_comes_first_and_then_what_to_do(page):
    text = text_of(page)
    assert text.startswith("kerasbert monitor ") and " 80 new texts beside the 80 of the reference" in text[:90]
    body = text.split("About this page", 1)[1]
    places = [body.index(words) for words in ("What to do next", "In short", "Over time", "What was compared", "Words")]
    assert places == sorted(places)


def test_it_is_one_file_that_loads_and_runs_nothing_and_holds_no_text(page):
    assert "<script" not in page and "http://" not in page.replace("http://www.w3.org", "") and 'src="' not in page
    assert "default-src 'none'" in page and not any(text in page for text in TEXTS if len(text) > 9)
    assert "{{" not in page and "None" not in text_of(page)


def test_names_are_escaped(page):
    assert "<source>" not in page and "&lt;source&gt;" in page and "&lt;app&gt;" in page


def test_every_time_has_a_row_and_a_verdict(page):
    text = text_of(page)
    assert "5 of 10 days give an alarm by themselves." in text or "of 10 days give an alarm" in text
    assert all(f"2026-03-{day:02}" in text for day in range(1, 11))


def test_without_a_change_there_is_no_advice(watched):
    text = text_of(monitor_texts(watched, TEXTS * 10).to_html())
    assert text.startswith("kerasbert monitor No change is seen 80 new texts")
    assert "What to do next" not in text and "Over time" not in text and "No label has surely moved." in text
    assert "5 % of such pages give an alarm, whatever the number of texts." in text


@pytest.mark.parametrize("task", ["multitask", "hierarchical", "binary"])
def test_every_head_has_its_labels(saved_classifier, task):
    classifier = load(saved_classifier(task))
    watched = with_reference(classifier, make_reference(classifier, TEXTS * 5))
    text = text_of(monitor_texts(watched, TEXTS * 5, times=TIMES[:40]).to_html())
    heads = watched.outputs.label_names
    assert all(label in text for names in heads.values() for label in names)
    assert len(heads) == 1 or all(head in text for head in heads)
