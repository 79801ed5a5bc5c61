"""A host that sends exactly the bytes of a test, with pauses, as no HTTP library does."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class RawHost(socketserver.ThreadingTCPServer):
    """Sends what a function yields for each request: bytes, or seconds to wait."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, answer: Callable[[str], Iterable[bytes | float]]) -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.answer = answer
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        #: The first line, the headers and the body of each request.
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.connections = 0
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def handle_error(self, *_: object) -> None:
        pass


class _Connection(socketserver.StreamRequestHandler):
    server: RawHost

    def handle(self) -> None:
        self.server.connections += 1
        while line := self.rfile.readline().decode("latin-1"):
            headers = {}
            while (header := self.rfile.readline()) not in {b"\r\n", b"\n", b""}:
                name, _, value = header.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            body = self.rfile.read(int(headers.get("content-length", 0)))
            self.server.requests.append((line.strip(), headers, body))
            is_closed = False
            for part in self.server.answer(line.split()[1]):
                if isinstance(part, float):
                    time.sleep(part)
                else:
                    self.wfile.write(part)
                    is_closed = is_closed or b"connection: close" in part.lower()
            if is_closed:
                return


def whole(body: object, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """Returns a response with a length. A body that is not bytes is encoded as JSON."""
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def dripping(first: bytes) -> Iterable[bytes | float]:
    """Yields bytes, then single bytes with pauses, for longer than any test waits."""
    yield first
    for _ in range(3000):
        yield 0.02
        yield b" "
