"""The metrics under the name that users type: `kb.metrics`."""

from kerasbert.objectives.levels import HierarchicalF1 as HierarchicalF1
from kerasbert.objectives.levels import KnownLabels as KnownLabels
from kerasbert.objectives.metrics import F1Score as F1Score
