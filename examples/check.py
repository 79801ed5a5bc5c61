"""Compare rows by key and content: are those of the slices together those of one long run?

    python check.py output/long/acme output/dagster/acme-2026-01 output/dagster/acme-2026-02 ...

The first folder is that of the long run. Exits 1, and shows some keys, if they differ.
"""

import json
import sys
from pathlib import Path

KEYS = {"calls": "call_id", "user_status": "_row_id"}


def main(long_run: Path, *slices: Path) -> int:
    """Compare stream by stream, and say how many rows there are."""
    different = False
    for stream, key in KEYS.items():
        wanted, _ = rows([long_run], stream, key)
        loaded, lines = rows(slices, stream, key)
        wrong = [each for each in wanted.keys() | loaded if wanted.get(each) != loaded.get(each)]
        print(
            f"{stream}: {len(wanted):,} rows in the long run, {len(loaded):,} in {len(slices)} slices "
            f"({lines - len(loaded):,} lines were the same key again): {len(wrong):,} differ"
        )
        for each in sorted(wrong)[:5]:
            print(f"  {key} {each}: long run {wanted.get(each)}, slices {loaded.get(each)}")
        different |= bool(wrong) or not wanted
    return int(different)


def rows(folders: list[Path] | tuple[Path, ...], stream: str, key: str) -> tuple[dict[str, object], int]:
    """The last row of each key, as a target that knows keys would keep it; and how many lines there were."""
    files = [folder / f"{stream}.jsonl" for folder in folders]
    lines = [line for file in files for line in file.read_text().splitlines()]
    loaded = [json.loads(line) for line in lines]
    return {row[key]: row for row in loaded}, len(lines)


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
