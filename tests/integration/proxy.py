"""A TCP proxy between tap and server that disturbs connections by a script, and records what it did."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import threading
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl

PIECE = 1 << 14
_REQUEST = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.1\r\n(.*?)\r\n\r\n", re.DOTALL)


@dataclass(frozen=True)
class Trouble:
    """A disturbance of some connections.

    `reset` and `close` end a connection, and `stall` blocks it for `seconds`, all `after` so many bytes
    of the answer, including its headers. `delay` holds the request back for `seconds`. `slow` limits
    the answer to `rate` bytes per second.
    """

    kind: str
    #: Pattern for method and path of its requests. Without one, it is for new connections (reset, delay).
    request: str = ""
    after: int = 0
    seconds: float = 60
    rate: int = 0
    times: int = 1


_NONE, _BREAKS = Trouble("none"), frozenset({"reset", "close", "stall"})


@dataclass(frozen=True)
class Request:
    """A request that was passed on: method and path without the query, and its headers."""

    line: str
    headers: str

    def header(self, name: str) -> str | None:
        """Returns the value of a header."""
        found = re.search(rf"^{name}: *(.*?)\r?$", self.headers, re.IGNORECASE | re.MULTILINE)
        return found[1] if found else None


class Proxy:
    """A proxy for a port of this machine. With `tls`, the client's side is encrypted, the server's is not."""

    def __init__(self, port: int, *troubles: Trouble, tls: ssl.SSLContext | None = None) -> None:
        """Listens on any free port."""
        self._port, self._tls = port, tls
        self._ordered = [trouble for trouble in troubles for _ in range(trouble.times)]
        self._waiting = self._ordered.copy()
        #: The disturbances that happened, in order.
        self.met: list[Trouble] = []
        self.requests: list[Request] = []
        #: Status of each answer of the server, whether or not it arrived.
        self.statuses: list[int] = []
        self.connections = 0
        self._mistakes: list[BaseException] = []
        self._listening = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._serve(),), daemon=True)
        self._thread.start()
        self._listening.wait()

    @property
    def url(self) -> str:
        """URL for clients."""
        return f"{'https' if self._tls else 'http'}://{self.address}"

    def unmet(self) -> list[Trouble]:
        """Returns the troubles that happened less often than set."""
        return list((Counter(self._ordered) - Counter(self.met)).elements())

    def close(self) -> None:
        """Stops, and closes open connections. Raises an error of the proxy itself."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._mistakes:
            raise self._mistakes[0]

    def __enter__(self) -> Self:
        """Returns the proxy itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Closes the proxy."""
        self.close()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self._loop.set_exception_handler(lambda _, context: self._note(context.get("exception")))
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        self.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._listening.set()
        await self._stop.wait()
        server.close()

    def _take(self, asked: str) -> Trouble | None:
        """Takes the first trouble for a request, or for a new connection if `asked` is empty."""
        for place, trouble in enumerate(self._waiting):
            if re.search(trouble.request, asked) if trouble.request and asked else trouble.request == asked:
                return self._waiting.pop(place)
        return None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        trouble = self._take("")
        if trouble and trouble.kind == "reset":
            self.met.append(trouble)
            _reset(writer)
            return
        await self._delay(trouble)
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._port)
        connection = _Connection(self)
        ways = [
            asyncio.create_task(connection.up(reader, up_writer)),
            asyncio.create_task(connection.down(up_reader, writer)),
        ]
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for error in await asyncio.gather(*ways, return_exceptions=True):
            self._note(error)
        up_writer.close()
        writer.close()

    def _note(self, error: BaseException | None) -> None:
        """Keeps an error, unless it only means that one side closed, or does not trust our certificate."""
        if error and not isinstance(error, OSError | asyncio.CancelledError):
            self._mistakes.append(error)

    async def _delay(self, trouble: Trouble | None) -> None:
        if trouble and trouble.kind == "delay":
            await asyncio.sleep(trouble.seconds)
            self.met.append(trouble)

    def _asked(self, piece: bytes) -> Trouble | None:
        """Records the request that a piece begins, and returns its trouble."""
        method, path, headers = (part.decode("latin-1") for part in _REQUEST.match(piece).groups())
        asked = Request(f"{method} {path.partition('?')[0]}", headers)
        self.requests.append(asked)
        return self._take(asked.line)


class _Connection:
    """One connection: its trouble, and the number of bytes of the current answer so far."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._trouble: Trouble | None = None
        self._passed = 0

    async def up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relays from the client to the server."""
        while piece := await reader.read(PIECE):
            if _REQUEST.match(piece):
                self._trouble, self._passed = self._proxy._asked(piece), 0
                await self._proxy._delay(self._trouble)
            writer.write(piece)
            await writer.drain()

    async def down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relays from the server to the client, with the trouble."""
        while piece := await reader.read(PIECE):
            trouble = self._trouble or _NONE
            if not self._passed:
                self._proxy.statuses.append(int(piece.split(b" ", 2)[1]))
            breaks = trouble.kind in _BREAKS and self._passed + len(piece) > trouble.after
            if breaks:
                piece = piece[: trouble.after - self._passed]
            if trouble.kind == "slow" and not self._passed:
                self._proxy.met.append(trouble)
            self._passed += len(piece)
            await _write(writer, piece, trouble.rate)
            if breaks:
                # A reset would overtake bytes that are still in transit.
                self._proxy.met.append(trouble)
                await asyncio.sleep(trouble.seconds if trouble.kind == "stall" else 0.05)
                if trouble.kind == "reset":
                    _reset(writer)
                return


async def _write(writer: asyncio.StreamWriter, piece: bytes, rate: int) -> None:
    """Sends a piece, at `rate` bytes per second; 0 for no limit."""
    step = rate // 20 or PIECE
    for first in range(0, len(piece), step):
        if rate:
            await asyncio.sleep(step / rate)
        writer.write(piece[first : first + step])
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
