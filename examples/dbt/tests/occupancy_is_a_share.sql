-- No agent is busier than the whole of the time.
select * from {{ ref('agent_occupancy') }} where occupancy < 0 or occupancy > 1
