"""What a failed request is called, and whether it was sent."""

from __future__ import annotations

import pytest
import requests

from tap_talkdesk_reports.api.failures import describe_error, was_never_sent
from tap_talkdesk_reports.api.session import Bearer, Sessions
from tests.api.conftest import Host


def test_an_error_is_told_in_words_without_an_address(host):
    told = {}
    with Host() as gone:
        gone.shutdown()
    for path, base in {"/refused": gone.url, "/silent": host.url, "/broken": host.url}.items():
        with pytest.raises(requests.RequestException) as caught:
            Sessions().session.get(f"{base}{path}", auth=Bearer(None), timeout=0.2)
        told[path] = (describe_error(caught.value), was_never_sent(caught.value))

    assert told == {
        "/refused": ("the connection is refused", True),
        "/silent": ("no response in time", False),
        "/broken": ("the connection broke", False),
    }
