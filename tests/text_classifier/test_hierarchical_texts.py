"""Hierarchical classifiers from raw text to a saved folder and the command."""

import json

import numpy as np
import pytest

import kerasbert as kb
from kerasbert import cli

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 6
LABELS = {"class": list("xxyz") * 6, "subclass": ["x1", "x2", "y1", None] * 6}
LISTS = {level: [[] if cell is None else [cell] for cell in cells] for level, cells in LABELS.items()}


def classifier(folder, **arguments):
    return kb.TextClassifier("hierarchical", encoder=folder, epochs=1, verbose=False, **arguments)


@pytest.fixture(scope="module", params=["multiclass", "multilabel"])
def trained(request, tiny_folder):
    labels = LISTS if request.param == "multilabel" else LABELS
    return classifier(tiny_folder, level_task=request.param, level_weights=[1, 0.5]).fit(TEXTS, labels), labels


def test_saved_and_loaded(trained, tmp_path):
    trained[0].save(tmp_path / "model")
    again = kb.load(tmp_path / "model")
    before, after = trained[0].predict_proba(TEXTS), again.predict_proba(TEXTS)
    assert all(np.allclose(before[level], after[level], atol=1e-6) for level in ("class", "subclass"))
    assert again.subclasses == {"x": ["x1", "x2"], "y": ["y1"], "z": ["z"]} and again.level_weights == [1, 0.5]
    assert again.predict([]).keys() == {"class", "subclass"}


def test_scores(trained):
    scores = trained[0].evaluate(TEXTS, trained[1])
    assert scores["hierarchy"]["inconsistent"] == 0 and scores["class"]["num_examples"] == 24
    assert scores["hierarchy"]["accuracy"] == trained[0].score(TEXTS, trained[1])
    assert scores["subclass"]["num_examples"] == 18


def test_predicted_subclasses_lie_in_predicted_classes(trained):
    predicted = trained[0].predict(TEXTS)
    for classes, subclasses in zip(predicted["class"], predicted["subclass"], strict=True):
        subclasses = [subclasses] if isinstance(subclasses, str) else subclasses
        assert all(name[0] in classes for name in subclasses)


def test_an_unseen_sublabel_is_refused(trained):
    labels = {"class": trained[1]["class"][:1], "subclass": [["x9"]]}
    with pytest.raises(kb.DataError, match="row 1: the label 'x9' is unknown; the labels are 'x1'"):
        trained[0].evaluate(
            TEXTS[:1], labels if trained[0].level_task == "multilabel" else {"class": ["x"], "subclass": ["x9"]}
        )


def test_an_unseen_sublabel_in_the_validation_texts_is_refused(tiny_folder):
    held_out = ["late card", "new parcel"], {"class": ["x", "y"], "subclass": ["x1", "y9"]}
    with pytest.raises(kb.DataError, match="row 2: the label 'y9' is unknown"):
        classifier(tiny_folder).fit(TEXTS, LABELS, validation=held_out)


WRONG = {
    "no levels": ({}, ["x"] * 24, kb.DataError, "must be a dict with the levels class, subclass"),
    "other task": (
        {"task": "multiclass", "level_task": "multilabel"},
        ["x"] * 24,
        kb.ConfigError,
        "`level_task` go with task 'hierarchical'",
    ),
    "shared": ({}, {"class": list("xy") * 12, "subclass": ["s"] * 24}, kb.DataError, "'s' stands under 'x' and under"),
}


@pytest.mark.parametrize(("arguments", "labels", "error", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_trained_on(arguments, labels, error, message, tiny_folder):
    with pytest.raises(error, match=message):
        classifier(tiny_folder).set_params(**arguments).fit(TEXTS, labels)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "train.jsonl"
    rows = zip(TEXTS, LABELS["class"], LABELS["subclass"], strict=True)
    lines = [{"text": text, "label": label, "sublabel": sublabel} for text, label, sublabel in rows]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_the_command(data, tiny_folder, tmp_path, capsys):
    train = ["train", str(data), "--task", "hierarchical", "--epochs", "1", "--encoder", str(tiny_folder), "--quiet"]
    folder = str(tmp_path / "model")
    assert cli.main([*train, "--label-column", "label,sublabel", "--level-weights", "1,1", "--output", folder]) == 0
    assert cli.main(["evaluate", folder, str(data), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["hierarchy"]["inconsistent"] == 0
    assert cli.main(["evaluate", folder, str(data)]) == 0
    assert "0 inconsistent predictions on 24 texts" in capsys.readouterr().out
    assert cli.main(["evaluate", folder, str(data), "--label-column", "label,sublabel", "--format", "csv"]) == 0
    assert "hierarchy,(all)," in capsys.readouterr().out
    unseen = tmp_path / "unseen.jsonl"
    unseen.write_text('{"text": "good", "label": "x", "sublabel": "x9"}\n', encoding="utf-8")
    capsys.readouterr()
    assert cli.main(["evaluate", folder, str(unseen)]) == 1
    assert "the label 'x9' is unknown" in " ".join(capsys.readouterr().err.split())
    assert cli.main(["predict", folder, "good card", "--format", "json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["heads"]) == {"class", "subclass"}


@pytest.fixture(scope="module")
def cache(data, tiny_folder, tmp_path_factory):
    return kb.data.prepare_tokens(
        data, tmp_path_factory.mktemp("cache") / "t", task="hierarchical", encoder=tiny_folder
    )


def test_a_stream_starts_as_texts_in_memory_do(cache, tiny_folder):
    # At these rates nothing moves from where it starts, the frequencies of classes and subclasses.
    settings = {"dropout": 0.0, "learning_rate": 1e-9, "head_learning_rate": 1e-9}
    streamed = classifier(tiny_folder, **settings).fit(cache)
    direct = classifier(tiny_folder, **settings).fit(TEXTS, LABELS)
    assert all(np.array_equal(streamed.classes_[level], names) for level, names in direct.classes_.items())
    assert streamed.data_["labels"] == direct.data_["labels"]
    assert streamed.history_["loss"] == pytest.approx(direct.history_["loss"], rel=1e-4)
    before, after = direct.predict_proba(TEXTS), streamed.predict_proba(TEXTS)
    assert all(np.allclose(before[level], after[level], atol=1e-5) for level in ("class", "subclass"))


def test_a_stream_of_another_tree_is_refused(cache, tiny_folder):
    with pytest.raises(kb.ConfigError, match="`subclasses` must be those of the token cache"):
        classifier(tiny_folder, subclasses={"x": ["x1"], "y": ["y1"]}).fit(cache)
    with pytest.raises(kb.ConfigError, match="`level_task` must be 'multiclass' with a token cache of a hierarchy"):
        classifier(tiny_folder, level_task="multilabel").fit(cache)


def test_the_command_on_a_stream(data, tiny_folder, tmp_path, capsys):
    options = ["--task", "hierarchical", "--encoder", str(tiny_folder), "--quiet"]
    tokens, folder = str(tmp_path / "tokens"), str(tmp_path / "model")
    assert cli.main(["prepare", str(data), *options, "--output", tokens]) == 0
    held_out = tmp_path / "late.jsonl"
    held_out.write_text(data.read_text().replace('{"text": "', '{"text": "late '))
    more = ["--epochs", "1", "--validation", str(held_out), "--sampling", "sqrt", "--output", folder]
    assert cli.main(["train", tokens, *options, *more]) == 0
    capsys.readouterr()
    assert cli.main(["evaluate", folder, str(data), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["hierarchy"]["inconsistent"] == 0


USAGE = {
    "one column": (["--label-column", "label"], "must name a column for each level"),
    "weights": (["--level-weights", "1,x"], "must be numbers such as 1,1"),
}


@pytest.mark.parametrize(("options", "message"), USAGE.values(), ids=USAGE)
def test_wrong_usage(options, message, data, tiny_folder, tmp_path, capsys):
    train = ["train", str(data), "--task", "hierarchical", "--encoder", str(tiny_folder)]
    assert cli.main([*train, "--output", str(tmp_path / "model"), *options]) == 2
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())
