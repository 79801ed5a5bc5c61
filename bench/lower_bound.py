"""A lower bound for the tap: decode, timestamps, encode, write. `python -m bench.lower_bound FILE`.

It checks nothing: not the end of the file, its `total`, a key or a timestamp. It assumes that all
rows have the fields of the first, and that each report has the layout of the sandbox. No HTTP, no
state, no SDK; JSON only. The tap needs more time for its checks, and for the columns that the file
lacks.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from itertools import repeat
from operator import attrgetter
from pathlib import Path
from types import GenericAlias

import msgspec

from bench.calls import KINDS

#: About the fastest of the powers of two from 32 KiB to 1 MiB.
_PIECE = 1 << 16
_BOUNDARY = b"},{"
_TYPES = {"date-time": str, "integer": int | None, "boolean": bool | None, "string": str | None}
_HEAD = b'{"type":"RECORD","stream":"calls","record":'
_TAIL = b',"time_extracted":"2026-01-01T00:00:00Z"}\n'


def main(path: Path) -> None:
    """Writes the RECORD lines of a JSON report file."""
    encode = msgspec.json.Encoder().encode_lines
    with path.open("rb", buffering=0) as file:
        rest = file.read(_PIECE)
        rest = rest[rest.index(b"[") + 1 :]
        if (first := rest.find(_BOUNDARY)) < 0:
            return  # no rows
        fields = msgspec.json.decode(rest[: first + 1])
        row = msgspec.defstruct("Row", [(name, _TYPES[KINDS[name]]) for name in fields], gc=False)
        decode = msgspec.json.Decoder(GenericAlias(list, (row,))).decode
        stamps = [name for name in fields if KINDS[name] == "date-time"]
        while rest:
            piece = file.read(_PIECE)
            rest += piece
            end = rest.rindex(_BOUNDARY) + 1 if piece else len(rest.removesuffix(b"]}"))
            rows = decode(b"[" + rest[:end] + b"]")
            rest = rest[end + 1 :] if piece else b""
            for name in stamps:
                column = "\n".join(map(attrgetter(name), rows)).replace(" ", "T").replace("\n", "Z\n") + "Z"
                deque(map(setattr, rows, repeat(name), column.split("\n")), maxlen=0)
            lines = memoryview(_HEAD + encode(rows).replace(b"\n", _TAIL + _HEAD))[: -len(_HEAD)]
            while lines:
                lines = lines[os.write(1, lines) :]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
