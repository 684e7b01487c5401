"""Models and labelled texts in, judgement out: scores, thresholds, and what each layer knows."""

from kerasbert.evaluation.baseline import score_baseline as score_baseline
from kerasbert.evaluation.probe import probe as probe
from kerasbert.evaluation.probe_report import ProbeReport as ProbeReport
from kerasbert.objectives.confidence import bootstrap_intervals as bootstrap_intervals
from kerasbert.objectives.scores import score_predictions as score_predictions
from kerasbert.objectives.thresholds import tune_thresholds as tune_thresholds
