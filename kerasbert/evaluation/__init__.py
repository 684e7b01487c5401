"""`kb.evaluation`: scores and their uncertainty, thresholds, baselines, and the results of `probe`, `explain` and others."""

from typing import TYPE_CHECKING

from kerasbert._core.lazy import lazy_names

if TYPE_CHECKING:
    from kerasbert.evaluation.baseline import BaselineScores as BaselineScores
    from kerasbert.evaluation.baseline import score_baseline as score_baseline
    from kerasbert.evaluation.early_exit import EarlyExit as EarlyExit
    from kerasbert.evaluation.explain import Explanation as Explanation
    from kerasbert.evaluation.explanation_files import write_explanations as write_explanations
    from kerasbert.evaluation.faithfulness import Faithfulness as Faithfulness
    from kerasbert.evaluation.inspection_page import inspection_page as inspection_page
    from kerasbert.evaluation.layer_scores import LayerReport as LayerReport
    from kerasbert.evaluation.probe_report import ProbeReport as ProbeReport
    from kerasbert.objectives.confidence import bootstrap_intervals as bootstrap_intervals
    from kerasbert.objectives.scores import Scores as Scores
    from kerasbert.objectives.scores import score_predictions as score_predictions
    from kerasbert.objectives.thresholds import tune_thresholds as tune_thresholds
    from kerasbert.uncertainty.abstention import Abstention as Abstention
    from kerasbert.uncertainty.abstention import Promise as Promise
    from kerasbert.uncertainty.abstention import promise_precision as promise_precision
    from kerasbert.uncertainty.calibration import Calibration as Calibration
    from kerasbert.uncertainty.detection import score_detection as score_detection
    from kerasbert.uncertainty.out_of_scope import OutOfScope as OutOfScope
    from kerasbert.uncertainty.risk_coverage import risk_coverage as risk_coverage
    from kerasbert.uncertainty.scaling import Scaling as Scaling
    from kerasbert.uncertainty.set_scores import HeadScores as HeadScores
    from kerasbert.uncertainty.sets import PredictionSets as PredictionSets
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
