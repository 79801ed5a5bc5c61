"""HTTP: sockets, TLS, request and answer classes, presigned URLs.

Other packages use `messages` (requests and answers), `presign.Signer`, and `listen.listen`.
Imports no other package.
"""
