-- Each agent's day: the time in each kind of status, the occupancy, and the calls. A call counts for the
-- agent who ended it.
with statuses as (
    select
        day,
        user_id,
        sum(case when kind = 'available' then seconds else 0 end) as seconds_available,
        sum(case when kind = 'on call' then seconds else 0 end) as seconds_on_call,
        sum(case when kind = 'after call' then seconds else 0 end) as seconds_after_call,
        sum(case when kind = 'away' then seconds else 0 end) as seconds_away
    from {{ ref('status_per_day') }}
    group by day, user_id
),

handled as (
    select
        day,
        user_id,
        count(*) as calls,
        sum(talk_time) as seconds_talked
    from {{ ref('calls') }}
    where was_answered and user_id is not null
    group by day, user_id
)

select
    coalesce(statuses.day, handled.day) as day,
    coalesce(statuses.user_id, handled.user_id) as user_id,
    coalesce(statuses.seconds_available, 0) as seconds_available,
    coalesce(statuses.seconds_on_call, 0) as seconds_on_call,
    coalesce(statuses.seconds_after_call, 0) as seconds_after_call,
    coalesce(statuses.seconds_away, 0) as seconds_away,
    (statuses.seconds_on_call + statuses.seconds_after_call) / nullif(
        statuses.seconds_on_call + statuses.seconds_after_call + statuses.seconds_available, 0
    ) as occupancy,
    coalesce(handled.calls, 0) as calls,
    coalesce(handled.seconds_talked, 0) as seconds_talked
from statuses
full outer join handled
    on statuses.day = handled.day and statuses.user_id = handled.user_id
