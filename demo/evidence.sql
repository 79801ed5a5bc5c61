-- Per stream, from `report_files`: number of timespans, the period they cover, gaps, rows.
select
    stream,
    count(*) as timespans,
    strftime(min(timespan_start) at time zone 'UTC', '%-d %b') as first,
    strftime(max(timespan_end) at time zone 'UTC', '%-d %b') as last,
    count(*) filter (where timespan_start > reached) as gaps,
    sum(rows_within) as rows_in_files
from (
    select
        *,
        max(timespan_end) over (
            partition by stream order by timespan_start
            rows between unbounded preceding and 1 preceding
        ) as reached
    from read_json('demo/output/report_files.jsonl')
) as files
group by stream
order by stream
