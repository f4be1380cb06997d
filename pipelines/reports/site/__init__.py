"""`huiliu report`: static pages for the quality reviewer and the agencies, with counts in full and values masked."""

from pipelines.reports.site.site import build_report

__all__ = ["build_report"]
