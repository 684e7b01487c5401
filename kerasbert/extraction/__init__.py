"""An encoder and texts in, vectors out: any hidden state under any pooling, in one pass and in bounded memory."""

from kerasbert.extraction.extract import extract_features as extract_features
from kerasbert.extraction.features import ExtractedFeatures as ExtractedFeatures
from kerasbert.extraction.reader import FeatureReader as FeatureReader
from kerasbert.extraction.source import open_source as open_source
