-- Calls by the day they began and the queue (ring group) they stood in. A call that stood in several
-- counts in each, so the queues of a day add up to more than its calls. Outbound calls stand in none.
with queued as (
    select
        *,
        unnest(string_to_array(coalesce(nullif(ring_groups, ''), 'none'), '+')) as queue
    from {{ ref('calls') }}
)

select
    day,
    queue,
    count(*) as calls,
    sum(case when was_answered then 1 else 0 end) as answered,
    sum(case when was_abandoned then 1 else 0 end) as abandoned,
    sum(case when not was_answered and not was_abandoned then 1 else 0 end) as missed,
    avg(case when was_answered then wait_time end) as seconds_waited,
    sum(talk_time) as seconds_talked
from queued
group by day, queue
