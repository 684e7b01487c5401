"""`kerasbert.beam`: classifiers on Apache Beam, from raw text to labels, on any of its runners.

Needs `pip install 'kerasbert[beam]'`, on the workers as where the pipeline is built.
"""

try:
    import apache_beam  # noqa: F401
except ImportError as error:
    raise ImportError("kerasbert.beam needs Apache Beam: pip install 'kerasbert[beam]'.") from error

from kerasbert.production.beam.handler import ClassifierHandler as ClassifierHandler
from kerasbert.production.beam.predict_files import PredictFiles as PredictFiles
from kerasbert.production.beam.predict_texts import DeadLetter as DeadLetter
from kerasbert.production.beam.predict_texts import Predictions as Predictions
from kerasbert.production.beam.predict_texts import PredictTexts as PredictTexts
from kerasbert.production.beam.profile_texts import MergeProfiles as MergeProfiles
from kerasbert.production.beam.profile_texts import ProfileTexts as ProfileTexts
