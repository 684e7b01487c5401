"""What models computed of texts, kept in memory and on disk, so that no text is computed twice."""
