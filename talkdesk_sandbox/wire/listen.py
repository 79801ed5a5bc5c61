"""Opens the sockets of the API host and the file host, with or without TLS."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, NamedTuple

from talkdesk_sandbox.wire.server import Server
from talkdesk_sandbox.wire.tls import Authority

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class Servers(NamedTuple):
    """Both servers, and the CA that signed their certificate."""

    api: Server
    file_host: Server
    authority: Authority | None


def listen(
    port: int,
    files_port: int,
    clock: Callable[[], datetime],
    sleep: Callable[[float], object] | None,
    *,
    tls: bool,
) -> Servers:
    """Listens on both ports; 0 for any free port. If one is taken, no socket is left open.

    Raises:
        OSError: a port is taken.
        RuntimeError: `tls` needs `cryptography`, which is not installed.
    """
    with ExitStack() as opened:
        authority = opened.enter_context(closing(Authority())) if tls else None
        context = authority.context if authority else None
        api = Server(port, "Cowboy", clock, sleep, context)
        opened.callback(api.server_close)
        file_host = Server(files_port, "AmazonS3", clock, sleep, context)
        opened.pop_all()
    return Servers(api, file_host, authority)
