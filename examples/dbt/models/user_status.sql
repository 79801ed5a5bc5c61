-- Each period in a status once, with the kind of the status. Labels may be in any letter case.
-- If your account has other statuses, assign them to a kind here.
select *
from (
    select
        _row_id,
        user_id,
        user_name,
        status_label,
        status_start_at,
        status_end_at,
        case lower(status_label)
            when 'available' then 'available'
            when 'on a call' then 'on call'
            when 'after call work' then 'after call'
            when 'offline' then 'offline'
            else 'away'
        end as kind,
        row_number() over (partition by _row_id order by status_end_at desc) as nth
    from {{ source('talkdesk', 'user_status') }}
) as numbered
where nth = 1
