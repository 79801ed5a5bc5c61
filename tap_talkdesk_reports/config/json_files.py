"""Reads the JSON files of the command line: state and catalog."""

from __future__ import annotations

import logging
from typing import IO, Any

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._util import load_json

logger = logging.getLogger("tap-talkdesk-reports")


def read_json(file: IO[str] | None, name: str) -> dict[str, Any] | None:
    """The JSON object in a file; None without a file, and for an empty state.

    Args:
        file: The open file.
        name: `state` or `catalog`.

    Raises:
        ConfigValidationError: it holds no JSON object.
    """
    if file is None:
        return None
    text = file.read()
    if name == "state" and not text.strip():
        logger.warning("state: the file is empty, and counts as no state")
        return None
    try:
        content = load_json(text)
    except ValueError as error:
        msg = f"{name}: cannot be read as JSON: {error}"
        raise ConfigValidationError(msg, errors=[msg]) from None
    if isinstance(content, dict):
        return content
    msg = f"{name}: is {type(content).__name__} and no JSON object"
    raise ConfigValidationError(msg, errors=[msg])
