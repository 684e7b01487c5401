"""`kb.optimizers`: AdamW with rates by part of the model, and learning-rate schedules."""

from typing import TYPE_CHECKING

from kerasbert._core.lazy import lazy_names

if TYPE_CHECKING:
    from kerasbert.optimizers.adamw import AdamW as AdamW
    from kerasbert.optimizers.schedules import WarmupDecay as WarmupDecay
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
