-- Second check: the table has as many rows in a timespan as its file has, or more if a later file overlaps
-- it. docs/evidence.md lists differences that are not a loss.
select *
from {{ ref('report_file_counts') }}
where surplus < 0 or (surplus > 0 and not is_read_again)
