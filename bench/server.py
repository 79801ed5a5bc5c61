"""A server of the Reporting API with one prepared report: `server.py FOLDER`. Prints its URL.

The sandbox generates its rows while it serves them, which takes longer than reading them. Here the
files are on disk, every job is done at once, and the operating system sends the file.
"""

from __future__ import annotations

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

_ROUTE = re.compile(r"/(?:reports/calls/(?P<what>jobs|files)/|calls\.)(?P<format>json|csv)")


class Handler(BaseHTTPRequestHandler):
    """Handles one connection. A job's id is its format."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    folder: ClassVar[Path]

    def do_POST(self) -> None:
        """Answers a sign-in, or creates a job."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path == "/auth/token":
            self._answer(200, {"access_token": "access", "id_token": "id", "expires_in": 86_400})
        elif self.path == "/reports/calls/jobs":
            self._answer(202, {"id": json.loads(body)["format"], "status": "created"})
        else:
            self._answer(404, {})

    def do_GET(self) -> None:
        """Answers a poll with the location of the file, or sends the file."""
        route = _ROUTE.fullmatch(self.path)
        if route is None:
            self._answer(404, {})
        elif route["what"] == "jobs":
            self._answer(303, {}, Location=f"{self._root}/reports/calls/files/{route['format']}")
        elif route["what"] == "files":
            self._answer(302, {}, Location=f"{self._root}/calls.{route['format']}")
        else:
            self._send(self.folder / f"calls.{route['format']}")

    @property
    def _root(self) -> str:
        return f"http://{self.headers['Host']}"

    def _answer(self, status: int, body: dict[str, object], **headers: str) -> None:
        content = json.dumps(body).encode()
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(content))}
        self._begin(status, headers)
        self.wfile.write(content)

    def _send(self, file: Path) -> None:
        length = file.stat().st_size
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first = int(asked[1]) if asked else 0
        last = min(int(asked[2]), length - 1) if asked and asked[2] else length - 1
        headers = {
            "Content-Type": "text/csv" if file.suffix == ".csv" else "application/json",
            "Content-Length": str(last - first + 1),
            "ETag": f'"{length}-1"',
            "Accept-Ranges": "bytes",
        }
        if asked:
            headers["Content-Range"] = f"bytes {first}-{last}/{length}"
        self._begin(206 if asked else 200, headers)
        with file.open("rb") as content:
            self.connection.sendfile(content, first, last - first + 1)

    def _begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing, to save time."""


def main(folder: str) -> None:
    """Serves until the process ends."""
    Handler.folder = Path(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
