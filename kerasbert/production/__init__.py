"""`kb.production`: what predictions for any amount of text give back: streamed files, shards that survive a kill, Apache Beam."""

from typing import TYPE_CHECKING

from kerasbert._core.lazy import lazy_names

if TYPE_CHECKING:
    from kerasbert.production.score_run import ScoreSummary as ScoreSummary
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
