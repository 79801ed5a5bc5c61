"""Runs a sync: plans the due timespans, reads their report files, and moves the bookmarks.

- `sync_all`: reads all selected streams; handles failures, the last STATE and the exit code
- `report_stream`: one stream: reads each file, writes its records, moves the bookmark
- `run`: one run: signs in, plans, makes files ahead, hands them out; `runs` opens runs
- `delivery`: a report file that was handed out; the stream reads it, then acks or rejects it
- `plan`: lists what is due, cuts it into pieces, and decides what replaces a failed piece
- `work`: the work of a worker thread: begins a stream's plan, or makes a report file
- `lookahead`: works on several pieces at once on worker threads; ack, reject, cancel, slots;
  `entry` is one piece in it, `window` holds the pieces in progress
- `connect`: creates the clients of a run, and compares the clocks
- `evidence`: the stream `report_files`
- `connection_test`: the option `--test`
- `progress`: bars at a terminal, otherwise a log line a minute
"""
