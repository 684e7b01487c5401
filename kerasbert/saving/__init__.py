"""`kb.saving`: a trained classifier and the folder that holds it."""

from kerasbert.saving.trained_classifier import TrainedClassifier as TrainedClassifier
