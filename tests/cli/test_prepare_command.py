"""`kerasbert prepare`, and `kerasbert train` from data of any size."""

import gzip
import json

import pytest

from kerasbert import cli
from kerasbert.data import Tokenizer

pytestmark = pytest.mark.filterwarnings("ignore:.*are training texts too")
TEXTS = ("good card", "bad parcel please", "thanks", "lost parcel ?")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    rows = [
        {"text": f"{TEXTS[n % 4]} {'my ' * (n % 9)}", "label": "xyzy"[n % 4], "labels": ["ab"[n % 2]]}
        for n in range(120)
    ]
    for part in range(2):
        lines = "".join(json.dumps(row) + "\n" for row in rows[part * 60 : part * 60 + 60])
        (folder / f"{part}.jsonl").write_text(lines)
    (folder / "all.jsonl.gz").write_bytes(gzip.compress("".join(json.dumps(row) + "\n" for row in rows).encode()))
    return folder


def run(*arguments):
    return cli.main([*map(str, arguments), "--quiet"])


def train(data, output, encoder, *options):
    return run("train", *data, "--output", output, "--encoder", encoder, "--epochs", "1", *options)


def test_tokens_are_prepared_used_again_and_trained_from(folder, tiny_folder, tmp_path, capsys):
    tokens = ("--task", "multilabel", "--output", tmp_path / "tokens", "--encoder", tiny_folder, "--prompt", "my ")
    assert run("prepare", folder / "*.jsonl", *tokens) == 0
    assert "Tokens prepared in" in capsys.readouterr().err
    assert run("prepare", folder / "*.jsonl", *tokens) == 0
    assert "Nothing changed: the tokens in" in capsys.readouterr().err
    options = (
        "--task",
        "multilabel",
        "--sampling",
        "sqrt",
        "--balance",
        "sqrt",
        "--augment",
        "mask=0.1,drop=0.1,swap=0.1",
    )
    assert train([tmp_path / "tokens"], tmp_path / "model", tiny_folder, *options) == 1
    assert "was made with another `prompt` ('my ' instead of '')" in capsys.readouterr().err
    options = (*options, "--prompt", "my ")
    assert train([tmp_path / "tokens"], tmp_path / "model", tiny_folder, *options) == 0
    capsys.readouterr()
    assert cli.main(["predict", str(tmp_path / "model"), "good card", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert Tokenizer.from_folder(tmp_path / "model").prompt == "my "
    assert '\nprompt = "my "\n' in (tmp_path / "model" / "settings.toml").read_text()
    assert run("inspect", tmp_path / "model") in (0, 2)


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (["*.jsonl"], ()),
        (["0.jsonl", "1.jsonl"], ("--max-steps", "2")),
        (["all.jsonl.gz"], ()),
        (["0.jsonl"], ("--stream",)),
    ],
    ids=["pattern", "files", "gzip", "asked"],
)
def test_patterns_files_and_packed_files_are_streamed(data, options, folder, tiny_folder, tmp_path, capsys):
    paths = [folder / name for name in data]
    (tmp_path / "late.jsonl").write_text((folder / "1.jsonl").read_text().replace('{"text": "', '{"text": "late '))
    validation = ("--validation", tmp_path / "late.jsonl")
    assert train(paths, tmp_path / "model", tiny_folder, "--task", "multiclass", *validation, *options) == 0
    assert "Tokens prepared in" in capsys.readouterr().err
    assert (tmp_path / "model.tokens" / "cache.json").is_file()
    # The second time without any work on texts, and after a change anew.
    assert train(paths, tmp_path / "model", tiny_folder, "--task", "multiclass", *options, "--overwrite") == 0
    assert "Nothing changed" in capsys.readouterr().err
    assert (
        train(
            paths,
            tmp_path / "model",
            tiny_folder,
            *("--task", "multiclass", "--max-length", "9"),
            *options,
            "--overwrite",
        )
        == 0
    )
    assert "again, because the data or its reading changed" in capsys.readouterr().err


def test_training_ends_after_max_steps_at_the_rate_zero(folder, tiny_folder, tmp_path):
    from kerasbert import TextClassifier
    from kerasbert.data import prepare_tokens

    cache = prepare_tokens(folder / "0.jsonl", tmp_path / "tokens", task="multiclass", encoder=tiny_folder)
    classifier = TextClassifier("multiclass", encoder=tiny_folder, verbose=False)
    classifier.set_params(token_budget=40, max_steps=31).fit(cache)
    optimizer = classifier.model_.optimizer
    assert int(optimizer.iterations) == 31
    assert float(optimizer.learning_rate) == pytest.approx(0.0, abs=1e-6)


def test_find_rate_prints_a_rate_and_draws(folder, tiny_folder, tmp_path, capsys):
    options = ["--task", "multilabel", "--encoder", tiny_folder, "--steps", "30", "--picture", tmp_path / "rates.png"]
    assert cli.main(list(map(str, ["find-learning-rate", folder / "0.jsonl", *options]))) == 0
    written = capsys.readouterr()
    assert 1e-7 < float(written.out) <= 1e-2
    assert "The loss falls fastest at a rate of" in written.err
    assert (tmp_path / "rates.png").stat().st_size > 5000


WRONG = {
    "task": (["--task", "binary"], "The token cache was made for"),
    "length": (["--task", "multiclass", "--max-length", "9"], "was made with another `max_length`"),
    "budget": (["--task", "multiclass", "--token-budget", "3"], "`token_budget` must be an integer >="),
    "hierarchical": (["--task", "hierarchical"], "this classifier is for"),
    "several classes": (["--task", "hierarchical", "--level-task", "multilabel"], "reads its data into memory"),
    "augment": (["--task", "multiclass", "--augment", "mask"], "must be such as mask=0.1"),
    "rate": (["--task", "multiclass", "--augment", "masks=0.1"], "must have keys among drop, mask, swap"),
}


@pytest.mark.parametrize(("options", "words"), WRONG.values(), ids=WRONG)
def test_what_does_not_fit_the_tokens_is_told(options, words, folder, tiny_folder, tmp_path, capsys):
    tokens = ("--task", "multiclass", "--output", tmp_path / "tokens", "--encoder", tiny_folder)
    assert run("prepare", folder / "0.jsonl", *tokens) == 0
    capsys.readouterr()
    assert train([tmp_path / "tokens"], tmp_path / "model", tiny_folder, *options) != 0
    assert words in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_bad_rows_are_told_or_left_out(folder, tiny_folder, tmp_path, capsys):
    path = tmp_path / "bad.csv"
    path.write_text("text,label\ngood card,x\nragged\nbad parcel,y\n")
    options = ("--task", "multiclass", "--stream")
    assert train([path], tmp_path / "model", tiny_folder, *options) == 1
    assert "bad.csv, line 3: has 1 cells where the header has 2" in capsys.readouterr().err
    assert train([path], tmp_path / "model", tiny_folder, *options, "--on-error", "skip") == 0
    assert "1 rows were left out, all in bad_rows.txt" in capsys.readouterr().err
    assert run("prepare", path, "--task", "multiclass", "--output", tmp_path / "t", "--on-error", "ignore") == 2
    assert "--on-error must be one of skip, stop; got 'ignore'" in capsys.readouterr().err


def test_a_label_that_only_validation_has_is_told(folder, tiny_folder, tmp_path, capsys):
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"text": "good", "label": "zz"}) + "\n")
    options = ("--task", "multiclass", "--validation", other)
    assert train([folder / "*.jsonl"], tmp_path / "model", tiny_folder, *options) == 1
    assert "other.jsonl, line 1: the label 'zz' is unknown; the labels are 'x', 'y', 'z'" in capsys.readouterr().err


@pytest.mark.filterwarnings("always:no validation text has the label")
def test_a_label_that_validation_lacks_is_told(folder, tiny_folder, tmp_path, capsys):
    other = tmp_path / "other.jsonl"
    other.write_text(json.dumps({"text": "good", "label": "x"}) + "\n")
    options = ("--task", "multiclass", "--validation", other)
    assert train([folder / "*.jsonl"], tmp_path / "model", tiny_folder, *options) == 0
    assert "no validation text has the label ['y', 'z']" in capsys.readouterr().err
