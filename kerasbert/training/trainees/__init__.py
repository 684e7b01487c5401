"""Models as a training sees them: those of the builders, and any other that holds an encoder."""
