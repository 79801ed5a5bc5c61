"""Sockets, requests and responses, and presigned URLs."""
