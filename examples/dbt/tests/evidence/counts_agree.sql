-- Second proof: the table has as many rows in a timespan as its file, or at least as many if a later file
-- overlaps. docs/evidence.md lists the differences that are not losses.
select *
from {{ ref('report_file_counts') }}
where surplus < 0 or (surplus > 0 and not is_read_again)
