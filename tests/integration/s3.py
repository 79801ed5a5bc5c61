"""A real S3 server on loopback, and report files kept and signed there.

The server is the gateway of JuiceFS, which is MinIO's S3 front end: it checks the signature of
each request and its expiry, knows ranges, and refuses a request that signs in twice.
"""

from __future__ import annotations

import gzip
import io
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from minio import Minio
from urllib3 import PoolManager

if TYPE_CHECKING:
    from datetime import datetime, timedelta

ACCESS_ID, SECRET, REGION, BUCKET = "AKIAINTEGRATION", "integration-secret", "us-east-1", "reports"
#: As Talkdesk may have it: characters that must reach the server as they were signed.
FILE_NAME = {"response-content-disposition": 'attachment; filename="calls (1)+~*\'ü&=/.json"'}
_PATIENCE = 30


class S3Server:
    """The server; everything it keeps lies below one folder."""

    access_id, secret, region, bucket = ACCESS_ID, SECRET, REGION, BUCKET

    def __init__(self, folder: Path) -> None:
        """Starts it on any free port, and makes the bucket."""
        juicefs, meta = Path(sys.executable).with_name("juicefs"), f"sqlite3://{folder}/meta.db"
        volume = ["--storage", "file", "--bucket", f"{folder}/objects/", "--trash-days=0", meta, "volume"]
        subprocess.run([juicefs, "format", "--quiet", *volume], check=True, capture_output=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        kept = ["--keep-etag", "--object-meta", "--multi-buckets", f"--cache-dir={folder}/cache"]
        alone = ["--quiet", "--no-agent", "--no-usage-report", "--no-bgjob", "--metrics=127.0.0.1:0"]
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [juicefs, "gateway", *kept, *alone, meta, f"127.0.0.1:{self.port}"],
                env=os.environ | {"MINIO_ROOT_USER": ACCESS_ID, "MINIO_ROOT_PASSWORD": SECRET},
                stdout=log,
                stderr=log,
            )
        self._pool = PoolManager(retries=False)
        self.client = self.client_of(f"127.0.0.1:{self.port}")
        self._wait()
        self.client.make_bucket(BUCKET)

    def _wait(self) -> None:
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(f"no S3 server: {self._log.read_text()}") from None
                time.sleep(0.05)
            else:
                return

    def client_of(self, address: str, *, secure: bool = False) -> Minio:
        """A client of the server as it is reached at `address`, which is part of what is signed."""
        return Minio(address, ACCESS_ID, SECRET, secure=secure, region=REGION, http_client=self._pool)

    def close(self) -> None:
        """Stops the server."""
        self._pool.clear()
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class S3Bucket:
    """The bucket in place of the sandbox's file host."""

    def __init__(
        self, server: S3Server, address: str, *, secure: bool = False, encoding: str | None = None
    ) -> None:
        """Signs for `address`, where the server is reached; packs the files unless `encoding` is None."""
        self._server = server
        self._signing = server.client_of(address, secure=secure)
        self._packed = encoding is not None
        self._headers = {"Content-Encoding": encoding} if encoding else {}
        #: Bytes of each object, by its path.
        self.sizes: dict[str, int] = {}

    def put(self, path: str, content: bytes) -> None:
        """Uploads a file."""
        if self._packed:
            content = gzip.compress(content, mtime=0)
        self._server.client.put_object(
            BUCKET, path[1:], io.BytesIO(content), len(content), metadata=dict(self._headers)
        )
        self.sizes[f"/{BUCKET}{path}"] = len(content)

    def url(self, path: str, lifetime: timedelta, now: datetime) -> str:
        """A presigned URL of an uploaded file."""
        return self._signing.presigned_get_object(BUCKET, path[1:], lifetime, FILE_NAME, now)
