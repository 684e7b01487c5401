"""Reports from a trained classifier to a page in a browser."""

import dataclasses
import html
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, f1_score

import kerasbert as kb
from kerasbert.evaluation.comparison import judge_texts

TEXTS = ["good card", "bad parcel <script>alert(1)</script>", "thanks", "lost parcel ?"] * 6
# That no test trains on.
NEW_TEXTS = [
    f"{word} {other} please"
    for word in ("where", "card", "refund", "is")
    for other in ("my", "late", "bad", "!", "?", "[")
]
LABELS = {
    "binary": ["no", "yes"] * 12,
    "multiclass": ["x", "<b>y</b>", "z", "<b>y</b>"] * 6,
    "multilabel": [["x"], ["x", "y"], [], ["y"]] * 6,
    "multitask": {"topic": ["x", "y", "z", "y"] * 6, "flags": [["a"], [], ["b"], ["a", "b"]] * 6},
    "hierarchical": {"class": list("xxyz") * 6, "subclass": ["x1", "x2", "y1", None] * 6},
}
HEADS = {"multitask": {"topic": "multiclass", "flags": "multilabel"}}
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
every_task = pytest.mark.parametrize("task", LABELS)
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed; apt-get install chromium")


@pytest.fixture(scope="module")
def fitted(tiny_folder):
    def fit(task):
        settings = {"epochs": 1, "batch_size": 24, "validation_fraction": 0, "max_length": 40, "verbose": False}
        classifier = kb.TextClassifier(task, heads=HEADS.get(task), encoder=tiny_folder, **settings)
        return classifier.fit(TEXTS, LABELS[task])

    return {task: fit(task) for task in LABELS}


@pytest.fixture(scope="module")
def reports(fitted, tmp_path_factory):
    def write(task):
        folder = tmp_path_factory.mktemp("reports") / task
        scores = {"accuracy": 0.25, "macro": {"f1": 0.125}}
        given = {"intervals": {"accuracy": (0.111, 0.777)}, "baseline": scores}
        if task in ("multitask", "hierarchical"):
            given = {name: {head: value for head in LABELS[task]} for name, value in given.items()}
        return kb.write_report(fitted[task], TEXTS, LABELS[task], folder, warnings=["Watch <out>."], **given).parent

    return {task: write(task) for task in LABELS}


def read(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    return page, json.loads((folder / "metrics.json").read_text(encoding="utf-8"))


def assert_holds(scores, expected):
    for name, value in expected.items():
        if isinstance(value, dict):
            assert_holds(scores[name], value)
        else:
            assert scores[name] == (pytest.approx(value) if isinstance(value, float) else value)


@every_task
def test_scores_are_those_of_evaluate(task, fitted, reports):
    assert_holds(read(reports[task])[1]["scores"], fitted[task].evaluate(TEXTS, LABELS[task]))


def test_numbers_on_the_page_equal_scikit_learn(fitted, reports):
    page, metrics = read(reports["multiclass"])
    predicted, scores = fitted["multiclass"].predict(TEXTS), fitted["multiclass"].predict_proba(TEXTS)
    labels = LABELS["multiclass"]
    shown = re.findall(r'class="tile-value">([^<]*)<', page)
    truth = np.array([[label == name for name in ("<b>y</b>", "x", "z")] for label in labels])
    expected = [
        accuracy_score(labels, predicted),
        f1_score(labels, predicted, average="macro"),
        average_precision_score(truth, scores, average="macro"),
        f1_score(labels, predicted, average="weighted"),
    ]
    assert shown == [f"{value:.3f}" for value in expected]
    assert metrics["heads"]["probabilities"]["scores"]["macro"]["average_precision"] == pytest.approx(
        expected[2], abs=1e-6
    )


@every_task
def test_a_page_is_one_file_that_escapes_what_it_was_given(task, reports):
    page, metrics = read(reports[task])
    assert "<script" not in page and "Watch &lt;out&gt;." in page
    assert "<b>y" not in page and (task != "multiclass" or "&lt;b&gt;y&lt;/b&gt;" in page)
    assert not re.search(r"https?:|url\((?!#)|@import|<link|<iframe|<object", page)
    targets = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(target.startswith(("#", "data:image/png;base64,")) for target in targets)
    assert metrics["warnings"] == ["Watch <out>."]


@every_task
def test_every_head_has_its_section_and_pictures(task, reports):
    page, metrics = read(reports[task])
    heads = LABELS[task] if isinstance(LABELS[task], dict) else {"probabilities": None}
    assert set(metrics["heads"]) == set(heads)
    assert page.count(">Label by label</h2>") == len(heads) and page.count("0.111 – 0.777") == len(heads)
    assert page.count("Is BERT worth it here?") == len(heads) and "0.125" in page
    pictures = [path.stem for path in (reports[task] / "pictures").glob("*.png")]
    assert sum(name.endswith("precision_recall") for name in pictures) == len(heads)
    assert len(pictures) == page.count('role="img"') == page.count('<p class="finding">')
    # Of a single epoch there is no curve.
    assert not any(name.startswith("history") for name in pictures) and "Loss at the end" in page


def test_what_is_absent_is_left_out(fitted, tmp_path):
    page = kb.write_report(fitted["binary"], NEW_TEXTS[:2], ["no", "yes"], tmp_path / "report").read_text("utf-8")
    assert not re.search("Is BERT worth it|Before you trust", page)
    assert page.count(">95 %<") == 2  # of accuracy and F1, which have an interval


def test_a_label_that_no_text_has_and_a_level_that_is_unknown(fitted, tmp_path):
    folder = kb.write_report(fitted["multiclass"], TEXTS[:1], ["x"], tmp_path / "report").parent
    assert read(folder)[1]["scores"]["per_label"]["z"]["average_precision"] is None
    labels = {"class": ["x"], "subclass": [None]}
    page, metrics = read(kb.write_report(fitted["hierarchical"], TEXTS[:1], labels, tmp_path / "levels").parent)
    assert list(metrics["heads"]) == ["class"] and "No test text has a known label for: <bdi>subclass</bdi>" in page


def test_hierarchical_decisions_go_from_the_class_down(fitted):
    outcomes, _, together, _ = judge_texts(fitted["hierarchical"].trained_, TEXTS, LABELS["hierarchical"])
    assert together["inconsistent"] == 0 and len(outcomes["subclass"]) == 18
    assert outcomes["subclass"].rows.tolist() == [row for row in range(24) if row % 4 != 3]


def places_of(page):
    return re.findall(r"<dt>place</dt><dd[^>]*>([^<]*)<", page)


def test_the_page_names_texts_as_the_numbers_do(fitted, reports):
    page, metrics = read(reports["multiclass"])
    mistakes = metrics["heads"]["probabilities"]["surest_mistakes"]
    predicted = fitted["multiclass"].predict(TEXTS)
    assert mistakes and [f"text {mistake['row']}" for mistake in mistakes] == places_of(page)
    for mistake in mistakes:
        assert mistake["true"] == [LABELS["multiclass"][mistake["row"] - 1]] and mistake["place"] in places_of(page)
        assert mistake["predicted"] == [predicted[mistake["row"] - 1]]


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_texts_of_a_file_are_named_by_their_lines(ending, fitted, tmp_path):
    file = tmp_path / f"rows.{ending}"
    rows = list(zip(TEXTS, LABELS["multiclass"], strict=True))
    lines = ["text,label", *(f'"{text}",{label}' for text, label in rows)]
    if ending == "jsonl":
        lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    data = kb.data.read_examples(file, label_columns="label")
    page, metrics = read(kb.write_report(fitted["multiclass"], data.texts, data.labels["label"], tmp_path / "r").parent)
    for mistake in metrics["heads"]["probabilities"]["surest_mistakes"]:
        line = int(mistake["place"].removeprefix("line "))
        assert TEXTS[mistake["row"] - 1] in lines[line - 1].replace('\\"', '"') and mistake["place"] in places_of(page)


def test_labels_without_texts_are_named_beside_the_macro_score(fitted, tmp_path):
    page, metrics = read(kb.write_report(fitted["multiclass"], TEXTS[:1], ["x"], tmp_path / "report").parent)
    said = "No text here has these labels, 2 of 3: &lt;b&gt;y&lt;/b&gt;, z. In macro averages their F1 counts as 0."
    assert said in page and metrics["scores"]["labels_without_texts"] == ["<b>y</b>", "z"]


def test_text_pairs_are_shown(fitted, tmp_path):
    arguments = (fitted["binary"], TEXTS, LABELS["binary"], tmp_path / "report")
    page = kb.write_report(*arguments, text_pairs=["where is <it>"] * 24).read_text("utf-8")
    assert '<p dir="auto" class="pair">where is &lt;it&gt;</p>' in page


def test_only_a_report_is_replaced(fitted, reports, tmp_path):
    arguments = (fitted["binary"], TEXTS, LABELS["binary"])
    folder = shutil.copytree(reports["binary"], tmp_path / "report")
    with pytest.raises(kb.ArtifactError, match="already holds a report; choose another name, or pass --overwrite"):
        kb.write_report(*arguments, folder)
    kb.write_report(*arguments, folder, warnings=["new"], overwrite=True)
    assert read(folder)[1]["warnings"] == ["new"]
    fitted["binary"].save(tmp_path / "model")
    with pytest.raises(
        kb.ArtifactError, match="holds a saved classifier, and a report takes the place of another one only"
    ):
        kb.write_report(*arguments, tmp_path / "model", overwrite=True)
    kb.load(tmp_path / "model")


def test_no_trace_of_a_report_that_failed(fitted, tmp_path):
    with pytest.raises(kb.DataError, match="`texts` must hold at least one text to evaluate; got none"):
        kb.write_report(fitted["binary"], [], [], tmp_path / "report")
    with pytest.raises(kb.DataError, match="`labels` must be as many as `texts`, 24; got 23"):
        kb.write_report(fitted["binary"], TEXTS, LABELS["binary"][:-1], tmp_path / "report")
    assert not list(tmp_path.iterdir())


def test_a_cell_leads_to_its_texts(reports):
    page, metrics = read(reports["multiclass"])
    cells = metrics["heads"]["probabilities"]["confusion"]["texts"]
    assert cells
    for cell in cells:
        address = f"texts-1-{cell['true']}-{cell['predicted']}"
        assert f'href="#{address}"' in page and page.count(f'id="{address}"') == 1
        place = page.index(f'id="{address}"')
        shown = page[place : page.index("</ul>", place)]
        assert shown.count("<li>") == len(cell["rows"]) and all(
            html.escape(TEXTS[row - 1]) in shown for row in cell["rows"]
        )


@every_task
def test_every_link_of_a_page_leads_somewhere_on_it(task, reports):
    page, _ = read(reports[task])
    names = re.findall(r' id="([^"]*)"', re.sub("<svg.*?</svg>", "", page, flags=re.DOTALL))
    assert len(names) == len(set(names))
    assert set(re.findall(r'<a [^>]*href="#([^"]*)"', page)) <= set(names)


def test_label_errors_of_training_texts_are_not_listed(reports):
    page, metrics = read(reports["multiclass"])
    assert metrics["training_overlap"] == {"tested": 4, "known": 4, "share": 1.0, "trained_on": True}
    assert metrics["heads"]["probabilities"]["label_errors"] is None
    assert "Likely label errors are not listed" in page and "So the scores are better than on new texts" in page


def test_label_errors_of_new_texts_are_ranked_with_their_neighbours(fitted, tmp_path):
    predicted = fitted["multiclass"].predict(NEW_TEXTS)
    labels = [
        next(name for name in ("x", "z") if name != label) if row == 7 else label for row, label in enumerate(predicted)
    ]
    page, metrics = read(kb.write_report(fitted["multiclass"], NEW_TEXTS, labels, tmp_path / "report").parent)
    assert metrics["training_overlap"] == {"tested": 24, "known": 0, "share": 0.0, "trained_on": False}
    (error,) = metrics["heads"]["probabilities"]["label_errors"]
    assert (error["row"], error["given"], error["predicted"]) == (8, [labels[7]], [predicted[7]])
    assert "Likely label errors" in page and f"{error['disagreeing']:.0%}".replace("%", "") in page
    for neighbour in error["neighbours"]:
        assert html.escape(NEW_TEXTS[neighbour["row"] - 1]) in page


def test_a_classifier_that_does_not_tell_its_texts_says_so(fitted, tmp_path):
    data = {name: value for name, value in fitted["multiclass"].data_.items() if name != "text_sketch"}
    trained = dataclasses.replace(fitted["multiclass"].trained_, data=data)
    labels = ["x"] * len(NEW_TEXTS)
    page, metrics = read(kb.write_report(trained, NEW_TEXTS, labels, tmp_path / "report").parent)
    assert metrics["training_overlap"] is None and "Whether these texts were trained on is not known" in page


@every_task
def test_another_data_set_stands_beside(task, fitted, tmp_path):
    labels = LABELS[task]
    half = {head: own[:12] for head, own in labels.items()} if isinstance(labels, dict) else labels[:12]
    names = ("all <b>", "half")
    folder = kb.write_report(
        fitted[task], TEXTS, labels, tmp_path / "report", compare=(TEXTS[:12], half), compare_names=names
    ).parent
    page, metrics = read(folder)
    heads = len(labels) if isinstance(labels, dict) else 1
    assert page.count("all &lt;b&gt; beside half") == heads == len(metrics["side_by_side"])


def browse(page, tmp_path, *options):
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr"]
    folder = f"--user-data-dir={tmp_path / 'browser'}"
    return subprocess.run([*command, folder, *options, f"file://{page}"], capture_output=True, text=True, timeout=120)


MEASURE = """<!DOCTYPE html><body><iframe width="{width}" height="800" srcdoc="{page}"></iframe><script>
const frame = document.querySelector("iframe");
frame.onload = () => {{
  const page = frame.contentDocument.documentElement;
  const out = [...page.querySelectorAll("body *")].filter(e => !e.closest(".scroll, .canvas, svg")
    && e.getBoundingClientRect().right > page.clientWidth + 0.5).map(e => e.tagName + "." + e.className);
  document.title = JSON.stringify([page.scrollWidth, page.clientWidth, [...new Set(out)]]);
}};
</script></body>"""


@in_a_browser
@pytest.mark.parametrize("width", [320, 390, 1200])
def test_nothing_sticks_out_of_the_page(width, reports, tmp_path):
    # A measuring copy: the page itself forbids scripts.
    for task in ("multitask", "hierarchical"):
        page = (reports[task] / "report.html").read_text(encoding="utf-8")
        (tmp_path / "measure.html").write_text(MEASURE.format(width=width, page=html.escape(page)), encoding="utf-8")
        result = browse(tmp_path / "measure.html", tmp_path, "--dump-dom", "--virtual-time-budget=3000")
        whole, visible, out = json.loads(re.search(r"<title>(.*?)</title>", result.stdout)[1])
        assert whole == visible <= width and not out


@in_a_browser
def test_a_page_is_drawn_without_a_complaint(reports, tmp_path):
    picture = tmp_path / "page.png"
    result = browse(
        reports["multiclass"] / "report.html", tmp_path, f"--screenshot={picture}", "--window-size=390,1200"
    )
    assert "CONSOLE" not in result.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000  # an empty page has some 3,000
