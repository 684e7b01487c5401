import json

import numpy as np
import pytest

import kerasbert as kb
from kerasbert import cli
from kerasbert.evaluation import layer_scores
from kerasbert.evaluation.early_exit import ExitStages

TEXTS = ["good card", "bad parcel late", "thanks", "lost parcel where is it ?", "refund please", "good"] * 3
LABELS = ["+", "-", "+", "-", "-", "+"] * 3


@pytest.fixture(scope="module")
def saved(tiny_folder, tmp_path_factory):
    classifier = kb.TextClassifier(
        "multiclass",
        layerwise=True,
        layers=[0, 1, 2],
        encoder=tiny_folder,
        epochs=3,
        learning_rate=2e-3,
        verbose=False,
    )
    folder = tmp_path_factory.mktemp("layerwise") / "model"
    classifier.fit(TEXTS, LABELS).save(folder)
    return folder


@pytest.fixture(scope="module")
def classifier(saved):
    return kb.load(saved)


def by_hand(classifier, confidence):
    """Early exit text by text, from the outputs of the whole model."""
    weights = np.array(list(classifier.model_.votes.vote_weights.values()))
    answers, exits = [], []
    for text in TEXTS:
        output = classifier.model_(classifier.tokenizer_.encode([text]).padded())
        own = [np.array(output[f"layer_{layer}"])[0] for layer in (0, 1, 2)]
        for layer in (0, 1, 2):
            answer = np.average(own[: layer + 1], axis=0, weights=weights[: layer + 1])
            if answer.max() >= confidence or layer == 2:
                break
        answers.append(answer)
        exits.append(layer)
    return np.array(answers), exits


@pytest.mark.parametrize("quantile", [0.0, 0.3, 0.7])
def test_early_exit_equals_text_by_text(quantile, classifier):
    confidence = float(np.quantile(by_hand(classifier, 1.0)[0].max(1), quantile))
    found = kb.predict_early(classifier, TEXTS, confidence=confidence, batch_size=4)
    answers, exits = by_hand(classifier, confidence)
    lengths = classifier.tokenizer_.encode(TEXTS).lengths
    assert found.exit_layers.tolist() == exits and np.allclose(found.probabilities, answers, atol=1e-5)
    assert found.saving == pytest.approx(1 - (np.array(exits) * lengths).sum() / (2 * lengths.sum()))


def test_no_exit_is_the_model_itself(classifier):
    found = kb.predict_early(classifier, TEXTS, confidence=1.0)
    assert np.allclose(found.probabilities, classifier.predict_proba(TEXTS), atol=1e-5)
    assert set(found.exit_layers) == {2} and found.saving == 0
    assert kb.predict_early(classifier, []).probabilities.shape == (0, 2)


def test_report_tells_each_layers_own_score(classifier, tmp_path):
    report = kb.score_layers(classifier, TEXTS, LABELS, confidences=[0.5, 1.0])
    for row in report.rows:
        small = kb.truncate(classifier, row["layer"])
        assert row["score"] == pytest.approx(small.score(TEXTS, LABELS)) and row["milliseconds"] > 0
    assert report.vote["score"] == pytest.approx(classifier.score(TEXTS, LABELS))
    assert [row["saving"] for row in report.exits] == [1.0, 0.0]
    assert report.exits[1]["score"] == pytest.approx(report.vote["score"])
    pytest.importorskip("matplotlib")
    report.save_picture(tmp_path / "layers.png")
    assert (tmp_path / "layers.png").read_bytes().startswith(b"\x89PNG")


def test_times_never_fall_with_depth_or_confidence(classifier, monkeypatch):
    clock = iter(np.random.default_rng(0).random(1000).cumsum())
    monkeypatch.setattr(layer_scores.time, "perf_counter", lambda: next(clock))
    report = kb.score_layers(classifier, TEXTS, LABELS, confidences=[0.9, 0.5, 1.0])
    times = [row["milliseconds"] for row in report.rows]
    assert times == sorted(times) and times[-1] <= report.vote["milliseconds"]
    exits = [row["milliseconds"] for row in sorted(report.exits, key=lambda row: row["confidence"])]
    assert exits == sorted(exits) and [row["confidence"] for row in report.exits] == [0.9, 0.5, 1.0]
    assert "the shortest of 5 passes over 18 texts, taken in turns" in report.time_note()


def test_the_shortest_of_interleaved_passes_counts(monkeypatch):
    seconds = iter([3.0, 9.0, 1.0, 2.0, 4.0, 2.5, 1.5, 8.0, 5.0, 2.0])
    now, order = [0.0], []
    monkeypatch.setattr(layer_scores.time, "perf_counter", lambda: now[0])

    def run(name):
        order.append(name)
        now[0] += next(seconds)

    found = layer_scores._seconds([lambda: run("a"), lambda: run("b")])
    assert found.tolist() == [1.0, 2.0] and order == ["a", "b"] * 5


def test_fitted_times_are_the_nearest_in_order():
    # By hand: 5 and 3 are pooled at their mean.
    assert layer_scores.never_falling(np.array([1.0, 5.0, 3.0, 6.0])) == [1, 4, 4, 6]
    assert layer_scores.never_falling(np.array([3.0, 1.0]), [0.9, 0.5]) == [3, 1]
    assert layer_scores.never_falling(np.zeros(0)) == []


def test_command_scores_and_cuts(saved, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    data = tmp_path / "d.jsonl"
    rows = zip(TEXTS, LABELS, strict=True)
    data.write_text("".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in rows))
    options = [
        "--output",
        str(tmp_path / "out"),
        "--keep",
        "1",
        "--save-as",
        str(tmp_path / "small"),
        "--format",
        "csv",
    ]
    assert cli.main(["layers", str(saved), str(data), *options]) == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("way,weight,accuracy,saving,ms a text\nlayer 0,")
    assert "fitted never to fall" in printed.err
    small = kb.load(tmp_path / "small")
    assert small.model_.encoder.config.num_hidden_layers == 1
    assert np.allclose(small.predict_proba(TEXTS), kb.truncate(kb.load(saved), 1).predict_proba(TEXTS), atol=1e-6)
    assert cli.main(["layers", str(saved), str(data), "--keep", "1"]) == 2


def test_refusals(classifier, tiny_config, tiny_folder):
    with pytest.raises(kb.ConfigError, match=r"`confidence` must be a number in \(0, 1\]; got 0"):
        kb.predict_early(classifier, TEXTS, confidence=0)
    with pytest.raises(kb.ConfigError, match="`model` must be a layerwise classifier"):
        ExitStages(kb.build_multiclass(3, encoder=tiny_config))
    for options in ({"combine": "mean"}, {"long_texts": "windows"}, {"task": "hierarchical"}):
        with pytest.raises(
            kb.ConfigError, match="`layerwise` must be False with several heads, windows or a combination"
        ):
            kb.TextClassifier(encoder=tiny_folder, layerwise=True, **options).fit(TEXTS, LABELS)


def test_names_of_points_on_each_other_are_written_together():
    places = {"0.6": (4.3, 0.7), "0.8": (5.0, 0.74), "0.9": (5.01, 0.74), "0.99": (5.02, 0.8)}
    assert list(layer_scores._without_crowds(places).values()) == [["0.6"], ["0.8", "0.9"], ["0.99"]]
