"""A run: what is due, files made ahead, streams read, progress, the connection test."""
