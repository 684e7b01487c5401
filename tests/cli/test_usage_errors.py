"""Wrong usage is answered with what is accepted, and the near miss, before anything is read."""

import re

import pytest

from kerasbert import cli

NEAR_MISSES = {
    "command": ("trian", "No such command 'trian'. Did you mean 'train'?"),
    "option": ("train d --epoch 3", "No such option: --epoch. Did you mean '--epochs'?"),
    "task": ("train d --output o --task multiclas", "--task must be one of binary, multiclass, .* Did you mean 'multiclass'"),
    "precision": ("train d --output o --precision float23", "--precision must be one of float32, .* Did you mean 'float32'"),
    "pooling": ("train d --output o --pooling maen", "--pooling must be one of attention, .* got 'maen'. Did you mean 'mean'"),
    "freeze": ("train d --output o --task binary --freeze encode", "--freeze must be one of .* Did you mean 'encoder'"),
    "rows": ("evaluate m d --on-error stopp", "--on-error must be one of skip, stop; got 'stopp'. Did you mean 'stop'"),
    "format": ("evaluate m d --format tabel", "--format must be one of table, json, csv; got 'tabel'. Did you mean 'table'"),
    "artefact": ("export m --format tfllite", "--format must be one of .* got 'tfllite'. Did you mean 'tflite'"),
    "poolings": ("probe m d --poolings mean,clss", "--poolings must be one of cls, .* got 'clss'. Did you mean 'cls'"),
    "method": ("subclasses discover m d --output o --method kmean", "--method must be one of .* Did you mean 'kmeans'"),
}  # fmt: skip


@pytest.mark.parametrize(("line", "words"), NEAR_MISSES.values(), ids=NEAR_MISSES)
def test_a_near_miss_is_told(line, words, capsys):
    assert cli.main(line.split()) == 2
    assert re.search(words, " ".join(capsys.readouterr().err.split()))


@pytest.mark.parametrize("option", ["--epochs", "--dropout"])
def test_a_value_of_another_type(option, capsys):
    assert cli.main(["train", "d", "--output", "o", option, "three"]) == 2
    assert f"Invalid value for '{option}'" in " ".join(capsys.readouterr().err.split())


def test_the_usage_stands_above(capsys):
    assert cli.main(["evaluate", "m", "d", "--xyz"]) == 2
    usage, hint, _, error = capsys.readouterr().err.splitlines()
    assert usage.endswith("evaluate [OPTIONS] DIR DATA") and hint.endswith("evaluate --help' for help.")
    assert error == "Error: No such option: --xyz."


def test_a_missing_argument(capsys):
    assert cli.main(["evaluate"]) == 2
    assert "Error: Missing argument 'DIR'" in capsys.readouterr().err
