"""Fixtures for all tests. No account, no network but loopback, no waiting where a clock can be given."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tap_talkdesk_reports.sandbox import Sandbox
from tests.support import SleptClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def clock() -> SleptClock:
    return SleptClock()


@pytest.fixture
def start_sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Starts sandboxes, with a small contact centre unless told otherwise, and ends them with the test."""
    with ExitStack() as stack:

        def start(**options: Any) -> Sandbox:
            return stack.enter_context(Sandbox(**{"calls_per_day": 60, "agents": 4} | options))

        yield start
