"""What Dagster keeps of an error: never its text where that could hold values of the data."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from pipelines.engines.spark.failures import spark_failure
from pipelines.errors import HuiliuError
from pipelines.storage.damage import lake_failure


@contextmanager
def told_without_values(task: str) -> Iterator[None]:
    """Errors written for people pass as they are; of any other only its kind and its place in the code.

    `HUILIU_DEBUG` in the environment lets the whole error through.
    """
    try:
        yield
    except HuiliuError:
        raise
    except Exception as error:
        if "HUILIU_DEBUG" in os.environ:
            raise
        if failure := spark_failure(error) or lake_failure(error):
            raise failure from None
        frames = traceback.extract_tb(error.__traceback__)
        place = ([frame for frame in frames if "site-packages" not in frame.filename] or frames)[-1]
        raise dg.Failure(
            f"{task}: {type(error).__name__} at {os.path.basename(place.filename)}:{place.lineno}. Every table is at "
            "its last commit; run again once the cause is gone. Set HUILIU_DEBUG=1 to see the whole error (it may "
            "show personal values).",
            allow_retries=False,
        ) from None
