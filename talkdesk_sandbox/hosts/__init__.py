"""What is answered: the API host with both APIs, their sign-ins and the controls, and the file host.

`sandbox.py` uses `api_host.ApiHost` and `file_host.FileHost`: each maps a request to an
answer. Imports every other room.
"""
