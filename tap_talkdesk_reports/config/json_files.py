"""Reads the JSON files that the command line names: state and catalog."""

from __future__ import annotations

import logging
from typing import IO, Any

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers._util import load_json

logger = logging.getLogger("tap-talkdesk-reports")


def read_json(file: IO[str] | None, name: str) -> dict[str, Any] | None:
    """Reads the JSON object in a file; returns None if there is no file, or the state file is empty.

    Args:
        file: The open file, or None.
        name: `state` or `catalog`.

    Raises:
        ConfigValidationError: the file does not contain a JSON object.
    """
    if file is None:
        return None
    text = file.read()
    if name == "state" and not text.strip():
        logger.warning("state: the file is empty, so the run starts without a state")
        return None
    try:
        content = load_json(text)
    except ValueError as error:
        msg = f"{name}: cannot be read as JSON; correct the file: {error}"
        raise ConfigValidationError(msg, errors=[msg]) from None
    if isinstance(content, dict):
        return content
    msg = f"{name}: the file must hold a JSON object, and holds {type(content).__name__}"
    raise ConfigValidationError(msg, errors=[msg])
