"""Reads the user's catalog: what of each stream is in force, or why a stream cannot be read so. Pure.

Catalogs are edited by hand, by Meltano's extras `select`, `metadata` and `schema`, and by
programs that write older forms. The SDK reads one of several places for a value, and takes
whatever stands there. Here every edit is honoured, or its stream is refused.
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

#: The stream of the evidence, which has no report, no settings and no bookmark of its own.
REPORT_FILES = "report_files"
METHODS = (REPLICATION_INCREMENTAL, REPLICATION_FULL_TABLE)


class Declared(Protocol):
    """A stream as the tap declares it."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def schema(self) -> dict[str, Any]:
        """Its JSON Schema."""

    @property
    def primary_keys(self) -> Sequence[str]:
        """Its key columns."""

    @property
    def replication_key(self) -> str | None:
        """The column of the time that its report filters on."""

    @property
    def selected_by_default(self) -> bool:
        """Whether it is selected when it is discovered."""


@dataclass(frozen=True)
class InForce:
    """What is in force of a catalog."""

    #: The selected streams that are read; None without a catalog. An alias is the `stream_alias`.
    catalog: Catalog | None
    #: Why each other selected stream is not read.
    refused: Mapping[str, str]


def in_force(given: Mapping[str, Any] | None, declared: Iterable[Declared]) -> InForce:
    """Read a catalog.

    Args:
        given: The catalog as JSON, as the user gave it; None: there is none.
        declared: The streams of the tap.

    Raises:
        ConfigValidationError: it is no catalog.
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
    """The entries of each stream."""
    entries = given.get("streams")
    if not isinstance(entries, list) or not entries:
        msg = "catalog: it has no streams, so that nothing would be read; make one with --discover"
        raise ConfigValidationError(msg, errors=[msg])
    found: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        name = isinstance(entry, dict) and (entry.get("tap_stream_id") or entry.get("stream"))
        if not isinstance(name, str):
            msg = f"catalog: it has a stream without tap_stream_id: {entry!r:.200}"
            raise ConfigValidationError(msg, errors=[msg])
        found[name].append(entry)
    return found


def _selected(entries: Sequence[Entry], stream: Declared | None) -> Entry | None:
    """The entry of a stream that is selected, if one is.

    Raises:
        CatalogError: there is no such stream, or it is selected more than once.
    """
    is_default = stream is not None and stream.selected_by_default
    selected = [entry for entry in entries if is_selected(entry, metadata_of(entry), is_default=is_default)]
    if selected and stream is None:
        msg = "the catalog selects this stream, and the tap has none of this name; see --discover"
        raise CatalogError(msg)
    if len(selected) > 1:
        msg = f"the catalog selects this stream {len(selected)} times; a stream is read once"
        raise CatalogError(msg)
    return selected[0] if selected else None


def _honoured(entry: Entry, stream: Declared, names: Mapping[str, int]) -> CatalogEntry:
    """What is in force of a selected stream, in the SDK's terms.

    Args:
        entry: Its entry.
        stream: Its declaration.
        names: How many selected streams have each name in the messages.

    Raises:
        CatalogError: the stream cannot be read as the entry says.
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
    said = [root.get("replication-key"), entry.get("replication_key")]
    key = edited(own, filter(None, said))
    if key != own:
        msg = f"the catalog sets replication-key to {key!r:.200}; this report can be read by {own!r} only"
        raise CatalogError(msg)
    return own


def _replication_method(entry: Entry, root: Mapping[str, Any], name: str) -> str:
    if name == REPORT_FILES:  # it has no plan and no bookmark that a method could be about
        return REPLICATION_INCREMENTAL
    # The SDK knows no `replication-method`, which is Singer's name for it, and Meltano's.
    said = [
        root.get("replication-method"),
        root.get("forced-replication-method"),
        entry.get("replication_method"),
    ]
    method = edited(REPLICATION_INCREMENTAL, filter(None, said))
    if method not in METHODS:
        msg = f"the catalog sets replication-method to {method!r:.200}; it must be INCREMENTAL or FULL_TABLE"
        raise CatalogError(msg)
    return str(method)


def _keys(entry: Entry, root: Mapping[str, Any], own: Sequence[str], columns: Collection[str]) -> list[str]:
    """The key columns; an empty list in the metadata means none."""
    said = [root.get("table-key-properties"), entry.get("key_properties")]
    if said[0] is not None and not said[1]:
        said.pop()  # older programs write an empty list there, whatever the metadata says
    try:
        keys = edited(list(own), [keys for value in said if (keys := to_list(value)) is not None])
    except ValueError:
        msg = f"the catalog sets table-key-properties to {said!r:.200}; it must be a list of columns"
        raise CatalogError(msg) from None
    for key in keys:
        if key not in columns:
            msg = f"the catalog sets table-key-properties to {keys!r:.200}; {key!r:.200} is no column"
            raise CatalogError(msg)
    return list(dict.fromkeys(keys))


def _columns(entry: Entry, own: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that the entry has, with its types."""
    columns = {}
    names = {plain_name(name): name for name in own if name not in OWN_COLUMNS}
    for name, field in (schema_of(entry).get("properties") or own).items():
        if name == UNKNOWN_FIELDS and name not in own:
            continue  # from when the setting `unknown_fields` was another
        if name not in own and (other := names.setdefault(plain_name(name), name)) != name:
            msg = f"the catalog adds the column {name!r:.200}, which has the same field as {other!r:.200}"
            raise CatalogError(msg)
        check(name, own.get(name), field)
        columns[name] = field
    return columns


def _alias(entry: Entry, name: str, names: Mapping[str, int]) -> str | None:
    """The name of a stream in the messages, if it is another."""
    alias = entry.get("stream") or name
    if not isinstance(alias, str):
        msg = f"the catalog sets stream to {alias!r:.200}; it must be a text"
        raise CatalogError(msg)
    if alias == name:
        return None
    if names[alias] > 1:
        msg = f"the catalog sets stream to {alias!r:.200}; another selected stream has this name"
        raise CatalogError(msg)
    return alias
