-- Second proof: a timespan has the rows of its file in the table: exactly those, or at least so many where
-- a file that was read later overlaps it. docs/evidence.md says what differs without a loss.
select *
from {{ ref('report_file_counts') }}
where surplus < 0 or (surplus > 0 and not is_read_again)
