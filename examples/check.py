"""Checks that the slices together loaded the same rows as one long run, by key and content.

    python check.py output/long/acme output/dagster/acme-2026-01 output/dagster/acme-2026-02 ...

The first folder is that of the long run. If rows differ, the exit code is 1, and some keys are printed.
"""

import json
import sys
from pathlib import Path

KEYS = {"calls": "call_id", "user_status": "_row_id"}


def main(long_run: Path, *slices: Path) -> int:
    """Compares each stream, and prints the numbers of rows."""
    different = False
    for stream, key in KEYS.items():
        wanted, _ = rows([long_run], stream, key)
        loaded, lines = rows(slices, stream, key)
        wrong = [each for each in wanted.keys() | loaded if wanted.get(each) != loaded.get(each)]
        print(
            f"{stream}: {len(wanted):,} rows in the long run, {len(loaded):,} in {len(slices)} slices "
            f"({lines - len(loaded):,} lines repeated a key): {len(wrong):,} differ"
        )
        for each in sorted(wrong)[:5]:
            print(f"  {key} {each}: long run {wanted.get(each)}, slices {loaded.get(each)}")
        different |= bool(wrong) or not wanted
    return int(different)


def rows(folders: list[Path] | tuple[Path, ...], stream: str, key: str) -> tuple[dict[str, object], int]:
    """Returns the last row of each key, as a target that upserts keeps it, and the number of lines."""
    files = [folder / f"{stream}.jsonl" for folder in folders]
    lines = [line for file in files for line in file.read_text().splitlines()]
    loaded = [json.loads(line) for line in lines]
    return {row[key]: row for row in loaded}, len(lines)


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
