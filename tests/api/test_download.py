"""The download of one file from its presigned URL."""

from __future__ import annotations

import logging
import socket
import threading

from tap_talkdesk_reports.api.download import Downloads


def test_a_malformed_header_line_puts_no_presigned_url_into_the_log(clock, caplog):
    caplog.set_level(logging.DEBUG)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()

        def answer():
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nThis is a bad header\r\n\r\n{}")

        threading.Thread(target=answer, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/f?X-Amz-Signature=canary"
        downloads = Downloads(clock, user_agent="test", timeout=60, spool_dir=None, allow_loopback=True)

        content, _ = downloads.fetch(lambda: url)
        content.close()

    assert "Failed to parse headers" in caplog.text
    assert "canary" not in caplog.text
