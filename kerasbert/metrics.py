"""The metrics under the name that users type: `kb.metrics`."""

from kerasbert.objectives.metrics import F1Score as F1Score
