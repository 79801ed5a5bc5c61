-- Each report file, with the number of rows that the table has in its timespan. Distinct keys are counted,
-- so this works with targets that append and with targets that upsert.
with counted as (
    {%- for stream, columns in var('streams').items() %}
    select
        files.stream,
        files.timespan_start,
        files.timespan_end,
        files.job_id,
        files.read_at,
        files.rows_within,
        count(distinct loaded.{{ columns.key }}) as rows_found
    from {{ ref('report_files') }} as files
    left join {{ source('talkdesk', stream) }} as loaded
        on
            loaded.{{ columns.replication_key }} >= files.timespan_start
            and loaded.{{ columns.replication_key }} < files.timespan_end
    where files.stream = '{{ stream }}'
    group by
        files.stream,
        files.timespan_start,
        files.timespan_end,
        files.job_id,
        files.read_at,
        files.rows_within
    {{ "union all" if not loop.last }}
    {%- endfor %}
)

select
    counted.*,
    counted.rows_found - counted.rows_within as surplus,
    exists (
        select 1
        from {{ ref('report_files') }} as later
        where
            later.stream = counted.stream
            and later.timespan_start < counted.timespan_end
            and later.timespan_end > counted.timespan_start
            and later.read_at >= counted.read_at
            and (later.timespan_start, later.timespan_end, later.job_id)
            <> (counted.timespan_start, counted.timespan_end, counted.job_id)
    ) as is_read_again
from counted
