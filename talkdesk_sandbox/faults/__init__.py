"""What goes wrong, by name: the faults, what each does, and how content is spoiled."""
