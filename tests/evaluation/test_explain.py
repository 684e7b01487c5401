import json

import keras
import numpy as np
import pytest

import kerasbert as kb
from kerasbert import cli
from kerasbert.evaluation.gradients import EmbeddedClassifier, integrated_gradients
from kerasbert.tokenization.spans import read_places, spans_of

TEXTS = ["good card", "bad parcel late", "thanks", "lost parcel where is it ?", "refund please", "good"] * 2
LABELS = ["+", "-", "+", "-", "-", "+"] * 2
TEXT = "Bad cards, late <refund> & where is it?"


def fitted(folder, task="multiclass", labels=LABELS, **options):
    settings = {"encoder": folder, "epochs": 2, "learning_rate": 3e-3, "verbose": False, **options}
    return kb.TextClassifier(task, **settings).fit(TEXTS, labels)


@pytest.fixture(scope="module")
def saved(tiny_folder, tmp_path_factory):
    keras.utils.set_random_seed(0)
    folder = tmp_path_factory.mktemp("explained") / "model"
    fitted(tiny_folder, pooling="attention").save(folder)
    return folder


@pytest.fixture(scope="module")
def classifier(saved):
    return kb.load(saved)


def numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def by_differences(model, inputs, is_text, label, steps=200):
    """Integrated gradients with central differences and the midpoint rule, one embedding at a time along directions."""
    embedded = EmbeddedClassifier(model)
    real = numpy(embedded.embed(inputs))
    ids = np.where(is_text, 0, inputs["input_ids"]).astype("int32")
    baseline = np.where(is_text[:, :, None], numpy(embedded.embed({**inputs, "input_ids": ids})), real)
    shares = np.zeros(real.shape[:2])
    for place in np.argwhere(is_text):
        direction = np.zeros_like(real)
        direction[tuple(place)] = (real - baseline)[tuple(place)]
        for step in range(steps):
            point = baseline + (step + 0.5) / steps * (real - baseline)
            around = [numpy(embedded(point + sign * 0.05 * direction, inputs))[0, label] for sign in (1, -1)]
            shares[tuple(place)] += (around[0] - around[1]) / 0.1 / steps
    return shares


def test_equals_finite_differences(classifier):
    inputs = classifier.tokenizer_.encode(["bad card late"]).padded()
    is_text = np.array([[False, True, True, True, False]])
    found = integrated_gradients(
        classifier.model_, inputs, head="probabilities", label=1, pad_id=0, is_text=is_text, steps=32
    )
    expected = by_differences(classifier.model_, inputs, is_text, 1, steps=20)
    assert np.allclose(found.attributions, expected, atol=2e-3) and np.abs(expected).max() > 1e-3
    assert found.attributions[~is_text].tolist() == [0, 0]


def test_shares_are_complete_and_named(classifier):
    found = kb.explain(classifier, TEXT)
    assert [word["word"] for word in found.words] == ["Bad", "cards", ",", "late", "<", "refund", ">", "&", "where", "is", "it", "?"]  # fmt: skip
    assert all(TEXT[word["start"] : word["end"]] == word["word"] for word in found.words)
    probabilities = dict(zip(classifier.classes_, classifier.predict_proba([TEXT])[0], strict=True))
    assert found.label == max(probabilities, key=probabilities.get)
    assert found.probability == pytest.approx(probabilities[found.label], abs=1e-5)
    total = sum(word["attribution"] for word in found.words)
    assert total == pytest.approx(found.probability - found.baseline, abs=1e-3) and found.error < 1e-3
    few = kb.explain(classifier, TEXT, steps=1)
    assert few.error == pytest.approx(
        abs(sum(w["attribution"] for w in few.words) - few.probability + few.baseline), abs=1e-6
    )


def test_attention_pooling_weights(classifier):
    found = kb.explain(classifier, TEXT)
    batch = classifier.tokenizer_.encode([TEXT]).padded()
    state = classifier.model_.encoder(batch).last_hidden_state
    weights = numpy(classifier.model_.features.pooling.weights_of(state, batch["attention_mask"]))[0]
    spans = spans_of(classifier.tokenizer_, TEXT)
    expected = np.bincount(spans.words, weights=weights[1:-1])
    assert np.allclose([word["pooling"] for word in found.words], expected, atol=1e-6)


def test_attentions_are_the_encoders(classifier):
    found = kb.explain(classifier, "bad card")
    output = classifier.model_.encoder(classifier.tokenizer_.encode(["bad card"]).padded(), output_attentions=True)
    assert found.tokens == ("[CLS]", "bad", "card", "[SEP]")
    assert np.allclose(found.attentions, np.stack([numpy(one)[0] for one in output.attentions]), atol=1e-6)


def test_labels_of_a_binary_head_mirror_each_other(tiny_folder):
    classifier = fitted(tiny_folder, "binary", label_names=["-", "+"])
    positive, negative = (kb.explain(classifier, "bad card", label=label) for label in "+-")
    assert positive.probability == pytest.approx(classifier.predict_proba(["bad card"])[0, 1], abs=1e-6)
    assert positive.probability + negative.probability == pytest.approx(1)
    assert (positive.rival, negative.rival) == ("-", "+")
    assert positive.rival_probability == pytest.approx(negative.probability)
    for one, other in zip(positive.words, negative.words, strict=True):
        assert one["attribution"] == pytest.approx(-other["attribution"], abs=1e-7)
        assert one["rival"] == pytest.approx(other["attribution"], abs=1e-7)


@pytest.fixture(scope="module")
def of_three(tiny_folder):
    return fitted(tiny_folder, labels=["+", "-", "o", "-", "o", "+"] * 2, epochs=1)


def test_the_rival_is_the_next_label_or_the_one_that_is_named(of_three):
    ranked = [of_three.classes_[place] for place in np.argsort(-of_three.predict_proba([TEXT])[0])]
    found = kb.explain(of_three, TEXT, draws=0)
    assert [found.label, found.rival] == ranked[:2] and found.faithfulness is None
    third = kb.explain(of_three, TEXT, rival=ranked[2], draws=0)
    alone = kb.explain(of_three, TEXT, label=ranked[2], draws=0)
    assert alone.rival == ranked[0] and third.rival_probability == pytest.approx(alone.probability)
    assert np.allclose([w["rival"] for w in third.words], [w["attribution"] for w in alone.words], atol=1e-7)


def test_faithfulness_is_that_of_predictions(of_three):
    found = kb.explain(of_three, "bad card late", draws=3, seed=5)
    column = list(of_three.classes_).index(found.label)
    order = np.argsort([-word["attribution"] for word in found.words], kind="stable")
    words = ["bad", "card", "late"]
    whole, *rest = of_three.predict_proba(["bad card late", *without_and_alone(words, order)])[:, column]
    # Of three words 1, 5, 10 and 20 % are one word, 50 % are two.
    expected = [whole - np.average(part, weights=[4, 1]) for part in (rest[:2], rest[2:])]
    assert found.faithfulness[:2] == pytest.approx(expected, abs=1e-5) and found.faithfulness.draws == 3
    random, at_random = np.random.default_rng(5), []
    for _ in range(3):
        texts = without_and_alone(words, random.permutation(3))
        parts = of_three.predict_proba(texts)[:, column]
        at_random.append([whole - np.average(part, weights=[4, 1]) for part in (parts[:2], parts[2:])])
    assert found.faithfulness[2:4] == pytest.approx(np.mean(at_random, axis=0), abs=1e-5)
    assert f"(random words {found.faithfulness.random_sufficiency:.4f})" in found.faithfulness.summary()
    assert kb.explain(of_three, "bad card late", draws=3, seed=5).faithfulness == found.faithfulness


def without_and_alone(words, order):
    """The texts without the first one and two words of an order, and those of these words alone."""
    kept = [order[1:], order[2:], order[:1], order[:2]]
    return [" ".join(words[place] for place in sorted(places)) for places in kept]


SETTINGS = {
    "windows": {"long_texts": "windows", "max_length": 6, "window_pooling": "attention", "pooling": "attention"},
    "head and tail": {"long_texts": "head_tail", "max_length": 7},
    "cut": {"max_length": 5},
    "layers": {
        "layers": [0, 1, 2],
        "combine": "attention",
        "combine_before_pooling": True,
        "pooling": "multihead_attention",
    },
    "layerwise": {"layerwise": True},
    "pooler": {"pooling": "pooler"},
}


@pytest.mark.parametrize("options", SETTINGS.values(), ids=SETTINGS)
def test_every_kind_of_model(options, tiny_folder):
    classifier = fitted(tiny_folder, epochs=1, **options)
    found = kb.explain(classifier, TEXT, label="+")
    assert found.probability == pytest.approx(classifier.predict_proba([TEXT])[0, 0], abs=1e-5)
    assert found.error < 2e-3
    read = {word["word"] for word in found.words}
    assert {"cut": read == {"Bad", "cards"}, "head and tail": "Bad" in read and "?" in read}.get(
        next(name for name, setting in SETTINGS.items() if setting is options), len(read) == 12
    )
    if "attention" in str(options.get("pooling")):
        assert sum(word["pooling"] for word in found.words) <= 1 + 1e-6


def test_places_follow_what_is_read(tiny_folder):
    text = "good bad late lost refund please where is my parcel"
    for way in ("truncate", "head_tail", "windows"):
        tokens = kb.data.Tokenizer.from_folder(tiny_folder, max_length=6, long_texts=kb.data.LongTexts(way))
        whole = kb.data.Tokenizer.from_folder(tiny_folder, max_length=40).encode([text]).input_ids[1:-1]
        places, ids = read_places(tokens, len(whole)), tokens.encode([text]).padded()["input_ids"]
        assert places.shape == ids.shape and np.array_equal(whole[places[places >= 0]], ids[places >= 0])
        assert set(ids[places < 0].tolist()) == {2, 3}


def test_the_page_escapes_and_stands_alone(classifier):
    page = kb.explain(classifier, TEXT).to_html()
    assert "&lt;" in page and "<refund>" not in page and "&amp;" in page
    assert "http:" not in page and "https:" not in page and "<script" not in page and page.count("<span") == 24
    assert page.count("<svg") == 1 and page.count("[SEP]</text>") == 2


def test_the_page_shows_the_attention_that_was_chosen(classifier):
    found = kb.explain(classifier, TEXT)
    mean, chosen = found.to_html(), found.to_html(layer=1, attention_head=0)
    assert "block 2, mean of all heads" in mean and "block 1, head 0" in chosen
    assert f"the darkest is {found.attentions[0, 0].max():.2f}" in chosen
    assert picture(mean) != picture(chosen) and chosen.count("[SEP]</text>") == 2


def test_both_labels_are_shown(of_three):
    found = kb.explain(of_three, "bad card", steps=4, draws=1)
    page = found.to_html()
    assert f"<h3>{found.label}</h3>" in page and f"<h3>{found.rival}</h3>" in page
    assert f"Its rival {found.rival} has {found.rival_probability:.4f}" in page and "random words" in page
    assert f"rival {found.rival!r}" in repr(found)


def picture(page):
    return page.split("data:image/png;base64,")[1].split('"')[0]


def test_command(saved, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    output = tmp_path / "out"
    options = ["--output", str(output), "--label", "-", "--layer", "1", "--attention-head", "0", "--format", "json"]
    assert cli.main(["explain", str(saved), TEXT, *options]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((output / "explanation.json").read_text(encoding="utf-8")) and printed["label"] == "-"
    assert (output / "attentions.png").read_bytes().startswith(b"\x89PNG")
    assert "Why -?" in (output / "explanation.html").read_text(encoding="utf-8")
    assert cli.main(["explain", str(saved), "bad card", "good", "--steps", "2", "--draws", "1"]) == 0
    shown = capsys.readouterr()
    assert "attention pooling" in shown.out and "\x1b" not in shown.out and "rival" in shown.out
    assert shown.out.startswith("bad card\n") and "random words" in shown.err and "\ngood\n" in shown.out


def test_command_colours_terminals_alone(saved, capsys, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    arguments = ["explain", str(saved), "bad card", "--steps", "1", "--draws", "0"]
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.startswith("\x1b[")
    monkeypatch.setenv("NO_COLOR", "1")
    assert cli.main(arguments) == 0
    assert capsys.readouterr().out.startswith("bad card\n")


def test_command_as_csv(saved, capsys):
    assert cli.main(["explain", str(saved), "bad card", "good", "--steps", "1", "--draws", "0", "--format", "csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "text,word,share,rival's share,attention pooling"
    assert [line.split(",")[:2] for line in lines[1:]] == [["1", "bad"], ["1", "card"], ["2", "good"]]
    assert cli.main(["explain", str(saved), "bad", "--draws", "0", "--seed", "1"]) == 2
    assert "--seed goes with --draws of at least 1" in " ".join(capsys.readouterr().err.split())


def test_refusals(classifier, tmp_path):
    with pytest.raises(kb.ConfigError, match=r"`label` must be one of '\+', '-'; got 'x'"):
        kb.explain(classifier, TEXT, label="x")
    with pytest.raises(kb.ConfigError, match=r"`rival` must be one of '\+', '-'; got 'x'"):
        kb.explain(classifier, TEXT, rival="x")
    with pytest.raises(kb.ConfigError, match=r"`rival` must be another label than the one explained, '\+'; got '\+'"):
        kb.explain(classifier, TEXT, label="+", rival="+")
    with pytest.raises(kb.ConfigError, match="`draws` must be an integer >= 0; got -1"):
        kb.explain(classifier, TEXT, draws=-1)
    with pytest.raises(kb.ConfigError, match="`head` must be one of 'probabilities'"):
        kb.explain(classifier, TEXT, head="x")
    with pytest.raises(kb.DataError, match="`text` must have at least one word; got ' '"):
        kb.explain(classifier, " ")
    with pytest.raises(TypeError, match=r"`text` must be one text; got \['a'\]"):
        kb.explain(classifier, ["a"])
    found = kb.explain(classifier, "bad")
    with pytest.raises(kb.ConfigError, match="`layer` must be an integer from -2 to 2"):
        found.save_attentions(tmp_path / "a.png", layer=3)
    with pytest.raises(kb.ConfigError, match="`attention_head` must be an integer from 0 to 1"):
        found.save_attentions(tmp_path / "a.png", attention_head=2)
    with pytest.raises(kb.ConfigError, match="`layer` must be a block from 1 to 2, or negative from the end; got 0"):
        found.to_html(layer=0)
