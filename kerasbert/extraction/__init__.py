"""`kb.extraction`: vectors of texts, from any hidden state and pooling, in one pass and bounded memory."""

from kerasbert.extraction.features import ExtractedFeatures as ExtractedFeatures
