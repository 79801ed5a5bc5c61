"""Converts a value to its declared type: timestamps, durations, numbers, booleans, lists, text. Pure.

The conversions are lenient: a CSV file holds only text, and the APIs write the same kind of
value in several ways (talkdesk-api, D3).
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from tap_talkdesk_reports.core.timespans import read_timestamp, rfc3339
from tap_talkdesk_reports.records.lenient_json import load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    #: Converts a value to the declared type; raises ValueError if it does not fit.
    Converter = Callable[[Any], Any]

TRUE = frozenset({"true", "yes", "1"})
FALSE = frozenset({"false", "no", "0"})

SECONDS_A_DAY = 86_400
LARGEST_FLOAT = sys.float_info.max
#: Integers from this limit on do not fit a database column of 64 bits.
LARGEST = 1 << 63


class InexactError(ValueError):
    """Raised when a value fits only after rounding."""

    def __init__(self, rounded: object) -> None:
        """Stores the rounded value."""
        super().__init__("the value has decimals")
        #: The rounded value.
        self.rounded = rounded


def converter(field: Mapping[str, Any], *, day_fractions: bool = False) -> Converter:
    """Returns the function that converts the values of a field, by its JSON Schema.

    A schema below `printed` means: convert the value by that schema, and write the result as
    text. With `day_fractions`, a duration below 1 is a fraction of a day.
    """
    if "printed" in field:
        return partial(_printed, converter(field["printed"], day_fractions=day_fractions))
    types = field["type"] if isinstance(field["type"], list) else [field["type"]]
    if field.get("format") == "date-time":
        return to_timestamp
    if field.get("unit") == "seconds" and "integer" in types:
        return to_seconds_of_day if day_fractions else to_seconds
    if field.get("accepts") == "any":
        return to_json_text
    converters: dict[str, Converter] = {
        "string": to_text,
        "integer": to_integer,
        "number": to_number,
        "boolean": to_boolean,
        "array": to_list,
        "object": to_object,
    }
    return next((converters[name] for name in types if name in converters), to_any)


def convert_all(convert: Converter, values: Sequence[Any]) -> Sequence[Any]:
    """Converts the values of a whole column; leaves null and `UNSET` (a missing field) as they are.

    Raises:
        ValueError: a value does not fit.
    """
    if convert is to_timestamp:
        if (stamps := _uniform(values)) is not None:
            return stamps
        texts = [value for value in values if isinstance(value, str) and value]
        if len(texts) < len(values) and (stamps := _uniform(texts)) is not None:
            following = iter(stamps)
            return [
                next(following) if isinstance(v, str) and v else _convert(to_timestamp, v) for v in values
            ]
    return [_convert(convert, value) for value in values]


def _convert(convert: Converter, value: Any) -> Any:
    return value if value is None or value is UNSET else convert(value)


def _uniform(stamps: Sequence[Any]) -> Sequence[str] | None:
    """Converts timestamps to RFC 3339 in UTC if all have the same common format; else returns None.

    The common formats are `2016-01-29 10:22:02` and `2016-01-29T10:22:02Z`. Converting each
    timestamp by itself takes several times as long.
    """
    try:
        msgspec.convert(stamps, list[datetime])
    except msgspec.ValidationError:
        return None
    joined = "\n".join(stamps)
    # The decoder accepts no text shorter than 19 characters, so the total length proves each length.
    count = len(stamps)
    if len(joined) == 20 * count - 1:
        with_zone = (joined.replace(" ", "T").replace("\n", "Z\n") + "Z").upper()
        return with_zone.split("\n")
    is_final = len(joined) == 21 * count - 1 and joined.count("Z") == joined.count("T") == count
    return stamps if is_final else None


def to_timestamp(value: object) -> str | None:
    """Converts a timestamp to RFC 3339 in UTC; empty text becomes None."""
    if not isinstance(value, str):
        raise ValueError
    return rfc3339(read_timestamp(value)) if value else None


def to_text(value: object) -> str:
    """Returns text unchanged; converts an integer, such as an id without quotation marks, to text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError


def _printed(convert: Converter, value: object) -> str | None:
    """Converts a value, and writes the result as text: JSON, unless it is text already."""
    try:
        converted = convert(value)
    except InexactError as error:
        raise InexactError(str(error.rounded)) from None
    is_text = converted is None or isinstance(converted, str)
    return converted if is_text else msgspec.json.encode(converted).decode()


def to_integer(value: object) -> int | None:
    """Converts to an integer, also from text and from a number such as 5.0; empty text becomes None."""
    read = to_number(value)
    if read is not None and (read != int(read) or abs(read) >= LARGEST):
        raise ValueError
    return None if read is None else int(read)


def to_seconds(value: object) -> int | None:
    """Converts a duration to whole seconds; empty text becomes None.

    Raises:
        InexactError: the value has decimals.
    """
    read = to_number(value)
    if read is None:
        return None
    rounded = to_integer(round(read))
    assert rounded is not None
    if rounded != read:
        raise InexactError(rounded)
    return rounded


def to_seconds_of_day(value: object) -> int | None:
    """Converts a duration to whole seconds; below 1 it is a fraction of a day (talkdesk-api, C1 and C2).

    Raises:
        InexactError: the value is not below 1 and has decimals.
    """
    read = to_number(value)
    return to_seconds(read) if read is None or abs(read) >= 1 else round(read * SECONDS_A_DAY)


def to_number(value: object) -> float | None:
    """Converts to a finite number, also from text; empty text becomes None."""
    if isinstance(value, str):
        if not value:
            return None
        digits = _digits(value)
        try:
            value = int(digits)  # JSON would have an integer, too
        except ValueError:
            value = float(digits)
    # Every comparison with NaN is false, so NaN does not pass.
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or not -LARGEST_FLOAT <= value <= LARGEST_FLOAT
    ):
        raise ValueError
    return value


def to_boolean(value: object) -> bool | None:
    """Converts to a boolean, also from text such as `Yes`, `NO` or `TRUE`; empty text becomes None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = value.strip().lower()
        if word in TRUE or word in FALSE:
            return word in TRUE
        if not word:
            return None
    raise ValueError


def to_list(value: object) -> list[Any] | None:
    """Converts to a list; CSV writes it as JSON text."""
    value = _from_text(value)
    if value is None or isinstance(value, list):
        return value
    raise ValueError


def to_object(value: object) -> dict[str, Any] | None:
    """Converts to an object; CSV writes it as JSON text."""
    value = _from_text(value)
    if value is None or isinstance(value, dict):
        return value
    raise ValueError


def _from_text(value: object) -> object:
    """Decodes a value that CSV writes as JSON text; returns other values unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return load(value) if value else None
    except RecursionError:  # brackets nested too deep
        raise ValueError from None


def to_json_text(value: object) -> str:
    """Returns text unchanged; writes any other value as JSON, spaced as in Talkdesk's sample of a list."""
    return value if isinstance(value, str) else json.dumps(to_any(value), ensure_ascii=False)


def to_any(value: object) -> object:
    """Returns any value unchanged, null for empty text; refuses numbers that no column can hold."""
    if isinstance(value, Decimal):
        raise ValueError
    return None if value == "" else value


def _digits(text: str) -> str:
    """Returns the text of a number; refuses a form such as 1_000 that only Python reads."""
    if "_" in text:
        raise ValueError
    return text
