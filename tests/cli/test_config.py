"""`kerasbert train --config`: the settings of a saved folder train again, and options go before them."""

import json

import pytest

from kerasbert import cli, load

TEXTS = ["good card", "bad parcel please", "thanks", "lost parcel ?"]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    file = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    lines = [{"body": TEXTS[n % 4], "topic": "xyzx"[n % 4], "flag": n % 2} for n in range(24)]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def train(rows, output, *options):
    return cli.main(list(map(str, ["train", rows, "--output", output, "--quiet", *options])))


SAID = {
    "multiclass": (
        *("--task", "multiclass", "--text-column", "body", "--label-column", "topic", "--label-names", "z,y,x"),
        *("--hidden-units", "4", "--hidden-activation", "tanh", "--epochs", "1", "--ema", "0.9", "--freeze", "1"),
        *("--global-clipnorm", "none", "--layers=-2,-1", "--combine", "mean"),
    ),
    "multitask": (
        *("--task", "multitask", "--text-column", "body", "--head", "a=topic:multiclass", "--head", "b=flag:binary"),
        *("--epochs", "1", "--weight-decay", "0.1"),
    ),
}


@pytest.fixture(scope="module", params=SAID)
def saved(request, rows, tiny_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("saved") / "model"
    assert train(rows, folder, "--encoder", tiny_folder, *SAID[request.param]) == 0
    return folder


def test_a_saved_folder_trains_again(saved, rows, tmp_path):
    assert train(rows, tmp_path / "again", "--config", saved / "settings.toml") == 0
    first, again = load(saved), load(tmp_path / "again")
    assert again.get_params() == first.get_params()
    assert again.metrics_["reading"] == first.metrics_["reading"]
    assert (tmp_path / "again" / "settings.toml").read_bytes() == (saved / "settings.toml").read_bytes()


def test_options_go_before_the_file(saved, rows, tmp_path):
    options = ("--config", saved / "settings.toml", "--epochs", "2", "--batch-size", "8", "--no-layerwise")
    assert train(rows, tmp_path / "again", *options) == 0
    changed = load(tmp_path / "again").get_params()
    assert {name for name, value in load(saved).get_params().items() if changed[name] != value} == {
        "epochs",
        "batch_size",
    }


WRONG = {
    "no task": ("epochs = 1", 2, "Missing option '--task'"),
    "task of no name": ("task = 'multi'", 1, "Did you mean 'multitask'"),
    "unknown": ("task = 'binary'\nepoch = 3", 1, "which is no option. Did you mean 'epochs'?"),
    "type": ("task = 'binary'\nseed = 1.5", 1, "`seed` must be an integer; got 1.5"),
    "head": ("task = 'multitask'", 2, "--head NAME=COLUMN:TASK goes with --task multitask"),
}


@pytest.mark.parametrize(("text", "code", "words"), WRONG.values(), ids=WRONG)
def test_what_is_no_config(text, code, words, rows, tmp_path, capsys):
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    assert train(rows, tmp_path / "never", "--config", tmp_path / "settings.toml") == code
    assert words in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "never").exists()


def test_a_config_that_is_not_there(rows, tmp_path, capsys):
    assert train(rows, tmp_path / "never", "--config", tmp_path / "no.toml") == 1
    assert "no.toml" in capsys.readouterr().err
