-- Seconds of each agent in each status and day. Statuses are cut at midnight, UTC, so a night shift counts
-- in both of its days. The status Offline is left out.
select
    s.user_id,
    cast(days.midnight as date) as day,
    lower(s.status_label) as status,
    s.kind,
    sum(extract(
        epoch from least(s.status_end_at, days.midnight + interval '1 day')
        - greatest(s.status_start_at, days.midnight)
    )) as seconds
from {{ ref('user_status') }} as s
cross join lateral generate_series(
    date_trunc('day', s.status_start_at), s.status_end_at, interval '1 day'
) as days (midnight)
where s.kind <> 'offline' and s.status_end_at > days.midnight
group by s.user_id, cast(days.midnight as date), lower(s.status_label), s.kind
