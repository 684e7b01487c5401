"""Predictions on Apache Beam: a model handler, and transforms around it. Its public names are in `kerasbert.beam`."""
