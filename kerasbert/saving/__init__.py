"""`kb.saving`: a trained classifier and the folder that holds it."""

from kerasbert.saving.folder import load_trained as load_trained
