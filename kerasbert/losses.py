"""`kb.losses`: losses on probabilities, with exact gradients."""

from kerasbert.objectives.label_forms import LabelForm as LabelForm
from kerasbert.objectives.levels import BinaryLevelCrossentropy as BinaryLevelCrossentropy
from kerasbert.objectives.levels import SparseLevelCrossentropy as SparseLevelCrossentropy
from kerasbert.objectives.losses import AsymmetricLoss as AsymmetricLoss
from kerasbert.objectives.losses import BinaryCrossentropy as BinaryCrossentropy
from kerasbert.objectives.losses import SparseCategoricalCrossentropy as SparseCategoricalCrossentropy
