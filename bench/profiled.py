"""Runs the tap with Python's profiler: `python -m bench.profiled FILE OPTIONS...`, with the tap's options.

It counts the CPU time of the main thread, which reads the report files and writes the
records. Requests and downloads run in other threads.
"""

import cProfile
import sys
import time

from tap_talkdesk_reports.__main__ import main

if __name__ == "__main__":
    profile = cProfile.Profile(time.thread_time)
    output = sys.argv.pop(1)
    try:
        profile.runcall(main)
    finally:
        profile.dump_stats(output)
