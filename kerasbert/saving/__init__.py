"""`kb.saving`: a trained classifier and the folder that holds it."""

from typing import TYPE_CHECKING

from kerasbert._core.lazy import lazy_names

if TYPE_CHECKING:
    from kerasbert.saving.folder import load_trained as load_trained
else:
    __getattr__, __dir__, __all__ = lazy_names(__name__)
