"""An option is declared once, as a field, and stands in every door: Python, the command, its help, the settings file.

Nothing is listed here by hand: a new field is tested by being there.
"""

import dataclasses
import inspect
import typing
from collections.abc import Mapping, Sequence

import pytest
import typer

import kerasbert as kb
from kerasbert._core.options import alternatives, explains_options, options_of, takes_options
from kerasbert.classifiers.settings import ModelSettings
from kerasbert.cli.command_options import command_options, draws_options, help_of, value_of
from kerasbert.cli.options import app
from kerasbert.reading.read_options import READ_OPTIONS, ReadOptions
from kerasbert.saving.settings_file import read_settings, settings_text
from kerasbert.tasks.settings import TaskSettings
from kerasbert.text_classifier.settings import Settings
from kerasbert.training.settings import BatchSettings, MonitoringSettings, RunSettings, TrainingSettings
from kerasbert.uncertainty.settings import CalibrationSettings

OF_CLASSIFIER = (
    TaskSettings,
    ModelSettings,
    BatchSettings,
    TrainingSettings,
    CalibrationSettings,
    MonitoringSettings,
)
CLASSIFIER = options_of(*OF_CLASSIFIER)
FINETUNE = options_of(TrainingSettings, RunSettings)
COMMAND = command_options(*OF_CLASSIFIER, RunSettings)
# Arguments of builders that are not a classifier's.
OF_BUILDERS = {
    "activation": "a text classifier gives probabilities",
    "compile": "`fit` compiles",
    "name": "nothing of a text classifier shows it",
    "preprocessing": "a text classifier takes texts",
    "from_model": "a model; `add_subclasses` starts from one",
}
BUILDERS = (kb.build_binary, kb.build_multiclass, kb.build_multilabel, kb.build_multitask, kb.build_hierarchical, kb.build_layerwise)  # fmt: skip


def parameters_of_train():
    return {one.name: one for one in typer.main.get_command(app).commands["train"].params}


def help_text_of(function):
    return " ".join(inspect.getdoc(function).split())


@pytest.mark.parametrize("name", CLASSIFIER)
def test_text_classifier_takes_it(name):
    option = CLASSIFIER[name]
    assert inspect.signature(kb.TextClassifier).parameters[name].default == option.default
    assert kb.TextClassifier().get_params()[name] == option.default
    assert option.text and f"{name}: {option.text}" in help_text_of(kb.TextClassifier)


@pytest.mark.parametrize("name", FINETUNE)
def test_finetune_takes_it(name):
    option, parameter = FINETUNE[name], inspect.signature(kb.finetune).parameters[name]
    assert (parameter.default, parameter.annotation) == (option.default, option.type)
    assert option.text and f"{name}: {option.text}" in help_text_of(kb.finetune)


@pytest.mark.parametrize("name", COMMAND)
def test_the_command_has_it_with_the_same_default(name):
    option, parameter = COMMAND[name], parameters_of_train()[name]
    assert parameter.help.startswith(help_of(option)[:-1]) and parameter.rich_help_panel
    if parameter.default is None and option.default is not None and not option.metadata.get("required"):
        # Its text is read by the command itself, which takes the default of the field where there is none.
        assert str(parameter.show_default or ()).strip("()") in str(option.default)
    elif not option.metadata.get("required"):
        assert parameter.default == option.default


def test_the_command_has_no_option_of_a_training_beside():
    own = {"data", "output", "validation", "config", "deterministic", "overwrite", "quiet"}
    data = {"text_column", "text_pair_column", "label_column", "label_delimiter", "head", "on_error", *READ_OPTIONS}
    assert set(parameters_of_train()) - {"help"} == set(COMMAND) | own | data | {"stream", "cache"}


READING = ("train", "calibrate", "prepare", "evaluate", "predict", "score", "find-learning-rate", "layers", "probe", "inspect", "subclasses discover")  # fmt: skip


@pytest.mark.parametrize("name", READING)
def test_every_command_that_opens_data_reads_it_alike(name):
    command = typer.main.get_command(app)
    for part in name.split():
        command = command.commands[part]
    defaults = {one.name: one.default for one in command.params}
    assert {option: defaults[option] for option in READ_OPTIONS} == {
        option: getattr(ReadOptions(), option) for option in READ_OPTIONS
    }


@pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)
def test_every_option_of_a_builder_is_a_field(build):
    fields = {**CLASSIFIER, **dict.fromkeys(OF_BUILDERS)}
    parameters = inspect.signature(build).parameters.values()
    assert not [one.name for one in parameters if one.kind is one.KEYWORD_ONLY and one.name not in fields]


OTHER = {bool: True, int: 3, float: 0.25, str: "other"}


def another(accepted):
    """A value of a type that is no default."""
    kind = alternatives(accepted)[0]
    inner = typing.get_args(kind)
    if typing.get_origin(kind) is Sequence:
        return [another(inner[0])] * 2
    return {"a": another(inner[1])} if typing.get_origin(kind) is Mapping else OTHER.get(kind, "other")


@pytest.mark.parametrize("name", CLASSIFIER)
def test_a_settings_file_brings_it_back(name, tmp_path):
    value = another(CLASSIFIER[name].type)
    (tmp_path / "settings.toml").write_text(settings_text({name: value}, {}), encoding="utf-8")
    assert read_settings(tmp_path / "settings.toml", CLASSIFIER) == {name: value}


def test_none_is_written_where_it_is_not_the_default(tmp_path):
    settings = kb.TextClassifier(global_clipnorm=None).get_params()
    (tmp_path / "settings.toml").write_text(settings_text(settings, {}), encoding="utf-8")
    read = read_settings(tmp_path / "settings.toml", CLASSIFIER)
    assert read["global_clipnorm"] is None and "epochs" not in read
    assert (
        value_of(CLASSIFIER["global_clipnorm"], "none") is None and value_of(CLASSIFIER["global_clipnorm"], "2") == 2.0
    )


WRITTEN = {
    "layers": ("-2,-1", [-2, -1]),
    "hidden_units": ("8", [8]),
    "freeze": ("2", 2),
    "augment": ("mask=0.1, drop=0.2", {"mask": 0.1, "drop": 0.2}),
    "label_names": ("ham,spam", ["ham", "spam"]),
    "level_weights": ("1,0.5", [1.0, 0.5]),
}


@pytest.mark.parametrize(("name", "case"), WRITTEN.items(), ids=WRITTEN)
def test_texts_of_the_command_line_are_read(name, case):
    assert value_of(CLASSIFIER[name], case[0]) == case[1]
    assert value_of(CLASSIFIER["freeze"], "encoder") == "encoder"


def test_one_more_field_stands_in_every_door():
    @dataclasses.dataclass(kw_only=True)
    class More(TrainingSettings):
        """One more.

        Args:
            novelty: share of what is new; the rest is old. None: all.
        """

        novelty: float | None = None

    @takes_options(More, RunSettings)
    def train(model, settings=None, **options):
        """Train.

        Args:
            model: a model.
            **options: those of `More`.
        """
        return options

    @explains_options
    @dataclasses.dataclass(kw_only=True, eq=False, repr=False)
    class MoreClassifier(More, Settings):
        """A classifier.

        Args:
            **options: those of `More`.
        """

    command_app = typer.Typer()

    @command_app.command()
    @draws_options({"Training": More})
    def command(output: str, **options: typing.Any) -> None:
        """Train."""

    assert train(1, novelty=0.5) == {"novelty": 0.5} and "novelty: share of what is new" in train.__doc__
    with pytest.raises(TypeError, match="no argument 'novelti'.*Did you mean 'novelty'"):
        train(1, novelti=0.5)
    assert MoreClassifier("binary", novelty=0.5).get_params()["novelty"] == 0.5
    assert "novelty: share of what is new" in MoreClassifier.__doc__
    [option] = [one for one in typer.main.get_command(command_app).params if one.name == "novelty"]
    assert (option.opts, option.default, option.show_default) == (["--novelty"], None, "all")
    assert option.help == "Share of what is new."


def test_settings_are_the_base_of_options(toy):
    assert toy(settings=TrainingSettings(epochs=2)) == 2
    assert toy(settings=TrainingSettings(epochs=2), epochs=1) == 1
    with pytest.raises(TypeError, match="`settings` must be kerasbert.training.TrainingSettings"):
        toy(settings={"epochs": 2})


@pytest.fixture
def toy(tiny_config):
    """`finetune` of a toy model; returns the number of epochs that were trained."""
    from kerasbert.tokenization.token_arrays import TokenArrays

    def train(**options):
        model = kb.build_multiclass(3, encoder=dataclasses.replace(tiny_config, num_hidden_layers=1))
        batches = kb.data.make_batches(TokenArrays.from_lists([[2, 5, 3], [2, 6, 3], [2, 7, 3]]), [0, 1, 2])
        return len(kb.finetune(model, batches, verbose=False, **options).history["loss"])

    return train


FILES = {
    "no TOML": ("epochs =", "is no TOML file"),
    "near miss": ("epoch = 3", "sets 'epoch', which is no option. Did you mean 'epochs'"),
    "type": ("epochs = 'three'", "`epochs` must be an integer; got 'three'"),
    "list": ("layers = ['last']", "`layers` must be an integer or a list"),
    "twice": ("epochs = 1\nepochs = 2", "is no TOML file"),
}


@pytest.mark.parametrize(("text", "message"), FILES.values(), ids=FILES)
def test_what_is_no_settings_file(text, message, tmp_path):
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    with pytest.raises(kb.ConfigError, match=message):
        read_settings(tmp_path / "settings.toml", CLASSIFIER)
