"""The HTTP server on loopback: reads requests and sends answers, including broken ones."""

from __future__ import annotations

import os
import socket
import socketserver
import ssl
import struct
import sys
import threading
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

from talkdesk_sandbox.wire.messages import Answer, Request

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPBACK = "127.0.0.1"
#: Seconds between two checks for a stop; closing a sandbox takes about that long.
_POLL = 0.01
_BETWEEN_DROPS = 0.002
_UNTIL_SENT = 0.3


class Server(ThreadingHTTPServer):
    """One listening socket. The function `answer` answers its requests."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(
        self,
        port: int,
        software: str,
        clock: Callable[[], datetime],
        sleep: Callable[[float], object] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Listens on a port of the loopback address; 0 for any free port.

        `sleep` is called for pauses. With `tls`, every connection is encrypted.

        Raises:
            OSError: the port is taken; the message names it.
        """
        self.answer: Callable[[Request], Answer]
        self.software = software
        self.clock = clock
        self.stopping = threading.Event()
        self.sleep = sleep or self.stopping.wait
        self._tls = tls
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except OSError as error:
            message = f"cannot listen on {LOOPBACK}:{port}: {error.strerror}"
            raise OSError(error.errno, message) from None

    def server_bind(self) -> None:
        """Binds without a name server lookup, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = LOOPBACK, self.server_address[1]

    @property
    def url(self) -> str:
        """URL of the server."""
        return f"{'https' if self._tls else 'http'}://{LOOPBACK}:{self.server_port}"

    def start(self, answer: Callable[[Request], Answer]) -> None:
        """Serves from a background thread."""
        self.answer = answer
        threading.Thread(target=self.serve_forever, args=(_POLL,), daemon=True, name=self.software).start()

    def stop(self) -> None:
        """Stops listening, and closes the connections that are still open."""
        self.stopping.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            for connection in self._connections:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remembers the connection, then serves it."""
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serves a connection on its own thread. The first read does the TLS handshake there."""
        if self._tls:
            plain = request
            request = self._tls.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
            with self._lock:
                self._connections.discard(plain)
                self._connections.add(request)
        super().process_request_thread(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Closes a connection."""
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores a client that disconnected; prints the traceback of a bug in the sandbox."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError | ssl.SSLError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    @property
    def _server(self) -> Server:
        return cast("Server", self.server)

    def _handle(self) -> None:
        """Reads one request and sends its answer."""
        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length)) if length.isdecimal() else b""
        headers = {name.lower(): value for name, value in self.headers.items()}
        self._send(self._server.answer(Request(self.command, path, query, headers, body)))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _handle  # noqa: N815 - the standard library calls them

    def _send(self, answer: Answer) -> None:
        manner = answer.manner
        if answer.status is None:
            self._server.sleep(manner.stall_seconds)
            self._reset()
            return
        for status in manner.interim:
            self.send_response_only(status)
            self.end_headers()
        self._send_headers(answer, answer.status)
        if self.command != "HEAD" and answer.has_body:
            self._send_body(answer)

    def _send_headers(self, answer: Answer, status: int) -> None:
        """Sends the status line and the headers. The answer's headers replace the usual ones."""
        manner = answer.manner
        headers = {"Server": self.version_string(), "Date": self.date_time_string()}
        if manner.chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif not manner.with_length:
            headers["Connection"] = "close"
        elif answer.has_body:
            headers["Content-Length"] = str(answer.length)
        headers |= answer.headers
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        is_cut = manner.cut_after is not None and not manner.chunked
        if is_cut or headers.get("Content-Length", str(answer.length)) != str(answer.length):
            self.close_connection = True
        if manner.header_drip:
            self._drip_header(*manner.header_drip)
        self.end_headers()

    def _drip_header(self, seconds: float, count: int) -> None:
        """Sends an additional header, byte by byte."""
        self.flush_headers()
        self.wfile.write(b"X-Drip: ")
        for _ in range(count):
            self._pause(seconds, one_by_one=True)
            if self._server.stopping.is_set():
                break
            self.wfile.write(b"a")
        self.wfile.write(b"\r\n")

    def _send_body(self, answer: Answer) -> None:
        """Sends the body as the answer's `manner` says."""
        manner = answer.manner
        stop = answer.length if manner.cut_after is None else manner.cut_after
        pause = stop if manner.stall_after is None else manner.stall_after
        self._write(answer, 0, pause)
        while pause < stop:
            self._pause(manner.stall_seconds, one_by_one=bool(manner.drip_bytes))
            until = min(stop, pause + (manner.drip_bytes or stop))
            self._write(answer, pause, until)
            pause = until
        if manner.chunked:
            self.wfile.write(b"0\r\n\r\n")
        if manner.reset:
            self.wfile.flush()
            # A reset discards what the system has not sent yet.
            self._server.stopping.wait(_UNTIL_SENT)
            self._reset()

    def _pause(self, seconds: float, *, one_by_one: bool) -> None:
        self.wfile.flush()
        self._server.sleep(seconds)
        if one_by_one:
            # Even if `sleep` returns at once, the drops must arrive separately.
            self._server.stopping.wait(_BETWEEN_DROPS)

    def _write(self, answer: Answer, start: int, stop: int) -> None:
        body = answer.body
        pieces = (body[start:stop],) if isinstance(body, bytes) else body.pieces(start, stop)
        for piece in pieces:
            if not answer.manner.chunked:
                self.wfile.write(piece)
            elif piece:
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def _reset(self) -> None:
        """Resets the connection, as a crashed server or a firewall does.

        Closing the descriptor directly keeps `socketserver` from a normal close first.
        """
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def version_string(self) -> str:
        """Returns the Server header."""
        return self._server.software

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Returns the Date header, by the sandbox's clock."""
        at = self._server.clock() if timestamp is None else datetime.fromtimestamp(timestamp, UTC)
        return format_datetime(at.astimezone(UTC), usegmt=True)

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing: the ledger has each request."""
