"""Each picture of a head says a sentence that its numbers bear out."""

import numpy as np
import pytest

from kerasbert.evaluation.calibration import calibration_of
from kerasbert.evaluation.report.drawing import house_style
from kerasbert.evaluation.report.findings import evaluate_head
from kerasbert.evaluation.report.gallery import cell_address, pictures_of_head


@pytest.fixture(autouse=True)
def style():
    with house_style():
        yield


def test_a_picture_has_a_sentence_with_numbers_of_the_outcome(outcome):
    matrix, curves, calibration, risk = pictures_of_head(outcome, evaluate_head(outcome))
    names = (*outcome.label_names, "(none)")
    assert any(name in matrix.sentence for name in names) and any(name in curves.sentence for name in names)
    found = calibration_of(outcome)
    said, true = (np.average(found[name], weights=found["count"]) for name in ("predicted", "observed"))
    assert f"{said:.0%}" in calibration.sentence and f"{true:.0%}" in calibration.sentence
    assert ("more sure than right" in calibration.sentence) == (said - true >= 0.02)
    errors = 1 - outcome.task.correct(outcome.y_true, outcome.y_pred).mean()
    assert f"Answering everything, {errors:.1%} are wrong" in risk.sentence


def test_the_commonest_mistake_is_told_and_linked(outcome):
    findings = evaluate_head(outcome)
    matrix = pictures_of_head(outcome, findings, place=3)[0]
    cells = findings["confusion"]["texts"]
    most = max(cells, key=lambda cell: cell["count"])
    assert f"{most['count']} of " in matrix.sentence
    assert set(matrix.links) == {f"#{cell_address(3, cell['true'], cell['predicted'])}" for cell in cells}


def test_without_a_mistake_there_is_nothing_to_lead_to(outcome):
    import dataclasses

    right = dataclasses.replace(outcome, y_pred=outcome.y_true)
    matrix = pictures_of_head(right, evaluate_head(right))[0]
    assert matrix.sentence == "No label was taken for another." and not matrix.links
