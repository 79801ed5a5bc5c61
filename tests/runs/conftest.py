"""A server whose responses a test defines, for runs with undocumented responses."""

from __future__ import annotations

import threading

import pytest

from tests.support.catalogs import catalog_of
from tests.support.server import Server


@pytest.fixture
def server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def calls_only(server, tmp_path):
    """Returns the arguments of a run that reads only `calls`."""
    catalog = catalog_of(tmp_path, server.config)
    catalog["streams"] = [entry for entry in catalog["streams"] if entry["stream"] == "calls"]
    return {"catalog": catalog}
