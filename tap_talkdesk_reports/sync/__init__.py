"""A run, from what is due to the bookmark.

- `sync_all`: reads all selected streams; a failure of one stream, the last STATE, the exit code
- `report_stream`: one stream: reads each file, writes its records, moves the bookmark
- `run`: one run: signs in, plans, makes files ahead, hands them out; `runs` opens runs
- `delivery`: a report file that is handed out: read, then acked or rejected
- `plan`: what is due, cut into pieces, and what follows a failure
- `work`: what a worker thread does with a piece: begin a stream's plan, or make a report file
- `lookahead`: pieces at once on worker threads; ack, reject, cancel; the number of open jobs;
  `entry` is one piece in it, `window` the pieces under way
- `connect`: the clients of a run, and the difference of the clocks
- `evidence`: the stream `report_files`
- `connection_test`: `--test`
- `progress`: bars at a terminal, otherwise a log line a minute
"""
