"""`kb.optimizers`: AdamW with rates by part of the model, and learning-rate schedules."""

from kerasbert.optimizers.adamw import AdamW as AdamW
from kerasbert.optimizers.schedules import WarmupDecay as WarmupDecay
