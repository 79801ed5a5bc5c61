-- First proof: the timespans of a stream's files cover everything up to the last one. Each result row is a
-- gap. A result row without times is a stream without any file.
with files as (
    select
        stream,
        timespan_start,
        {{ "greatest(cast('" ~ var('start_date') ~ "' as timestamp with time zone), " if var('start_date') -}}
        max(timespan_end) over (
            partition by stream order by timespan_start rows between unbounded preceding and 1 preceding
        )
        {{- ")" if var('start_date') }} as covered_until
    from {{ ref('report_files') }}
),

streams (stream) as (
    values {% for stream in var('streams') %}('{{ stream }}'){{ ", " if not loop.last }}{% endfor %}
)

select streams.stream, files.covered_until as gap_start, files.timespan_start as gap_end
from streams
left join files on files.stream = streams.stream
where files.timespan_start > files.covered_until or files.stream is null
