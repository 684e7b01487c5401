import pytest

from kerasbert import Binary, ConfigError, Multiclass, Multilabel
from kerasbert.tasks.table import check_heads, describe_heads, describe_task, task_class, task_from


def test_an_unknown_task_is_told_with_the_known_ones():
    message = "`task` must be one of 'binary', 'multiclass', 'multilabel'; got 'multilable'.*Did you mean"
    with pytest.raises(ConfigError, match=message):
        task_class("multilable")


@pytest.mark.parametrize("task", [Binary(["n", "p"]), Multiclass(3), Multilabel(["x"])], ids=lambda task: task.name)
def test_a_description_makes_the_task_again(task):
    assert task_from(describe_task(task)) == task


def test_heads_are_tasks_or_their_names():
    heads = {"topic": "multiclass", "flags": Multilabel(["a"])}
    assert check_heads(heads) == {"topic": Multiclass, "flags": Multilabel(["a"])}
    assert check_heads(describe_heads(heads)) == check_heads(heads)


@pytest.mark.parametrize(
    ("heads", "error", "message"),
    [
        (["topic"], TypeError, "`heads` must be a dict of head name -> task"),
        ({}, TypeError, "`heads` must be a dict"),
        ({"topic": 3}, TypeError, r"`heads\['topic'\]` must be Binary\(...\).* or the name of a task; got 3"),
        ({"topic": "multilable"}, ConfigError, r"`heads\['topic'\]` must be one of .* Did you mean 'multilabel'"),
    ],
    ids=["list", "empty", "number", "name"],
)
def test_other_heads_are_refused(heads, error, message):
    with pytest.raises(error, match=message):
        check_heads(heads)
