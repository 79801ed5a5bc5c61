"""The backfill in Airflow: one task per account, mapped over the months."""

import slices
from airflow.sdk import dag, task


@dag(schedule=None)
def talkdesk_backfill() -> None:
    """Loads every month of every account."""

    @task(
        retries=slices.RETRIES,
        retry_delay=slices.RETRY_PAUSE,
        retry_exponential_backoff=2,
        map_index_template="{{ task.op_kwargs['month'] }}",
    )
    def load(account: str, month: str) -> None:
        slices.load(account, month)

    for account in slices.ACCOUNTS:
        # A pool has a slot for each report job that the backfill may run at once in an account.
        one_account = load.override(
            task_id=f"load_{account}", pool=f"talkdesk_{account}", pool_slots=slices.JOBS
        )
        one_account.partial(account=account).expand(month=slices.MONTHS)


talkdesk_backfill()
