"""Whole chunks, and single records through the SDK: both paths write the same bytes."""

from __future__ import annotations

import re

import pytest

from tests.support import run_tap
from tests.support.catalogs import catalog_of, with_metadata

DAYS = {"start_date": "2026-03-02", "end_date": "2026-03-09", "timespan_hours": 48}
#: Each of these settings passes each record through the SDK, and changes nothing.
ONE_BY_ONE = {
    "a stream map": {"stream_maps": {name: {"__alias__": name} for name in ("calls", "user_status")}},
    "flattening": {"flattening_enabled": True, "flattening_max_depth": 1},
}
TIME_EXTRACTED = re.compile(r'(?<="time_extracted":")[^"]+')


def record_lines(outcome):
    lines = [line for line in outcome.stdout.splitlines() if line.startswith('{"type":"RECORD"')]
    assert lines
    return [TIME_EXTRACTED.sub("", line) for line in lines]


@pytest.mark.parametrize("file_format", ["json", pytest.param("csv", marks=pytest.mark.wide)])
@pytest.mark.parametrize("api", ["reporting", "explore"])
@pytest.mark.parametrize("how", ["whole chunks", *ONE_BY_ONE])
def test_every_record_has_each_selected_column_of_the_schema(start_sandbox, tmp_path, how, api, file_format):
    """CSV headers, the names in stream maps and Parquet columns need this."""
    sandbox = start_sandbox()
    config = sandbox.config if api == "reporting" else sandbox.explore_config
    config |= DAYS | {"format": file_format} | ONE_BY_ONE.get(how, {})
    catalog = with_metadata(catalog_of(tmp_path, config), "calls", ["properties", "notes"], selected=False)

    outcome = run_tap(tmp_path, config, catalog=catalog)

    assert outcome.code == 0, outcome.stderr
    for message in outcome.messages:
        if message["type"] == "SCHEMA":
            columns = message["schema"]["properties"].keys()
            records = outcome.records(message["stream"])
            assert "_unknown_fields" in columns
            assert "notes" not in columns
            assert len(records) > 20
            assert all(record.keys() == columns for record in records)


@pytest.mark.parametrize(
    "asked",
    [
        ("reporting", "json"),
        pytest.param(("reporting", "csv"), marks=pytest.mark.wide),
        ("explore", "json"),
    ],
)
@pytest.mark.parametrize("deselected", [(), ("notes", "start_at", "is_transfer", "ring_groups")])
@pytest.mark.parametrize("why", ONE_BY_ONE)
def test_whole_chunks_and_single_records_are_the_same_bytes(start_sandbox, tmp_path, why, deselected, asked):
    sandbox = start_sandbox()
    api, file_format = asked
    config = sandbox.config if api == "reporting" else sandbox.explore_config
    config |= DAYS | {"format": file_format}
    catalog = catalog_of(tmp_path, config)
    for field in deselected:
        catalog = with_metadata(catalog, "calls", ["properties", field], selected=False)

    whole = run_tap(tmp_path, config, catalog=catalog)
    single = run_tap(tmp_path, config | ONE_BY_ONE[why], catalog=catalog)

    assert whole.code == single.code == 0, single.stderr
    assert record_lines(whole) == record_lines(single)
    assert not any(field in record for record in whole.records("calls") for field in deselected)
