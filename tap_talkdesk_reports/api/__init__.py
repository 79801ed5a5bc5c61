"""The only HTTP that carries a token."""
