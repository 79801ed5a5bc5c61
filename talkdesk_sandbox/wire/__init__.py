"""HTTP: sockets, TLS, requests and answers as values, presigned URLs.

Other rooms use `messages` (requests and answers), `presign.Signer`, and `listen.listen`.
Imports no other room.
"""
