"""Messages out: the writer, BATCH files, state, log fields."""
