"""A small project written by hand that has every kind of element, rule, resolution, model route and flow.

Elements, code lists, agencies and regulations are the real catalog's, beside elements of a type that it has none of;
sources, golden records, models and expectations are its own. `tests/project/test_covering_project.py` says what is
missing in it.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.handwritten import write_project


def covering_project(folder: Path) -> Path:
    """Write the project into `folder`, as one that stands on its own."""
    return write_project(Path(__file__).resolve().parent, folder)
