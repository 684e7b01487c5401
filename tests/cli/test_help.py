"""Help at 80 columns: every name, default and example is whole, and nothing is taken for markup."""

import re

import pytest
import typer

from kerasbert import cli
from kerasbert.cli.options import app

GROUP = typer.main.get_command(app)
COMMANDS = {name: [name] for name in GROUP.commands if name != "subclasses"} | {
    f"subclasses {name}": ["subclasses", name] for name in GROUP.commands["subclasses"].commands
}


def command_of(names):
    found = GROUP
    for name in names:
        found = found.commands[name]
    return found


@pytest.fixture
def help_of(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")

    def text(*names):
        assert cli.main([*names, "--help"]) == 0
        return capsys.readouterr().out

    return text


def flat(text):
    """The words of a panel, in one line."""
    return " ".join(re.sub("[│╭╮╰╯─]", " ", text).split())


@pytest.mark.parametrize("names", COMMANDS.values(), ids=COMMANDS)
def test_every_name_is_whole_and_every_command_has_an_example(names, help_of):
    text, command = help_of(*names), command_of(names)
    assert max(map(len, text.splitlines())) <= 80
    for parameter in command.params:
        for flag in (*parameter.opts, *parameter.secondary_opts):
            assert not flag.startswith("--") or re.search(rf"{flag}\b(?!-)", text), flag
    assert "Example" in text and f"kerasbert {' '.join(names)}" in flat(text)


@pytest.mark.parametrize("names", COMMANDS.values(), ids=COMMANDS)
def test_defaults_are_shown(names, help_of):
    text = flat(help_of(*names)).replace(" ", "")
    for parameter in command_of(names).params:
        told = re.findall(r"\[default: .*?\]", parameter.help or "")
        if (
            isinstance(parameter.default, int | float | str)
            and parameter.default is not False
            and not parameter.required
        ):
            told.append(f"[default: {getattr(parameter.default, 'value', parameter.default)}]".replace("True", "yes"))
        assert all(one.replace(" ", "") in text for one in told), parameter.name


def test_notes_in_brackets_are_no_markup(help_of):
    text = flat(help_of("explain"))
    assert "Label to explain. [default: the most probable one]" in text
    assert "Its head, from 0. [default: the mean of all]" in text
    assert "[table|json|csv]" not in text and "--format table|json|csv" in text


def test_commands_are_told_with_their_first_sentence(help_of):
    text = flat(help_of())
    assert all(name in text for name in GROUP.commands) and "Train a classifier on labelled texts" in text
    assert "Usage: " in text and "Example kerasbert train" in text


def test_no_arguments_are_answered_with_help(capsys):
    assert cli.main([]) == 2
    assert "Commands" in capsys.readouterr().err


def test_the_version_is_told_with_those_of_tensorflow_and_keras(capsys):
    assert cli.main(["--version"]) == 0
    assert re.fullmatch(r"kerasbert \d\S* \(tensorflow 2\S*, keras 3\S*, Python 3\S*\)\n", capsys.readouterr().out)
