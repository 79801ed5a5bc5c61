-- Each report file of the checked streams once. A file comes twice if a run stopped after it, before its
-- STATE was stored, and the next run read the same job again.
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
