"""A server whose responses a test defines, for responses that the sandbox does not give."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

DAY = {
    "start_date": "2026-03-02",
    "end_date": "2026-03-03",
    "account": "acme",
    "client_id": "a",
    "client_secret": "canary",
}
REPORT = {
    "entries": [{"call_id": f"c{n}", "end_at": "2026-03-02T10:00:00Z"} for n in range(3000)],
    "total": 3000,
}


class Server(ThreadingHTTPServer):
    """Answers with a table of functions, which a test may change. The defaults answer as Talkdesk does."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.asked = []
        self.is_over = threading.Event()
        self.answers = {
            "token": lambda n: (200, {"access_token": "token-canary", "expires_in": 600}, {}),
            "create": lambda n: (202, {"job": {"id": f"j{n}", "status": "created"}}, {}),
            "status": lambda n: (303, {}, {"Location": "/data/reports/calls/files/j"}),
            "list": lambda n: (200, {"_embedded": {"jobs": []}}, {}),
            "files": lambda n: (303, {}, {"Location": f"{self.url}/object?X-Amz-Signature=canary"}),
            "object": lambda n: (200, REPORT, {}),
        }

    def server_close(self):
        """Also end the requests that get no answer."""
        self.is_over.set()
        super().server_close()

    @property
    def config(self):
        return DAY | {"api_url": self.url, "token_url": f"{self.url}/token"}

    def operation(self, method, path):
        for name in ("token", "object"):
            if path.startswith(f"/{name}"):
                return name
        if "/files/" in path:
            return "files"
        if method == "POST":
            return "create"
        return "list" if path.partition("?")[0].endswith("/jobs") else "status"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        operation = self.server.operation(self.command, self.path)
        self.server.asked.append(operation)
        answer = self.server.answers[operation](self.server.asked.count(operation))
        if answer is None:
            self.server.is_over.wait(120)
            return
        status, body, headers = answer
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        self.close_connection = len(data) < int(headers.get("Content-Length", 0))

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - the standard library calls them

    def date_time_string(self, timestamp=None):
        return getattr(self.server, "date", None) or super().date_time_string(timestamp)

    def log_message(self, format, *args):
        pass
