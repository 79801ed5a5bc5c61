"""The samples of Talkdesk's documentation, served by a server other than the sandbox, row by row.

Source: the samples of "Reporting API Documentation" (GitHub Talkdesk/api), tokens replaced.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from talkdesk_sandbox import CREDENTIALS
from tests.support import run_tap

SAMPLES = json.loads((Path(__file__).parent / "data" / "reporting_api_samples.json").read_text())


class Handler(BaseHTTPRequestHandler):
    """Answers as printed in the document. The second poll of a job returns done."""

    polls = 0
    created: list[dict] = []  # noqa: RUF012

    def _answer(self, status, body, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/auth/token":
            missing = set(CREDENTIALS) - set(body)
            self._answer(400 if missing else 200, SAMPLES["token"])
        else:
            type(self).created.append({"path": self.path, **body})
            self._answer(202, SAMPLES["created"])

    def do_GET(self):
        url = f"http://127.0.0.1:{self.server.server_port}"
        job = SAMPLES["created"]["id"]
        if self.path.startswith("/signed"):
            assert "Authorization" not in self.headers
            self._answer(200, json.dumps(SAMPLES["file"], indent=2).encode())
        elif self.headers["Authorization"] != f"Bearer {SAMPLES['token']['access_token']}":
            self._answer(403, {})
        elif self.path == f"/reports/calls/jobs/{job}":
            type(self).polls += 1
            done = type(self).polls > 1
            body = SAMPLES["done"] if done else SAMPLES["created"]
            location = {"Location": SAMPLES["done"]["_links"]["files"]["href"]} if done else {}
            self._answer(303 if done else 200, body, **location)
        elif self.path == f"/reports/calls/files/{job}":
            self._answer(302, b"This resource has been moved temporarily", Location=f"{url}/signed?secret=1")
        else:
            self._answer(404, b"404 Not Found")

    def log_message(self, format, *args):
        pass


@pytest.fixture
def document_server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_the_sample_of_the_document_arrives_row_by_row(document_server, tmp_path):
    config = CREDENTIALS | {
        "api_url": document_server,
        "start_date": "2016-07-29",
        "end_date": "2016-07-30",
        "max_concurrent_jobs": 1,
    }
    discovered = json.loads(run_tap(tmp_path, config, "--discover").stdout)
    discovered["streams"] = [entry for entry in discovered["streams"] if entry["stream"] == "calls"]
    for each in discovered["streams"][0]["metadata"]:
        if each["breadcrumb"] == []:
            each["metadata"]["selected"] = True

    outcome = run_tap(tmp_path, config, catalog=discovered)

    assert outcome.code == 0, outcome.stderr
    entries = SAMPLES["file"]["entries"]
    records = outcome.records("calls")
    assert len(records) == len(entries)
    for record, entry in zip(records, entries, strict=True):
        assert record == dict.fromkeys(discovered["streams"][0]["schema"]["properties"]) | entry | {
            "start_at": entry["start_at"].replace(" ", "T") + "Z",
            "end_at": entry["end_at"].replace(" ", "T") + "Z",
        }
    [first] = Handler.created
    assert first["path"] == "/reports/calls/jobs"
    assert first["format"] == "json"
    assert first["timespan"] == {"from": "2016-07-29T00:00:00Z", "to": "2016-07-30T00:00:00Z"}
    assert len(entries[0]) == 30
