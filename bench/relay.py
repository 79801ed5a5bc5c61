"""A relay on loopback that adds a round trip to a server: `relay.py SECONDS PORT...`.

It listens on a port for each port of the server, and prints its ports. Bytes are delayed by half
a round trip in each direction. The first bytes of a client are delayed by one more round trip, the
time to open a TCP connection. TLS is passed through. Bandwidth is not limited, and there is no
slow start.

For each line on standard input it prints the connections opened since the line before: the time
(`time.monotonic`) and the port of the server. It ends when standard input ends. It is a separate
process, so that it delays nothing else.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress
from functools import partial

_PIECE = 1 << 16


class Relay:
    """Relays connections to the ports of a server."""

    def __init__(self, round_trip: float) -> None:
        """Starts without ports. `round_trip` is in seconds."""
        self._round_trip = round_trip
        self._opened: list[tuple[float, int]] = []

    async def listen(self, port: int) -> int:
        """Listens in front of a port of the server, and returns the new port."""
        server = await asyncio.start_server(partial(self._connected, port), "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    def opened(self) -> list[tuple[float, int]]:
        """Returns time and server port of the connections opened since the last call."""
        opened, self._opened = self._opened, []
        return opened

    async def _connected(self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._opened.append((time.monotonic(), port))
        first = time.monotonic() + self._round_trip
        # At the end, asyncio cancels what is still open, and Python 3.11 prints a traceback for each.
        with suppress(OSError, asyncio.CancelledError):
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await asyncio.gather(self._pass(reader, up_writer, first), self._pass(up_reader, writer, 0))
            finally:
                up_writer.transport.abort()
        writer.transport.abort()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, earliest: float
    ) -> None:
        """Relays bytes, each piece when it is due, and nothing before `earliest`."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sender = asyncio.create_task(_send(queue, writer))
        try:
            while piece := await reader.read(_PIECE):
                queue.put_nowait((self._due(earliest), piece))
        except OSError:
            sender.cancel()
            raise
        queue.put_nowait((self._due(earliest), b""))
        await sender

    def _due(self, earliest: float) -> float:
        return max(time.monotonic(), earliest) + self._round_trip / 2


async def _send(queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    while True:
        due, piece = await queue.get()
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        if not piece:
            writer.write_eof()
            return
        writer.write(piece)
        await writer.drain()


async def main(round_trip: str, *ports: str) -> None:
    """Relays until standard input ends."""
    relay, ended = Relay(float(round_trip)), asyncio.Event()
    print(*[await relay.listen(int(port)) for port in ports], flush=True)

    def answer() -> None:
        if sys.stdin.readline():
            print(json.dumps(relay.opened()), flush=True)
        else:
            ended.set()

    asyncio.get_running_loop().add_reader(sys.stdin, answer)
    await ended.wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(main(*sys.argv[1:]))
