-- How calls ended, for each hour of the day (UTC). DISTINCT, because a row may arrive twice.
select
    hour(start_at at time zone 'UTC') as hour,
    count(*) filter (type in ('inbound', 'outbound')) as answered,
    count(*) filter (type like '%missed' or type = 'voicemail') as missed,
    count(*) filter (type like '%abandoned') as abandoned,
from (select distinct * from read_json('demo/output/calls.jsonl'))
group by hour
order by hour
