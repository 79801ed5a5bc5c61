"""Decodes JSON that strict decoders refuse: NaN, 1e400, very large numbers, lone surrogates. Pure."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any

import msgspec

Row = dict[str, Any]

#: A number that JSON does not allow, or that may be larger than every float.
_odd_number = re.compile(rb"NaN|Infinity|[eE]\+?\d{3}|\d{200}")
#: An escaped surrogate such as `\ud83d`. It is one half of an emoji; a cut text may lack the other half.
_surrogate = re.compile(rb"\\u[dD][89a-fA-F]")
_decode_rows = msgspec.json.Decoder(list[Row]).decode


def decode_rows(data: bytes) -> list[Row]:
    """Decodes a JSON list of objects.

    A number that no column can hold becomes a `Decimal`; within a list or object it becomes text.

    Raises:
        msgspec.DecodeError, ValueError: the data is not such a list.
    """
    try:
        return _decode_rows(data)
    except msgspec.DecodeError:
        if has_surrogates(data) or not _odd_number.search(data):
            raise
    rows = msgspec.convert(_load(data.decode()), list[Row])
    return [
        {name: v if isinstance(v, Decimal) else msgspec.to_builtins(v) for name, v in row.items()}
        for row in rows
    ]


def load(text: str) -> Any:
    """Decodes a JSON text; a number that no column can hold becomes text.

    Raises:
        ValueError: the text is not JSON.
    """
    return msgspec.to_builtins(_load(text))


def has_surrogates(data: bytes) -> bool:
    """Whether JSON contains an escaped surrogate, alone or in a pair."""
    return _surrogate.search(data) is not None


def without_lone_surrogates(data: bytes) -> bytes:
    """Returns the same JSON with a replacement character for each lone surrogate."""
    decoded = json.dumps(json.loads(data), ensure_ascii=False)
    return decoded.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").encode()


def _load(text: str) -> Any:
    return json.loads(text, parse_constant=Decimal, parse_float=_float, parse_int=_int)


def _float(literal: str) -> float | Decimal:
    value = float(literal)
    if math.isfinite(value):
        return value
    try:
        return Decimal(literal)
    except ArithmeticError:  # for example an exponent of twenty digits
        return Decimal(value)


def _int(literal: str) -> int | Decimal:
    try:
        return int(literal)
    except ValueError:  # Python converts at most 4,300 digits
        return Decimal(literal)
