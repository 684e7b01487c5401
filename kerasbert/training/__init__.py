"""Model and batches in, a trained model out."""

from kerasbert.training.finetune import finetune as finetune
from kerasbert.training.optimization import Optimization as Optimization
