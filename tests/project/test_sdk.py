"""The SDK's test suite for taps, and the private names of the SDK that this tap uses."""

from __future__ import annotations

import inspect

import pytest
from singer_sdk import Stream, Tap
from singer_sdk.configuration import _dict_config
from singer_sdk.helpers import _classproperty, _util
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from talkdesk_sandbox import Sandbox
from tap_talkdesk_reports.tap import TapTalkdeskReports

#: Every private name of the SDK that is used or overridden, the reason, and its call. If the SDK changes
#: one of them, a test here fails.
PRIVATE_NAMES = [
    (Tap, "_validate_config", "the SDK's messages show values of secrets", "(self, *, raise_errors: 'bool'"),
    (Tap, "_setup_signal_handlers", "the SDK's own exit 0, and can tear a line", "(self)"),
    (Tap, "_env_var_config", "a wrong number ends in a traceback that names no setting", None),
    (Tap, "_env_var_prefix", "goes with the one above", None),
    (Stream, "_write_starting_replication_value", "STATE holds plain bookmarks only", "(self, context:"),
    (Stream, "_increment_stream_state", "no record moves the bookmark", "(self, latest_record:"),
    (
        Stream,
        "_write_record_message",
        "a record of `report_files` comes while another stream is read",
        "(self, record:",
    ),
    (Stream, "_sync_records", "whole chunks go out without a look at each record", "(self, context:"),
    (_dict_config, "parse_environment_config", "reads the environment as the SDK does", "(config_schema:"),
    (_classproperty, "classproperty", "what `_env_var_config` is", None),
    (_util, "load_json", "reads catalog and state as the SDK does", "(json_str:"),
]


@pytest.mark.parametrize(("owner", "name", "reason", "signature"), PRIVATE_NAMES)
def test_a_private_name_of_the_sdk_is_still_what_this_tap_takes_it_for(owner, name, reason, signature):
    found = inspect.getattr_static(owner, name)

    assert reason
    assert signature is None or str(inspect.signature(found)).startswith(signature)


pytestmark = pytest.mark.filterwarnings(
    # A file of the first generation has no fields of the second, and no unknown fields.
    "ignore:Fields in transformed catalog but not in records",
    "ignore:No records were available to test",
)

#: The suite creates its taps at collection, so the sandbox must start before that.
SANDBOX = Sandbox(calls_per_day=60, agents=4)


@pytest.fixture(scope="module", autouse=True)
def close_the_sandbox():
    yield
    SANDBOX.close()


TestTapTalkdeskReports = get_tap_test_class(
    TapTalkdeskReports,
    config=SANDBOX.config | {"start_date": "2026-03-02", "end_date": "2026-03-05"},
    # The suite reads each stream alone, and `report_files` has no records then.
    suite_config=SuiteConfig(max_records_limit=None, ignore_no_records_for_streams=["report_files"]),
)
