"""Optimisers and learning-rate schedules; numbers only, they know nothing of texts or models."""

from kerasbert.optimizers.adamw import AdamW as AdamW
from kerasbert.optimizers.schedules import WarmupDecay as WarmupDecay
