"""Predictions for any amount of text: streamed files, the prediction cache, Apache Beam."""
