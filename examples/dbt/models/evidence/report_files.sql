-- Each report file of the chosen streams once. A file comes twice if a run stopped after it, before the
-- target kept the STATE, and the next run read the same job again.
select *
from (
    select
        stream,
        timespan_start,
        timespan_end,
        job_id,
        rows_within,
        read_at,
        row_number() over (
            partition by stream, timespan_start, timespan_end, job_id order by read_at desc
        ) as nth
    from {{ source('talkdesk', 'report_files') }}
) as numbered
where
    nth = 1
    and stream in ({% for stream in var('streams') %}'{{ stream }}'{{ ", " if not loop.last }}{% endfor %})
