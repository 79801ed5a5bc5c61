"""The output of `--discover` is in the repository, so a change of it is a diff to review."""

from __future__ import annotations

import json

import pytest
from syrupy.extensions.json import JSONSnapshotExtension

from tests.support import run_tap


@pytest.fixture(params=["explore", "reporting"])
def catalog(tmp_path, request):
    return json.loads(run_tap(tmp_path, {"api": request.param}, "--discover").stdout)


def test_the_catalog_is_the_one_that_was_approved(catalog, snapshot):
    # The order of the metadata does not matter, and differs between Python versions.
    for entry in catalog["streams"]:
        entry["metadata"].sort(key=lambda each: each["breadcrumb"])

    assert catalog == snapshot(extension_class=JSONSnapshotExtension)


def test_every_field_has_a_description_and_only_keys_are_never_null(catalog):
    for entry in catalog["streams"]:
        for name, field in entry["schema"]["properties"].items():
            assert field["description"].endswith("."), name
            assert ("null" in field["type"]) == (name not in entry["key_properties"]), name
        assert set(entry["schema"]["required"]) == set(entry["key_properties"])
