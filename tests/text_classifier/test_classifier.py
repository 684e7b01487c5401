import dataclasses
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

import kerasbert as kb

TEXTS = ["good card", "bad parcel", "thanks", "lost parcel ?"] * 6
LABELS = {
    "binary": ["no", "yes"] * 12,
    "multiclass": ["x", "y", "z", "y"] * 6,
    "multilabel": [["x"], ["x", "y"], [], ["y"]] * 6,
    "multitask": {"topic": ["x", "y", "z", "y"] * 6, "flags": [["a"], [], ["b"], ["a", "b"]] * 6},
}
HEADS = {"multitask": {"topic": "multiclass", "flags": "multilabel"}}
every_task = pytest.mark.parametrize("task", LABELS)


@pytest.fixture(scope="module")
def fitted(tiny_folder):
    def fit(task):
        classifier = kb.TextClassifier(
            task, heads=HEADS.get(task), encoder=tiny_folder, epochs=1, batch_size=8, verbose=False
        )
        return classifier.fit(TEXTS, LABELS[task])

    return {task: fit(task) for task in LABELS}


def flat(value):
    return np.concatenate([np.asarray(part) for part in value.values()], axis=1) if isinstance(value, dict) else value


@every_task
def test_saved_and_loaded_it_answers_the_same(task, fitted, tmp_path):
    fitted[task].save(tmp_path / "model")
    again = kb.load(tmp_path / "model")
    assert np.allclose(flat(again.predict_proba(TEXTS[:4])), flat(fitted[task].predict_proba(TEXTS[:4])), atol=1e-6)
    assert str(again.predict(TEXTS[:4])) == str(fitted[task].predict(TEXTS[:4]))
    assert again.get_params()["task"] == task


@every_task
def test_no_text_gives_no_rows(task, fitted):
    assert flat(fitted[task].predict_proba([])).shape[0] == 0


@every_task
def test_a_text_does_not_depend_on_its_neighbours(task, fitted):
    alone = flat(fitted[task].predict_proba([TEXTS[0]]))
    together = flat(fitted[task].predict_proba([TEXTS[0], "lost lost lost lost lost lost parcel parcel parcel"]))[:1]
    assert np.allclose(alone, together, atol=1e-5)


def test_predictions_come_in_the_order_of_the_texts(fitted):
    texts = ["lost parcel please please please", "good", "bad card thanks"]
    together = fitted["multiclass"].predict_proba(texts)
    assert np.allclose(
        together, np.concatenate([fitted["multiclass"].predict_proba([text]) for text in texts]), atol=1e-5
    )


def test_binary_columns_follow_the_classes(fitted):
    probabilities = fitted["binary"].predict_proba(TEXTS[:3])
    assert fitted["binary"].classes_.tolist() == ["no", "yes"]
    assert np.allclose(probabilities.sum(axis=1), 1)


def test_thresholds_decide(fitted):
    trained = dataclasses.replace(fitted["multilabel"].trained_, thresholds={"probabilities": np.array([0.0, 1.0])})
    assert trained.predict(TEXTS[:2]) == [["x"], ["x"]]


def test_evaluate_equals_scikit_learn(fitted):
    from sklearn.metrics import accuracy_score

    predicted = fitted["multiclass"].predict(TEXTS)
    assert fitted["multiclass"].evaluate(TEXTS, LABELS["multiclass"])["accuracy"] == accuracy_score(
        LABELS["multiclass"], predicted
    )


def test_special_tokens_in_a_text_stay_text(fitted):
    arrays = fitted["binary"].tokenizer_.encode(["good [SEP] bad"])
    assert (arrays.input_ids == 3).sum() == 1


def test_text_pairs(tiny_folder):
    classifier = kb.TextClassifier("binary", encoder=tiny_folder, epochs=1, verbose=False)
    classifier.fit(TEXTS, LABELS["binary"], text_pairs=TEXTS[::-1])
    assert classifier.predict_proba(TEXTS[:3], TEXTS[:3]).shape == (3, 2)


def test_loading_imports_neither_transformers_nor_torch(fitted, tmp_path):
    fitted["multilabel"].save(tmp_path / "model")
    code = (
        f"import sys, kerasbert; kerasbert.load({str(tmp_path / 'model')!r}).predict(['good']); "
        "sys.exit(int(any(name in sys.modules for name in ('transformers', 'torch'))))"
    )
    assert subprocess.run([sys.executable, "-c", code], env={"HF_HUB_OFFLINE": "1", "PATH": ""}).returncode == 0


@pytest.mark.parametrize("name", ["model.safetensors", "classifier.json", "vocab.txt", "manifest.json"])
def test_a_flipped_bit_is_refused(name, fitted, tmp_path):
    fitted["multiclass"].save(tmp_path / "model")
    content = bytearray((tmp_path / "model" / name).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "model" / name).write_bytes(content)
    with pytest.raises(kb.ArtifactError, match="changed or cut|manifest|lacks|outside"):
        kb.load(tmp_path / "model")


def test_saving_needs_training():
    with pytest.raises(kb.ConfigError, match="not trained yet; call `fit` first"):
        kb.TextClassifier().save("model")


def test_heads_go_with_multitask():
    with pytest.raises(kb.ConfigError, match="`heads` must be a dict of head name -> task for a multi-task classifier"):
        kb.TextClassifier("binary", heads={"a": "binary"}).fit(["a"], ["b"])


def test_one_text_is_no_list(fitted):
    with pytest.raises(TypeError, match=r"`texts` must be a list of texts; got one text 'good'"):
        fitted["binary"].predict("good")


def test_labels_are_as_many_as_texts(tiny_folder):
    with pytest.raises(kb.DataError, match="24.*23|23.*24"):
        kb.TextClassifier("binary", encoder=tiny_folder, verbose=False).fit(TEXTS, LABELS["binary"][:-1])


def test_parameters_follow_scikit_learn():
    classifier = kb.TextClassifier(epochs=2).set_params(pooling="max")
    assert classifier.get_params()["pooling"] == "max" and classifier.get_params()["epochs"] == 2
    with pytest.raises(kb.ConfigError, match=r"`parameter` must be one of .*Did you mean 'pooling'\?"):
        classifier.set_params(poling="max")


LONG_TEXT = "good bad late lost refund please where is my parcel " * 10


def without_length(encoder, **options):
    return kb.TextClassifier(encoder=encoder, epochs=1, batch_size=8, verbose=False, **options)


def answers_as_saved(classifier, folder):
    classifier.save(folder)
    again = kb.load(folder)
    assert again.tokenizer_.max_length == again.model_.max_length == classifier.tokenizer_.max_length
    assert np.allclose(again.predict_proba([LONG_TEXT]), classifier.predict_proba([LONG_TEXT]), atol=1e-6)


def test_the_default_length_is_at_most_the_positions_of_the_encoder(tiny_folder, tiny_config, tmp_path):
    classifier = without_length(tiny_folder).fit([*TEXTS, LONG_TEXT], [*LABELS["multiclass"], "x"])
    positions = tiny_config.max_position_embeddings
    assert classifier.tokenizer_.max_length == classifier.model_.max_length == positions < 128
    answers_as_saved(classifier, tmp_path / "model")


def test_the_model_reads_what_the_tokenizer_gives(tiny_folder, tmp_path):
    encoder = shutil.copytree(tiny_folder, tmp_path / "encoder")
    settings = json.loads((encoder / "tokenizer_config.json").read_text())
    (encoder / "tokenizer_config.json").write_text(json.dumps({**settings, "model_max_length": 8}))
    classifier = without_length(encoder).fit(TEXTS, LABELS["multiclass"])
    assert classifier.tokenizer_.max_length == classifier.model_.max_length == 8
    answers_as_saved(classifier, tmp_path / "model")


def test_a_learning_rate_is_found_for_texts_over_the_positions(tiny_folder):
    without_length(tiny_folder).find_learning_rate([*TEXTS, LONG_TEXT], [*LABELS["multiclass"], "x"], steps=10)
