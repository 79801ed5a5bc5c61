"""HTTP: sockets, requests and answers as values, presigned URLs.

Other rooms use `messages` (requests and answers), `presign.Signer`, and `server.Server`.
Imports no other room.
"""
