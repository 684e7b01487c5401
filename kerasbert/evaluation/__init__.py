"""Labels and predictions in, judgement out: scores, and thresholds tuned on validation data."""

from kerasbert.evaluation.baseline import score_baseline as score_baseline
from kerasbert.evaluation.confidence import bootstrap_intervals as bootstrap_intervals
from kerasbert.evaluation.scores import score_predictions as score_predictions
from kerasbert.evaluation.thresholds import tune_thresholds as tune_thresholds
