"""Adapts the SDK's command line: help texts, `--test`, and one log line for each error of the user."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.tap_base import CliTestOptionValue

if TYPE_CHECKING:
    from collections.abc import Generator

    from singer_sdk.plugin_base import _ConfigInput

HELP = (
    "Loads Talkdesk reports into a Singer target: creates a report job for each timespan that is due, "
    "downloads its file, and writes Singer messages to standard output. The log goes to standard error. "
    "The exit code is 0 only if every selected stream is complete, or stop_after_minutes is over."
)
HELP_OF_TEST = (
    "Tests the connection: signs in and runs one small job for each selected stream, and prints a line for "
    "each. The exit code is 1 if one fails. --test=schema prints the SCHEMA messages of all streams instead, "
    "without a request."
)
#: The key in click's context that records the option `--test`.
IS_TEST = f"{__name__}.is_test"


def is_connection_test() -> bool:
    """Whether the command that runs has the option `--test`."""
    return bool(click.get_current_context().meta.get(IS_TEST))


class CommandLine(Tap):
    """A tap whose command ends with one line for each error, without a traceback."""

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Returns the SDK's command, with help texts that are true for this tap."""
        command = super().get_singer_command()
        command.help = HELP
        for option in command.params:
            if isinstance(option, click.Option) and option.name == "test":
                option.help = HELP_OF_TEST
        return command

    @classmethod
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        """Handles `--test`: tests the connection after all options are read, or the schemas at once.

        The SDK's test ignores the catalog and reads every stream, but few accounts may use all reports.
        """
        if value == CliTestOptionValue.All.value:
            ctx.meta[IS_TEST] = True
            return
        with cls.errors_in_one_line():
            super().cb_test(ctx, param, value)

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> _ConfigInput:
        """Reads the config files."""
        with cls.errors_in_one_line():
            try:
                return super().cb_config(ctx, param, value)
            except (OSError, TypeError, ValueError) as error:  # TypeError: JSON, but not an object
                msg = f"config: cannot be read as JSON; correct the file: {error}"
                raise ConfigValidationError(msg, errors=[msg]) from None

    @classmethod
    @contextmanager
    def errors_in_one_line(cls) -> Generator[None, None, None]:
        """Logs an error as one line, or each wrong setting as one, and exits with code 1."""
        try:
            yield
        except ConfigValidationError as error:
            for line in error.errors or [str(error)]:
                cls.logger.error(line)
            sys.exit(1)
        except SingerSDKError as error:
            cls.logger.error(str(error))
            sys.exit(1)
