-- Each offered call was answered, abandoned or missed. The service level is between 0 and 1.
select *
from {{ ref('queue_per_day') }}
where offered <> answered + abandoned + missed or service_level < 0 or service_level > 1
