-- Hours that agents spent in each status while they worked. DISTINCT, because a row may arrive twice.
select
    status_label as status,
    sum(status_time) / 3600 as hours,
from (select distinct * from read_json('demo/output/user_status.jsonl'))
where status <> 'Offline'
group by status
order by hours desc
