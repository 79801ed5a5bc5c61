"""The two hosts: the API host (both APIs, sign-ins and controls), and the file host.

`sandbox.py` uses `api_host.ApiHost` and `file_host.FileHost`. Each maps a request to an
answer. Imports every other package.
"""
