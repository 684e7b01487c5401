"""Export a trained classifier to other programs."""

from kerasbert.export import model_folder  # noqa: F401  - offers what `Classifier.save_pretrained` calls
from kerasbert.export.comparison import Export as Export
