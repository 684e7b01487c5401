"""Export a trained classifier to other programs."""

from typing import TYPE_CHECKING

from kerasbert._core.lazy import lazy_names

if TYPE_CHECKING:
    from kerasbert.export.comparison import Export as Export
    from kerasbert.export.hub import Pushed as Pushed
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
