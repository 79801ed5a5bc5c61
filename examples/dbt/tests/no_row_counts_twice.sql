-- There is one row for each day and queue, and one for each day and agent.
select day, queue as what from {{ ref('queue_per_day') }} group by day, queue having count(*) > 1
union all
select day, user_id as what from {{ ref('agent_per_day') }} group by day, user_id having count(*) > 1
