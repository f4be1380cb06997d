"""A bounded wait for the cluster: Spark itself waits for ever for an executor that never comes."""

from __future__ import annotations

import threading
import time

from pyspark import SparkContext

from pipelines.engines.spark.failures import NO_EXECUTOR

PATIENCE = "spark.huiliu.patience"
PATIENCE_SECONDS = 180.0
POLL_SECONDS = 2.0


def watch(context: SparkContext) -> None:
    """Cancel what waits without any executor for longer than `spark.huiliu.patience` (seconds, 180 by default).

    The watch ends with the context. A local master is its own executor and needs none.
    """
    if not context.master.startswith("local"):
        patience = float(context.getConf().get(PATIENCE, str(PATIENCE_SECONDS)))
        threading.Thread(target=_watch, args=(context, patience), name="spark-watch", daemon=True).start()


def _watch(context: SparkContext, patience: float) -> None:
    waiting_since: float | None = None
    while True:
        time.sleep(min(POLL_SECONDS, patience / 4))
        try:
            spark = context._jsc.sc()
            if spark.isStopped():
                return
            jobs = list(context.statusTracker().getActiveJobsIds())
            # The driver counts as one of them.
            is_alone = spark.getExecutorMemoryStatus().size() <= 1
            if not (jobs and is_alone):
                waiting_since = None
                continue
            waiting_since = waiting_since or time.monotonic()
            if time.monotonic() - waiting_since >= patience:
                for job in jobs:
                    spark.cancelJob(job, f"{NO_EXECUTOR} for {patience:g} s")
        except Exception:
            return  # Spark's process has ended, and whoever waits for it is told so
