"""Predictions for any amount of text: streamed files, shards that survive a kill, the prediction cache, Apache Beam."""
