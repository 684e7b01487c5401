"""Learning curves: one picture of few, a panel each of many."""

import pytest

from kerasbert.evaluation.report.drawing import house_style
from kerasbert.evaluation.report.history_pictures import MAX_PANELS, pictures_of_history


@pytest.fixture(autouse=True)
def style():
    with house_style():
        yield


def test_history_of_one_head():
    history = {"loss": [2.0, 1.0], "val_loss": [2.5, 1.5], "accuracy": [0.1, 0.6], "val_accuracy": [0.6, 0.5]}
    loss, scores = pictures_of_history(history)
    assert [len(line.get_xdata()) for line in loss.figure.axes[0].lines] == [2, 2]
    assert "val_accuracy 0.500" in scores.alt and loss.title == "Loss"
    assert loss.sentence == "The validation loss is best at the end, 1.500: more epochs may still help."
    assert scores.sentence == "The validation accuracy was best after epoch 1 of 2, 0.600, and is 0.500 at the end."


@pytest.mark.parametrize("history", [{}, {"loss": [1.0], "learning_rate": [1e-4]}])
def test_no_curve_without_two_epochs(history):
    assert pictures_of_history(history) == []


def test_a_score_of_all_heads_is_one_picture():
    history = {
        "loss": [1.0, 0.5],
        "topic_macro_f1": [0.1, 0.3],
        "flags_macro_f1": [0.1, 0.2],
        "flags_accuracy": [0.1, 0.4],
    }
    loss, f1, accuracy = pictures_of_history(history, ["topic", "flags"])
    assert [one.name for one in (loss, f1, accuracy)] == [
        "history_loss", "history_macro_f1_of_heads", "history_accuracy_of_heads",
    ]  # fmt: skip
    assert f1.title == "Macro-F1 of 2 heads" and len(f1.figure.axes[0].lines) == 2
    assert f1.sentence == "At the end topic is best with 0.300 and flags worst with 0.200."


def test_a_head_named_as_the_beginning_of_another_keeps_its_scores():
    history = {"loss": [1.0, 0.5], "a_accuracy": [0.1, 0.3], "a_b_accuracy": [0.1, 0.2]}
    _, accuracy = pictures_of_history(history, ["a", "a_b"])
    assert accuracy.sentence == "At the end a is best with 0.300 and a_b worst with 0.200."


def test_many_layers_have_a_panel_each_in_which_their_own_curve_stands_out():
    numbers = range(1, 8)
    history = {"loss": [1.0, 0.5]}
    history |= {f"layer_{n}_accuracy": [0.1, n / 10] for n in numbers}
    history |= {f"val_layer_{n}_accuracy": [0.1, n / 20] for n in numbers}
    _, accuracy = pictures_of_history(history)
    panels = [axes for axes in accuracy.figure.axes if axes.get_visible()]
    assert accuracy.title == "Accuracy of 7 layers" and len(panels) == 7
    # Seven in grey, its own on training and on validation data.
    assert {len(axes.lines) for axes in panels} == {9}
    assert panels[2].get_title(loc="left").endswith("0.150") and panels[2].lines[-1].get_ydata().tolist() == [0.1, 0.15]


def test_not_more_panels_than_can_be_read():
    history = {f"layer_{n}_loss": [1.0, n / 10] for n in range(MAX_PANELS + 6)}
    (picture,) = pictures_of_history(history)
    assert sum(axes.get_visible() for axes in picture.figure.axes) == MAX_PANELS
    assert f"The first {MAX_PANELS} of {MAX_PANELS + 6}." in picture.caption
    assert picture.sentence.startswith("At the end layer_0 is best with 0.000")


def test_the_learning_rate_has_a_picture_of_its_own():
    history = {"loss": [2.0, 1.0], "accuracy": [0.1, 0.6], "learning_rate": [1e-4, 0.0]}
    loss, scores, rate = pictures_of_history(history)
    assert "learning" not in loss.alt + scores.alt.lower().replace("learning curve", "")
    assert rate.name == "history_learning_rate" and rate.alt.endswith("of 2 epochs, from 0.0001 to 0")
    [line] = rate.figure.axes[0].lines
    assert line.get_ydata().tolist() == [1e-4, 0.0]
