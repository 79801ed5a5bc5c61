"""Implements `--test`: checks the credentials, the region, and each selected report with one small job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.exceptions import SingerSDKError

from tap_talkdesk_reports.core.errors import JobTimeoutError
from tap_talkdesk_reports.core.words import counted
from tap_talkdesk_reports.sync.run import TEST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tap_talkdesk_reports.sync.plan import StreamToRead
    from tap_talkdesk_reports.sync.run import Run
    from tap_talkdesk_reports.sync.runs import Runs


def connection_test(
    runs: Runs, streams: Sequence[StreamToRead], echo: Callable[[str], None], refused: Mapping[str, str]
) -> int:
    """Signs in, and gets the last whole settled hour of each report, up to 15 at once.

    Args:
        runs: The tap's runs.
        streams: The selected streams.
        echo: Prints a line: one for the sign-in, and one for each stream.
        refused: The selected streams that cannot be read as the catalog requires, each with the reason.

    Returns:
        The exit code: 0 if everything works.

    Raises:
        AuthenticationError: Talkdesk does not accept the credentials.
        TalkdeskError: the sign-in fails in another way.
        Stopped: a stop signal has come; the test's jobs were cancelled if possible.
    """
    settings, code = runs.settings, 1 if refused else 0
    for name, why in refused.items():
        echo(f"{name}: FAILED: {why}")
    if not streams:  # without a stream there is no sign-in
        if not refused:
            echo("no stream is selected; select one in the catalog")
        return code
    with runs.open(streams, is_test=True) as run:
        echo(f"sign-in: works, at {settings.token_url} for the {settings.api.capitalize()} API")
        for stream in streams:
            try:
                echo(f"{stream.name}: {_result(run, stream.name)}")
            except SingerSDKError as error:
                echo(f"{stream.name}: FAILED: {error}")
                code = 1
            finally:
                run.cancel(stream.name)
    return code


def _result(run: Run, stream: str) -> str:
    """Waits for the test job of a report, and returns its line of output."""
    try:
        delivery = next(run.files(stream))
    except JobTimeoutError:
        return f"accepted; its job still runs after {TEST_SECONDS} s"
    return f"works; {delivery.took}, {counted(delivery.size, 'byte')}"
