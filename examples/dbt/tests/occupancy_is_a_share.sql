-- No agent is busier than the whole of the time.
select * from {{ ref('agent_per_day') }} where occupancy < 0 or occupancy > 1
