-- What was offered was answered, abandoned or missed; a service level is a share of it.
select *
from {{ ref('queue_per_day') }}
where offered <> answered + abandoned + missed or service_level < 0 or service_level > 1
