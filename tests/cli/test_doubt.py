"""`kerasbert doubt`, and what is refused."""

import json

import pytest
from held_out import other_texts

import kerasbert as kb
from kerasbert import cli


@pytest.fixture(scope="module")
def files(saved_classifier, tmp_path_factory):
    """Labelled texts that the classifier gets right, some of every label, and texts of none."""
    folder = tmp_path_factory.mktemp("doubt")
    classifier = kb.load(saved_classifier("multiclass"))
    texts = [*other_texts(100, seed=8), *(f"card {number}" for number in range(50))]
    rows = [{"text": text, "label": label} for text, label in zip(texts, classifier.predict(texts), strict=True)]
    known = [*rows, *({"text": name, "label": name} for name in classifier.classes_)]
    for name, some in {"valid": rows, "known": known, "out": rows[:12]}.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in some))
    return folder


def run(*arguments):
    return cli.main(["doubt", *map(str, arguments)])


def said(capsys):
    return " ".join(capsys.readouterr().err.split())


def test_it_fits_an_out_of_scope_score_and_an_abstention(saved_classifier, files, capsys):
    given = [saved_classifier("multiclass"), files / "valid.jsonl", "--output", files / "doubting"]
    fitted = ["--reference", files / "known.jsonl", "--out-of-scope", files / "out.jsonl", "--keep", "0.9"]
    assert run(*given, *fitted, "--precision", "0.9") == 0
    assert "OutOfScope(threshold=" in (told := said(capsys)) and "precision >= 0.9 with 95% confidence" in told
    trained = kb.load(files / "doubting").trained_
    assert (trained.out_of_scope.keep, trained.out_of_scope.num_examples) == (0.9, 12)
    assert trained.predict(["good card"], reject=True, abstain=True).shape == (1,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give --reference, --precision or both"),
        (["--precision", "0.9", "--keep", "0.9"], "--keep goes with --reference"),
    ],
)
def test_what_cannot_be_followed_is_refused(options, message, saved_classifier, files, capsys):
    given = [saved_classifier("multiclass"), files / "valid.jsonl", "--output", files / "refused"]
    assert run(*given, *options) == 2 and message in said(capsys)
    assert not (files / "refused").exists()


def test_a_share_outside_of_0_and_1_is_refused(saved_classifier, files, capsys):
    given = [saved_classifier("multiclass"), files / "valid.jsonl", "--output", files / "refused"]
    assert run(*given, "--reference", files / "known.jsonl", "--keep", "1") == 1
    assert "`keep` must be a number in (0, 1); got 1" in said(capsys)
