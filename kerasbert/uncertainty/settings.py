"""The option of a training that makes its probabilities believable."""

import dataclasses

from kerasbert._core.checks import check_bool


@dataclasses.dataclass(kw_only=True)
class CalibrationSettings:
    """Whether the probabilities are calibrated once the weights are trained.

    Args:
        calibrate: whether the probabilities are calibrated on the validation texts after the training; no decision changes.
            None: where these texts, each judged by what the others say, show a gain with 95 % confidence.

    Example:
        >>> CalibrationSettings(calibrate=True).calibrate
        True
    """

    calibrate: bool | None = None

    def check_calibration(self) -> None:
        """Refuse anything but true, false and None."""
        if self.calibrate is not None:
            check_bool("calibrate", self.calibrate)
