-- Each call once. Rows may come twice, with the same key. A target that upserts has kept one of them.
-- If your target appends, order by the time of loading instead: `order by _sdc_sequence desc`.
select *
from (
    select
        call_id,
        type,
        start_at,
        end_at,
        cast(start_at as date) as day, -- in UTC, like the session
        ring_groups,
        coalesce(handling_user_id, user_id) as user_id,
        type in ('inbound', 'outbound') as was_answered,
        type in ('inbound', 'abandoned', 'missed', 'voicemail') as was_offered,
        talk_time,
        wait_time,
        row_number() over (partition by call_id order by end_at desc) as nth
    from {{ source('talkdesk', 'calls') }}
) as numbered
where nth = 1
