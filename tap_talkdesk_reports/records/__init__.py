"""A report file's bytes become rows, and rows become records. Pure."""
