"""How far predictions can be believed: calibration, conformal sets, out-of-scope scores, abstention."""
