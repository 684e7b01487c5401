"""`kb.saving`: a trained classifier and the folder that holds it."""

from kerasbert.saving.bundle import Bundle as Bundle
