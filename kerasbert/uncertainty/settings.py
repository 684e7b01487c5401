"""The options of a training that say how far its predictions can be believed."""

import dataclasses

from kerasbert._core.checks import check_bool


@dataclasses.dataclass(kw_only=True)
class CalibrationSettings:
    """What is fitted once the weights are trained.

    Args:
        calibrate: whether the probabilities are calibrated on the validation texts after the training; no decision changes.
            None: where these texts, each judged by what the others say, show a gain with 95 % confidence.
        out_of_scope: whether a score is fitted, on the training and validation texts, that tells texts which belong to none of
            the labels; see `TextClassifier.fit_out_of_scope`.

    Example:
        >>> CalibrationSettings(calibrate=True).calibrate
        True
    """

    calibrate: bool | None = None
    out_of_scope: bool = False

    def check_calibration(self) -> None:
        """Refuse anything but true, false and, to calibrate, None."""
        check_bool("out_of_scope", self.out_of_scope)
        if self.calibrate is not None:
            check_bool("calibrate", self.calibrate)
