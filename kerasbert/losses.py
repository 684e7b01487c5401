"""The losses under the name that users type: `kb.losses`."""

from kerasbert.objectives.levels import BinaryLevelCrossentropy as BinaryLevelCrossentropy
from kerasbert.objectives.levels import SparseLevelCrossentropy as SparseLevelCrossentropy
from kerasbert.objectives.losses import AsymmetricLoss as AsymmetricLoss
from kerasbert.objectives.losses import BinaryCrossentropy as BinaryCrossentropy
from kerasbert.objectives.losses import SparseCategoricalCrossentropy as SparseCategoricalCrossentropy
