"""When: declarations as Dagster assets, checks, sensors and schedules; wiring only, `pipelines.steps` works."""

import warnings

import dagster as dg

# Owners, freshness policies and code references are used as they are; a warning for each asset would bury the log.
for _category in (dg.BetaWarning, dg.PreviewWarning):
    warnings.filterwarnings("ignore", category=_category)
