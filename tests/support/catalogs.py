"""Catalogs as the tap discovers them, with changed metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support import run_tap

if TYPE_CHECKING:
    from pathlib import Path

Catalog = dict[str, Any]


#: Discovered catalogs, by the settings that discovery may depend on.
_discovered: dict[str, str] = {}
#: Settings that discovery does not depend on, because it makes no request.
_OF_A_SERVER = ("api_url", "token_url")


def catalog_of(tmp_path: Path, config: dict[str, Any]) -> Catalog:
    """Returns a copy of the catalog that the tap discovers with these settings. It is discovered once."""
    settings = json.dumps({name: value for name, value in config.items() if name not in _OF_A_SERVER})
    if settings not in _discovered:
        _discovered[settings] = run_tap(tmp_path, config, "--discover").stdout
    return json.loads(_discovered[settings])


def with_metadata(catalog: Catalog, stream: str, breadcrumb: list[str], **metadata: Any) -> Catalog:
    """Returns the catalog with some metadata of one breadcrumb changed."""
    entry = next(entry for entry in catalog["streams"] if entry["tap_stream_id"] == stream)
    found = next(each for each in entry["metadata"] if each["breadcrumb"] == breadcrumb)
    found["metadata"].update(metadata)
    return catalog


def everything(catalog: Catalog) -> Catalog:
    """Returns the catalog with every stream selected."""
    for entry in catalog["streams"]:
        with_metadata(catalog, entry["stream"], [], selected=True)
    return catalog
