"""Export a trained classifier to other programs."""

from kerasbert.export.comparison import Export as Export
from kerasbert.export.hub import Pushed as Pushed
