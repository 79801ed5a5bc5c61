"""A proxy for HTTP_PROXY and HTTPS_PROXY that records its requests."""

from __future__ import annotations

import http.client
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PIECE = 1 << 14


class ForwardProxy(ThreadingHTTPServer):
    """A forward proxy, as in companies: requests have whole URLs, or open tunnels."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listens on any free port."""
        super().__init__(("127.0.0.1", 0), _Forwarder)
        #: Method and URL of each request, without the query, in order.
        self.seen: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def __exit__(self, *exception: object) -> None:
        """Stops the proxy."""
        self.shutdown()
        super().__exit__(*exception)


class _Forwarder(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def _forward(self) -> None:
        self.server.seen.append(f"{self.command} {self.path.partition('?')[0]}")
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server = http.client.HTTPConnection(parts.netloc, timeout=30)
        server.request(self.command, f"{parts.path}?{parts.query}".rstrip("?"), body, dict(self.headers))
        answer = server.getresponse()
        content = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"connection", "content-length", "transfer-encoding"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        server.close()

    do_GET = do_POST = do_DELETE = _forward  # noqa: N815 - the standard library calls them

    def do_CONNECT(self) -> None:
        """Opens a tunnel, as for https."""
        self.server.seen.append(f"CONNECT {self.path}")
        host, _, port = self.path.rpartition(":")
        self.close_connection = True
        with socket.create_connection((host, int(port)), 30) as server:
            self.send_response(200)
            self.end_headers()
            other = {server: self.connection, self.connection: server}
            while ready := select.select(list(other), [], [], 30)[0]:
                for end in ready:
                    if not (piece := end.recv(PIECE)):
                        return
                    other[end].sendall(piece)

    def log_message(self, *_: object) -> None:
        """Logs nothing."""
