"""Runs a command, or several joined by `|`, and prints what each used: `launch.py OUTPUT LOG COMMAND...`.

It is a separate process, because Linux counts the parent's memory as the child's peak until
the child's `exec`. So the parent has to be small.
"""

import json
import os
import sys
import time


def main(output: str, log: str, *arguments: str) -> None:
    """Runs the commands and their children to their end."""
    to_log = (os.POSIX_SPAWN_OPEN, 2, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    began, children = time.monotonic(), []
    source = os.open(os.devnull, os.O_RDONLY)
    commands = _split(arguments)
    for number, command in enumerate(commands, 1):
        following, writing = os.pipe()
        if number == len(commands):
            os.close(writing)
            writing = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        actions = [(os.POSIX_SPAWN_DUP2, source, 0), (os.POSIX_SPAWN_DUP2, writing, 1), to_log]
        children.append(os.posix_spawn(command[0], command, os.environ, file_actions=actions))
        os.close(source)
        os.close(writing)
        source = following
    print(json.dumps([_used(child, began) for child in children]))


def _split(arguments: tuple[str, ...]) -> list[list[str]]:
    commands: list[list[str]] = [[]]
    for argument in arguments:
        if argument == "|":
            commands.append([])
        else:
            commands[-1].append(argument)
    return commands


def _used(child: int, began: float) -> dict[str, float]:
    _, status, used = os.wait4(child, 0)
    kibibytes = used.ru_maxrss / (1024 if sys.platform == "darwin" else 1)
    return {
        "code": os.waitstatus_to_exitcode(status),
        "cpu": used.ru_utime + used.ru_stime,
        "wall": time.monotonic() - began,
        "began": began,
        "peak": kibibytes / 1024,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
