"""Implements the Singer tap: command line, settings, list of streams, signal handlers."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager, suppress
from copy import deepcopy
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Tap
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError, SingerSDKError
from singer_sdk.helpers._classproperty import classproperty
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from singer_sdk.tap_base import CliTestOptionValue

from tap_talkdesk_reports.config.catalog import REPORT_FILES, InForce, in_force
from tap_talkdesk_reports.config.json_files import read_json
from tap_talkdesk_reports.config.schema import SCHEMA
from tap_talkdesk_reports.config.settings import Settings, api_of, custom_reports, normalize
from tap_talkdesk_reports.config.validation import problems
from tap_talkdesk_reports.core.clock import Clock, Stopped, StopSignal
from tap_talkdesk_reports.core.errors import BookmarkError
from tap_talkdesk_reports.core.signals import SIGNALLED, listen
from tap_talkdesk_reports.core.timespans import rfc3339
from tap_talkdesk_reports.singer.state import bookmarks_of, read_bookmark
from tap_talkdesk_reports.singer.writer import MessageWriter
from tap_talkdesk_reports.streams import EXPLORE_STREAMS, REPORTING_STREAMS, ExploreStream, ReportFiles
from tap_talkdesk_reports.sync.evidence import EvidenceStream
from tap_talkdesk_reports.sync.report_stream import ReportStream
from tap_talkdesk_reports.sync.runs import Runs

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.plugin_base import _ConfigInput
    from singer_sdk.singerlib import Catalog

    from tap_talkdesk_reports.config.custom_reports import CustomReport


#: What `--help` says.
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


class TapTalkdeskReports(Tap):
    """Loads Talkdesk's reports into any Singer target: completely, incrementally, and fast."""

    name = "tap-talkdesk-reports"
    config_jsonschema = deepcopy(SCHEMA)  # the SDK adds its own settings to it
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.BATCH,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    message_writer_class = MessageWriter
    message_writer: MessageWriter

    def __init__(self, *, catalog: dict[str, Any] | None = None, **options: Any) -> None:
        """Creates the tap; `catalog` is the user's catalog as JSON."""
        self._given_catalog = catalog
        super().__init__(**options)

    def discover_streams(self) -> Sequence[ReportStream | EvidenceStream]:
        """Returns all streams, without any request."""
        return self._declared

    @cached_property
    def _declared(self) -> Sequence[ReportStream | EvidenceStream]:
        """All streams, created once: the catalog is checked against them, and then applied to them."""
        if api_of(self.config) == "reporting":
            return [*(stream(self, self.runs) for stream in REPORTING_STREAMS), ReportFiles(self)]
        own = [_custom_report_stream(self, report) for report in custom_reports(self.config)]
        return [*(stream(self, self.runs) for stream in EXPLORE_STREAMS), *own, ReportFiles(self)]

    @cached_property
    def in_force(self) -> InForce:
        """The part of the user's catalog that is in force, and the streams that cannot be read."""
        return in_force(self._given_catalog, self._declared)

    @property
    def input_catalog(self) -> Catalog | None:
        """The catalog that the SDK applies to the streams."""
        return self.in_force.catalog

    def setup_mapper(self) -> None:
        """Creates the stream maps: settings use the stream's name, Singer messages its alias."""
        super().setup_mapper()
        for name, entry in self.catalog.items():
            for stream_map in self.mapper.stream_maps[name]:
                if entry.stream_alias and stream_map.stream_alias == name:
                    stream_map.stream_alias = entry.stream_alias

    @property
    def report_streams(self) -> list[ReportStream]:
        """The streams that read reports: all except `report_files`."""
        return [stream for stream in self.streams.values() if isinstance(stream, ReportStream)]

    @property
    def evidence(self) -> EvidenceStream | None:
        """The stream `report_files`, if it is selected."""
        stream = self.streams[REPORT_FILES]
        return stream if isinstance(stream, EvidenceStream) and stream.selected else None

    @cached_property
    def settings(self) -> Settings:
        """The settings, checked and converted."""
        return Settings.from_config(self.config, user_agent=f"{self.name}/{self.plugin_version}")

    @cached_property
    def clock(self) -> Clock:
        """The clock of the tap's runs; tests replace it by one that advances only in a sleep."""
        return Clock()

    @cached_property
    def stop(self) -> StopSignal:
        """The handler that records the first stop signal."""
        return StopSignal()

    @cached_property
    def runs(self) -> Runs:
        """The runs of the tap, from which the streams get their files."""
        return Runs(lambda: self.settings, self.clock, self.stop, self.message_writer)

    def load_state(self, state: dict[str, Any]) -> None:
        """Loads the bookmarks of an earlier run, and keeps those of unknown streams.

        Raises:
            ConfigValidationError: the state has no bookmarks by stream.
        """
        bookmarks = bookmarks_of(state)
        bookmarks.pop(REPORT_FILES, None)  # this stream has no bookmark
        for name, bookmark in bookmarks.items():
            if name not in self.streams:
                self.logger.warning("state: there is no stream %r; its bookmark is kept and not used", name)
                continue
            key = self.streams[name].replication_key or ""
            with suppress(BookmarkError):  # the stream fails later, if it is selected
                if moment := read_bookmark(bookmark, name, key):
                    bookmarks[name] = {"replication_key": key, "replication_key_value": rfc3339(moment)}
        super().load_state({"bookmarks": bookmarks})

    @classmethod
    def invoke(  # type: ignore[override]
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Runs the command: a sync of all selected streams, or `--test`; exits with its exit code."""
        if about:
            cls.print_about(about_format)
            return
        # These slow imports are not needed by --discover, --about and --version. They come before the tap
        # sets its own signal handlers, so a signal during them still ends the process at once.
        from tap_talkdesk_reports.sync.connection_test import connection_test  # noqa: PLC0415 - see above
        from tap_talkdesk_reports.sync.sync_all import sync_all  # noqa: PLC0415 - see above

        cls.print_version(print_fn=cls.logger.info)
        with cls._errors_in_one_line():
            tap = cls(
                config=config.config if config else {},
                state=read_json(state, "state"),
                catalog=read_json(catalog, "catalog"),
                parse_env_config=bool(config and config.parse_env),
            )
        if click.get_current_context().meta.get(IS_TEST):
            with cls._errors_in_one_line():
                try:
                    streams = [stream.to_read for stream in tap.report_streams if stream.selected]
                    sys.exit(connection_test(tap.runs, streams, click.echo, tap.in_force.refused))
                except Stopped:
                    sys.exit(SIGNALLED + (tap.stop.number or 0))
        refused = tap.in_force.refused
        sys.exit(sync_all(tap.runs, tap.report_streams, lambda: tap.state, refused, tap.evidence))

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
        with cls._errors_in_one_line():
            super().cb_test(ctx, param, value)

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> _ConfigInput:
        """Reads the config files."""
        with cls._errors_in_one_line():
            try:
                return super().cb_config(ctx, param, value)
            except (OSError, TypeError, ValueError) as error:  # TypeError: JSON, but not an object
                msg = f"config: cannot be read as JSON; correct the file: {error}"
                raise ConfigValidationError(msg, errors=[msg]) from None

    @classmethod
    @contextmanager
    def _errors_in_one_line(cls) -> Generator[None, None, None]:
        try:
            yield
        except ConfigValidationError as error:
            for line in error.errors or [str(error)]:
                cls.logger.error(line)
            sys.exit(1)
        except SingerSDKError as error:
            cls.logger.error(str(error))
            sys.exit(1)

    # Private names of the SDK; tests/project/test_sdk.py explains and checks each.

    @classproperty
    def _env_var_config(cls) -> dict[str, Any]:  # noqa: N805
        own = {name: {"type": ["string"]} for name in SCHEMA["properties"]}
        found = parse_environment_config({"properties": cls._settings_of_sdk | own}, cls._env_var_prefix)
        return {name: value for name, value in found.items() if value != ""}

    @classproperty
    def _settings_of_sdk(cls) -> dict[str, Any]:  # noqa: N805
        builtin: dict[str, Any] = {"properties": {}}
        cls.append_builtin_config(builtin)
        properties: dict[str, Any] = builtin["properties"]
        return properties

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        self._config = normalize(self._config)
        # This is only a warning, because a config may contain settings of other programs.
        for name in self._config.keys() - SCHEMA["properties"].keys() - self._settings_of_sdk.keys():
            self.logger.warning("%s: there is no such setting, so it is ignored; check its spelling", name)
        declared = REPORTING_STREAMS if api_of(self._config) == "reporting" else EXPLORE_STREAMS
        errors = list(problems(self._config, {stream.name for stream in declared}))
        if errors and raise_errors:
            msg = "Wrong settings"
            raise ConfigValidationError(msg, errors=errors)
        return errors or super()._validate_config(raise_errors=raise_errors)

    def _setup_signal_handlers(self) -> None:
        if threading.current_thread() is threading.main_thread():
            listen(self.stop.note)


def _custom_report_stream(tap: TapTalkdeskReports, own: CustomReport) -> ExploreStream:
    """Creates the stream of a custom report; it is selected by default, because the user declares it."""

    class CustomReportStream(ExploreStream):
        name = own.name
        report = own.type
        selected_by_default = True
        primary_keys = own.keys
        replication_key = own.replication_key

    return CustomReportStream(tap, tap.runs, own.schema())
