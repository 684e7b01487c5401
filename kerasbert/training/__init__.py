"""`kb.training`: what `finetune` and `find_learning_rate` take and return."""

from kerasbert.training.learning_rate_finder import LearningRateFinder as LearningRateFinder
from kerasbert.training.settings import RunSettings as RunSettings
from kerasbert.training.settings import TrainingSettings as TrainingSettings
