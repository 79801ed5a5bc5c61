-- Inbound calls by day and queue (ring group). A call in several queues counts in each of them, so the sum
-- over the queues of a day may be more than its calls.
with queued as (
    select
        *,
        unnest(string_to_array(coalesce(nullif(ring_groups, ''), 'none'), '+')) as queue
    from {{ ref('calls') }}
    where type not in ('outbound', 'outbound_missed')
)

select
    day,
    queue,
    count(*) filter (where was_offered) as offered,
    count(*) filter (where was_answered) as answered,
    count(*) filter (where type = 'abandoned') as abandoned,
    count(*) filter (where type in ('missed', 'voicemail')) as missed,
    count(*) filter (where type = 'short_abandoned') as short_abandoned,
    avg(
        case when was_answered and wait_time <= {{ var('service_level_seconds') }} then 1.0 else 0.0 end
    ) filter (where was_offered) as service_level,
    avg(wait_time) filter (where was_answered) as average_speed_of_answer,
    avg(talk_time) filter (where was_answered) as average_handle_time,
    max(wait_time) filter (where was_offered) as longest_wait
from queued
group by day, queue
