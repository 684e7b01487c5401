"""`kb.training`: what `finetune` and `find_learning_rate` take and return."""

from typing import TYPE_CHECKING

from kerasbert._core.lazy import lazy_names

if TYPE_CHECKING:
    from kerasbert.training.learning_rate_finder import LearningRateFinder as LearningRateFinder
    from kerasbert.training.settings import RunSettings as RunSettings
    from kerasbert.training.settings import TrainingSettings as TrainingSettings
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
