"""Model and batches in, a trained model out."""

from kerasbert.training.finetune import finetune as finetune
from kerasbert.training.settings import RunSettings as RunSettings
from kerasbert.training.settings import TrainingSettings as TrainingSettings
