-- The occupancy of an agent is between 0 and 1.
select * from {{ ref('agent_per_day') }} where occupancy < 0 or occupancy > 1
