"""The backfill in Dagster: one asset, with a partition for each account and month."""

import dagster as dg
import slices

partitions = dg.MultiPartitionsDefinition(
    {
        "account": dg.StaticPartitionsDefinition(slices.ACCOUNTS),
        "month": dg.StaticPartitionsDefinition(slices.MONTHS),
    }
)
again = dg.RetryPolicy(
    max_retries=slices.RETRIES, delay=slices.RETRY_PAUSE.total_seconds(), backoff=dg.Backoff.EXPONENTIAL
)


@dg.asset(partitions_def=partitions, retry_policy=again)
def talkdesk_reports(context: dg.AssetExecutionContext) -> None:
    """Loads calls and agent statuses of one month of one account."""
    slices.load(**context.partition_key.keys_by_dimension)


backfill = dg.define_asset_job("backfill", [talkdesk_reports])
defs = dg.Definitions([talkdesk_reports], jobs=[backfill], executor=dg.in_process_executor)
