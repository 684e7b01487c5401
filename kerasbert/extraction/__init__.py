"""`kb.extraction`: vectors of texts, from any hidden state and pooling, in one pass and bounded memory."""

from kerasbert.classifiers.inner_states import ClassifierStates as ClassifierStates
from kerasbert.extraction.features import ExtractedFeatures as ExtractedFeatures
