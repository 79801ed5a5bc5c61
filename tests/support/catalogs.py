"""Catalogs: as the tap discovers them, with other metadata."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.support import run_tap

if TYPE_CHECKING:
    from pathlib import Path

Catalog = dict[str, Any]


def catalog_of(tmp_path: Path, config: dict[str, Any]) -> Catalog:
    """The catalog that the tap discovers with these settings."""
    return json.loads(run_tap(tmp_path, config, "--discover").stdout)


def with_metadata(catalog: Catalog, stream: str, breadcrumb: list[str], **metadata: Any) -> Catalog:
    """The catalog with some metadata of one breadcrumb changed."""
    entry = next(entry for entry in catalog["streams"] if entry["tap_stream_id"] == stream)
    found = next(each for each in entry["metadata"] if each["breadcrumb"] == breadcrumb)
    found["metadata"].update(metadata)
    return catalog


def everything(catalog: Catalog) -> Catalog:
    """The catalog with every stream selected."""
    for entry in catalog["streams"]:
        with_metadata(catalog, entry["stream"], [], selected=True)
    return catalog
