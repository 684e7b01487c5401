import pytest

from kerasbert import DivergedError
from kerasbert.training.divergence import LossGuard


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number(loss):
    guard = LossGuard()
    assert guard.check(0.7, 0) is None
    assert guard.check(loss, 0).startswith("The loss became")


def test_a_skipped_update():
    guard = LossGuard()
    assert guard.check(0.7, 2) == "A gradient became infinite or NaN"
    assert guard.check(0.7, 2) is None
    assert guard.check(0.7, 3) == "A gradient became infinite or NaN"


def test_an_explosion_is_measured_by_the_first_losses():
    guard = LossGuard()
    assert all(guard.check(4.0, 0) is None for _ in range(20))
    assert guard.check(3999.0, 0) is None
    assert guard.check(4001.0, 0) == "The loss exploded to 4e+03"


def test_a_loss_scale_that_fell():
    guard = LossGuard()
    assert [guard.check(0.7, 0, scale) for scale in (2.0**15, 2.0, 1.0, None)] == [None] * 4
    assert guard.check(0.7, 0, 0.5).startswith("The loss scale fell to 0.5, because gradients in float16 were")


def test_the_message_names_the_rows():
    error = DivergedError("The loss became nan", 1, 4, [3, 17]).renumbered([10 * row for row in range(20)])
    assert error.rows == [30, 170]
    assert "in epoch 2 at batch 5, which holds rows 31, 171 (counted from 1)" in str(error)
