"""Run a command and print what it used: `launch.py OUTPUT LOG COMMAND...`.

A process of its own because Linux counts what a parent occupies as the child's peak, up to
the moment at which the child becomes another program. So the parent has to be small.
"""

import json
import os
import sys
import time


def main(output: str, log: str, *command: str) -> None:
    """Run to the end, children of the command included."""
    began = time.monotonic()
    child = os.posix_spawn(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
            (os.POSIX_SPAWN_OPEN, 2, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
        ],
    )
    _, status, used = os.wait4(child, 0)
    wall = time.monotonic() - began
    kibibytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    print(
        json.dumps(
            {
                "code": os.waitstatus_to_exitcode(status),
                "cpu": used.ru_utime + used.ru_stime,
                "wall": wall,
                "peak": kibibytes / 1024,
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
