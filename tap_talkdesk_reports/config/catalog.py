"""Reads the user's catalog: applies each edit, or says why its stream cannot be read. Pure.

Catalogs are edited by hand, by Meltano's extras `select`, `metadata` and `schema`, and by
programs that write older forms. The SDK reads a value in one of several places, and does not
check it. This module applies every edit, or refuses its stream with a message.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.singerlib.catalog import (
    REPLICATION_FULL_TABLE,
    REPLICATION_INCREMENTAL,
    Catalog,
    CatalogEntry,
    MetadataMapping,
)
from singer_sdk.singerlib.schema import Schema

from tap_talkdesk_reports.config.column_types import OWN_COLUMNS, check, typed
from tap_talkdesk_reports.config.selection import (
    columns_selected,
    edited,
    is_selected,
    metadata_of,
    schema_of,
)
from tap_talkdesk_reports.core.errors import CatalogError
from tap_talkdesk_reports.records.names import plain_name
from tap_talkdesk_reports.records.schema import UNKNOWN_FIELDS
from tap_talkdesk_reports.records.values import to_list

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tap_talkdesk_reports.config.selection import Entry

#: The stream of the evidence. It has no report, no settings and no bookmark.
REPORT_FILES = "report_files"
METHODS = (REPLICATION_INCREMENTAL, REPLICATION_FULL_TABLE)


class Declared(Protocol):
    """A stream as the tap declares it, before the catalog changes it."""

    @property
    def name(self) -> str:
        """The stream's name."""

    @property
    def schema(self) -> dict[str, Any]:
        """The stream's JSON Schema."""

    @property
    def primary_keys(self) -> Sequence[str]:
        """The key columns."""

    @property
    def replication_key(self) -> str | None:
        """The column with the time that the report filters on."""

    @property
    def selected_by_default(self) -> bool:
        """Whether discovery selects the stream."""


@dataclass(frozen=True)
class InForce:
    """The catalog that the run uses, and the streams that cannot be read."""

    #: The selected streams that are read; None without a catalog. `stream_alias` holds an alias.
    catalog: Catalog | None
    #: The other selected streams, each with the reason why it is not read.
    refused: Mapping[str, str]


def in_force(given: Mapping[str, Any] | None, declared: Iterable[Declared]) -> InForce:
    """Reads the user's catalog.

    Args:
        given: The user's catalog as JSON; None if the user gave none.
        declared: The streams of the tap.

    Returns:
        The catalog in force, and the streams that cannot be read as the catalog requires.

    Raises:
        ConfigValidationError: the JSON is not a catalog.
    """
    if given is None:
        return InForce(None, {})
    streams = {stream.name: stream for stream in declared}
    selected: dict[str, Entry] = {}
    refused: dict[str, str] = {}
    for name, entries in _by_stream(given).items():
        try:
            if (entry := _selected(entries, streams.get(name))) is not None:
                selected[name] = entry
        except CatalogError as error:
            refused[name] = str(error)
    names = Counter(str(entry.get("stream") or name) for name, entry in selected.items())
    catalog = Catalog()
    for name, entry in selected.items():
        try:
            catalog.add_stream(_honoured(entry, streams[name], names))
        except CatalogError as error:
            refused[name] = str(error)
    return InForce(catalog, refused)


def _by_stream(given: Mapping[str, Any]) -> dict[str, list[Entry]]:
    """Groups the catalog's entries by stream."""
    entries = given.get("streams")
    if not isinstance(entries, list) or not entries:
        msg = "catalog: it has no streams; create a catalog with --discover"
        raise ConfigValidationError(msg, errors=[msg])
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        name = isinstance(entry, dict) and (entry.get("tap_stream_id") or entry.get("stream"))
        if not isinstance(name, str):
            msg = f"catalog: it has a stream without tap_stream_id; create it with --discover: {entry!r:.200}"
            raise ConfigValidationError(msg, errors=[msg])
        found[name].append(entry)
    return found


def _selected(entries: Sequence[Entry], stream: Declared | None) -> Entry | None:
    """Returns the entry that selects a stream; None if no entry selects it.

    Raises:
        CatalogError: the tap has no such stream, or it is selected more than once.
    """
    is_default = stream is not None and stream.selected_by_default
    selected = [entry for entry in entries if is_selected(entry, metadata_of(entry), is_default=is_default)]
    if selected and stream is None:
        msg = "the catalog selects this stream, but the tap does not have it; --discover lists the streams"
        raise CatalogError(msg)
    if len(selected) > 1:
        msg = f"the catalog selects this stream {len(selected)} times; remove all entries but one"
        raise CatalogError(msg)
    return selected[0] if selected else None


def _honoured(entry: Entry, stream: Declared, names: Mapping[str, int]) -> CatalogEntry:
    """Returns the SDK's catalog entry of a selected stream, with the user's edits applied.

    Args:
        entry: The user's entry of the stream.
        stream: The stream's declaration.
        names: How many selected streams have each name in the Singer messages.

    Raises:
        CatalogError: the stream cannot be read as the entry requires.
    """
    metadata, own = metadata_of(entry), stream.schema["properties"]
    root = metadata.get((), {})
    replication_key = _replication_key(entry, root, stream.replication_key or "")
    columns = _columns(entry, own)
    keys = _keys(entry, root, stream.primary_keys, [*columns, *own])
    automatic = [*keys, replication_key]
    columns = {name: own[name] for name in automatic if name not in columns} | columns
    properties = {name: typed(field, own.get(name), is_key=name in keys) for name, field in columns.items()}
    selected = columns_selected(entry, metadata, automatic) | {(): {"selected": True}}
    return CatalogEntry(
        tap_stream_id=stream.name,
        stream=stream.name,
        stream_alias=_alias(entry, stream.name, names),
        key_properties=keys,
        replication_key=replication_key,
        replication_method=_replication_method(entry, root, stream.name),
        schema=Schema.from_dict(stream.schema | {"properties": properties, "required": keys}),
        metadata=MetadataMapping.from_iterable(
            {"breadcrumb": breadcrumb, "metadata": values} for breadcrumb, values in selected.items()
        ),
    )


def _replication_key(entry: Entry, root: Mapping[str, Any], own: str) -> str:
    values = [root.get("replication-key"), entry.get("replication_key")]
    key = edited(own, filter(None, values))
    if key != own:
        msg = f"the catalog sets replication-key to {key!r:.200}; it must be {own!r}, or left out"
        raise CatalogError(msg)
    return own


def _replication_method(entry: Entry, root: Mapping[str, Any], name: str) -> str:
    if name == REPORT_FILES:  # it has no plan and no bookmark, so a method has no effect
        return REPLICATION_INCREMENTAL
    # Singer and Meltano write `replication-method`, which the SDK does not read.
    values = [
        root.get("replication-method"),
        root.get("forced-replication-method"),
        entry.get("replication_method"),
    ]
    method = edited(REPLICATION_INCREMENTAL, filter(None, values))
    if method not in METHODS:
        msg = f"the catalog sets replication-method to {method!r:.200}; it must be INCREMENTAL or FULL_TABLE"
        raise CatalogError(msg)
    return str(method)


def _keys(entry: Entry, root: Mapping[str, Any], own: Sequence[str], columns: Collection[str]) -> list[str]:
    """Returns the key columns; an empty list in the metadata means that there are none."""
    values = [root.get("table-key-properties"), entry.get("key_properties")]
    if values[0] is not None and not values[1]:
        values.pop()  # older programs write an empty list there even if the metadata has keys
    try:
        keys = edited(list(own), [keys for value in values if (keys := to_list(value)) is not None])
    except ValueError:
        msg = f"the catalog sets table-key-properties to {values!r:.200}; it must be a list of columns"
        raise CatalogError(msg) from None
    for key in keys:
        if key not in columns:
            msg = f"the catalog sets table-key-properties to {keys!r:.200}; {key!r:.200} is not a column"
            raise CatalogError(msg)
    return list(dict.fromkeys(keys))


def _columns(entry: Entry, own: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the entry's columns with their schemas, after checking each."""
    columns = {}
    names = {plain_name(name): name for name in own if name not in OWN_COLUMNS}
    for name, field in (schema_of(entry).get("properties") or own).items():
        if name == UNKNOWN_FIELDS and name not in own:
            continue  # an older catalog, made with another value of the setting `unknown_fields`
        if name not in own and (other := names.setdefault(plain_name(name), name)) != name:
            msg = f"the catalog adds the column {name!r:.200}, which reads the same field as {other!r:.200}"
            raise CatalogError(f"{msg}; remove one of them")
        check(name, own.get(name), field)
        columns[name] = field
    return columns


def _alias(entry: Entry, name: str, names: Mapping[str, int]) -> str | None:
    """Returns the alias that a stream has in the Singer messages; None if it has none."""
    alias = entry.get("stream") or name
    if not isinstance(alias, str):
        msg = f"the catalog sets stream to {alias!r:.200}; it must be a string"
        raise CatalogError(msg)
    if alias == name:
        return None
    if names[alias] > 1:
        msg = f"the catalog sets stream to {alias!r:.200}; another selected stream has that name"
        raise CatalogError(msg)
    return alias
