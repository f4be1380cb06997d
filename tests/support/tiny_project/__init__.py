"""A project written by hand that most tests run: four sources, the golden record of persons, and what follows of it.

Its sources are the real ones in a few lines: with the columns that tests deliver, under the same names and headers and
with the same rules, which `tests/project/test_tiny_project.py` holds against them. Elements, code lists, agencies and
regulations are the real catalog's; the golden record and its models are its own, and simpler.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.handwritten import write_project


def tiny_project(folder: Path) -> Path:
    """Write the project into `folder`, as one that stands on its own."""
    return write_project(Path(__file__).resolve().parent, folder)
