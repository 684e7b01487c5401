import json
import re

import numpy as np
import pytest
import yaml

import kerasbert as kb
from kerasbert.batches.rows import held_out_rows
from kerasbert.saving.card import as_markdown, as_yaml

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 6
NASTY = '<script>|*"\n: #é🍷'
CASES = {
    "binary": (["no", "yes"] * 12, {}),
    "multiclass": ([NASTY, "b"] * 12, {}),
    "multilabel": ([[NASTY], ["b"], [], [NASTY, "b"]] * 6, {}),
    "multitask": (
        {"topic": ["a", NASTY] * 12, "flags": [["x"], [], ["y"], ["x"]] * 6},
        {"heads": {"topic": "multiclass", "flags": "multilabel"}},
    ),
    "hierarchical": ({"class": ["a", "b"] * 12, "subclass": ["a1", NASTY] * 12}, {}),
}


@pytest.fixture(scope="module")
def fitted(tiny_folder):
    found = {}

    def fit(task):
        if task not in found:
            labels, more = CASES[task]
            found[task] = kb.TextClassifier(task, encoder=tiny_folder, epochs=1, verbose=False, max_length=5, **more)
            found[task].fit(TEXTS, labels)
        return found[task], CASES[task][0]

    return fit


def card_of(classifier, folder, **options):
    classifier.save(folder, **options)
    return (folder / "README.md").read_text(encoding="utf-8")


def front_matter(card):
    return yaml.safe_load(card.split("---\n")[1])


@pytest.mark.parametrize("task", CASES)
def test_its_python_runs(task, fitted, tmp_path, monkeypatch, capsys):
    card = card_of(fitted(task)[0], tmp_path / "model")
    monkeypatch.chdir(tmp_path / "model")
    (code,) = re.findall(r"^```python\n(.*?)^```$", card, re.MULTILINE | re.DOTALL)
    exec(compile(code, "card", "exec"), {"__name__": "__main__"})
    assert len(capsys.readouterr().out.splitlines()) >= 2


@pytest.mark.parametrize("task", CASES)
def test_front_matter_is_that_of_a_hugging_face_card(task, fitted, tmp_path):
    classifier, labels = fitted(task)
    card = card_of(classifier, tmp_path / "model", metrics={"validation": classifier.evaluate(TEXTS, labels)})
    content = front_matter(card)
    assert content["library_name"] == "kerasbert" and content["pipeline_tag"] == "text-classification"
    assert "base_model" not in content and str(tmp_path) not in card and "encoders" not in card
    values = [metric["value"] for result in content["model-index"][0]["results"] for metric in result["metrics"]]
    assert len(values) == 2 * len(classifier.model_.heads) and all(0 <= value <= 1 for value in values)


def test_intervals_and_labels_without_texts_stand_beside_the_scores(fitted, tmp_path):
    classifier, _ = fitted("multiclass")
    scores = classifier.evaluate(["good card"] * 3, ["b"] * 3, intervals=True)
    card = card_of(classifier, tmp_path / "model", metrics={"test": scores})
    low, high = scores["intervals"]["accuracy"]
    assert f"| {scores['accuracy']:.4f} ({low:.4f} to {high:.4f}) |" in card and high - low > 0.5
    assert f"No text here has this label, 1 of 2: {as_markdown(NASTY)}." in card.replace("\\.", ".")


def test_tells_data_labels_thresholds_and_scores(fitted, tmp_path):
    classifier, labels = fitted("multilabel")
    scores = classifier.evaluate(TEXTS, labels)
    card = card_of(classifier, tmp_path / "model", metrics={"test": scores})
    kept = classifier.data_["num_texts"]
    assert f"- {kept} texts to train on" in card and f"- {24 - kept} more to choose the best epoch" in card
    assert f"({classifier.data_['num_cut'] / kept:.1%}) of the training texts were cut at 5 tokens" in card
    row = next(line for line in card.splitlines() if line.startswith("| b |")).split("|")
    place = list(classifier.classes_).index("b")
    own = scores["per_label"]["b"]
    numbers = [classifier.thresholds_["probabilities"][place], own["precision"], own["recall"], own["f1"]]
    assert [cell.strip() for cell in row[3:-1]] == [f"{value:.4f}" for value in numbers]
    assert int(row[2]) == classifier.data_["labels"]["probabilities"][place]
    assert "for the best F1 of each label" in card


def test_a_stream_counts_the_labels_that_it_was_trained_on(tiny_folder, tmp_path):
    rows = [
        {"text": text, "labels": labels} for text, labels in zip(TEXTS, [["a"], ["b"], [], ["a", "b"]] * 6, strict=True)
    ]
    (tmp_path / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    options = {"task": "multilabel", "label_columns": "labels", "encoder": tiny_folder}
    cache = kb.data.prepare_tokens(tmp_path / "data.jsonl", tmp_path / "tokens", **options)
    settings = {"encoder": tiny_folder, "epochs": 1, "verbose": False, "validation_fraction": 0.25}
    classifier = kb.TextClassifier("multilabel", **settings).fit(cache)
    _, labels = cache.read(np.delete(np.arange(24), held_out_rows(cache, 0.25, seed=classifier.seed)))
    (counts,) = classifier.data_["labels"].values()
    assert classifier.data_["num_texts"] == 18 and counts == labels["probabilities"].sum(axis=0).tolist()


def test_is_the_same_each_time_and_after_loading(fitted, tmp_path):
    first = card_of(fitted("multiclass")[0], tmp_path / "one")
    assert first == card_of(fitted("multiclass")[0], tmp_path / "two")
    assert first == card_of(kb.load(tmp_path / "one"), tmp_path / "three")


def test_is_guarded_by_the_manifest(fitted, tmp_path):
    card_of(fitted("binary")[0], tmp_path / "model")
    (tmp_path / "model" / "README.md").write_text("changed", encoding="utf-8")
    with pytest.raises(kb.ArtifactError, match=r"'README.md' differs from its manifest"):
        kb.load(tmp_path / "model")


def test_a_folder_without_a_card_loads(fitted, tmp_path):
    card_of(fitted("binary")[0], tmp_path / "model")
    manifest = json.loads((tmp_path / "model" / "manifest.json").read_text())
    manifest["files"] = [entry for entry in manifest["files"] if entry["path"] != "README.md"]
    (tmp_path / "model" / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "model" / "README.md").unlink()
    assert kb.load(tmp_path / "model").predict(["good"]).shape == (1,)


def test_names_the_base_model_of_the_hub(fitted, tmp_path):
    classifier = kb.load(_saved(fitted, tmp_path)).set_params(encoder="bert-base-uncased")
    assert front_matter(card_of(classifier, tmp_path / "named"))["base_model"] == "google-bert/bert-base-uncased"


def _saved(fitted, tmp_path):
    card_of(fitted("binary")[0], tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.parametrize("text", ['a "b" \\ c', "a: #b", "new\nline\t\x00", "🍷é\u2028", "{{x}} - [y]", "null", "1"])
def test_yaml_is_read_back(text):
    assert yaml.safe_load(f"key: {as_yaml(text)}") == {"key": text}


def test_markdown_holds_no_html_and_stays_in_its_cell():
    escaped = as_markdown(NASTY)
    assert "<" not in escaped and "\n" not in escaped and re.search(r"(?<!\\)\|", escaped) is None
