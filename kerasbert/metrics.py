"""`kb.metrics`: metrics equal to those of scikit-learn."""

from kerasbert.objectives.confusion import CohenKappa as CohenKappa
from kerasbert.objectives.confusion import ConfusionMatrix as ConfusionMatrix
from kerasbert.objectives.confusion import HammingLoss as HammingLoss
from kerasbert.objectives.confusion import MatthewsCorrelationCoefficient as MatthewsCorrelationCoefficient
from kerasbert.objectives.confusion import MultiLabelConfusionMatrix as MultiLabelConfusionMatrix
from kerasbert.objectives.levels import HierarchicalF1 as HierarchicalF1
from kerasbert.objectives.levels import KnownLabels as KnownLabels
from kerasbert.objectives.metrics import F1Score as F1Score
from kerasbert.objectives.metrics import Precision as Precision
from kerasbert.objectives.metrics import Recall as Recall
