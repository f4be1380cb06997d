"""The files of an export: which forms there are, and where each is written."""

from __future__ import annotations

import enum
from collections.abc import Collection
from pathlib import Path

from pipelines.reports.catalogue.dcat import as_dcat
from pipelines.reports.catalogue.described import Described
from pipelines.reports.catalogue.guide_form import write_guide_form
from pipelines.reports.catalogue.odcs import as_odcs


class Form(enum.StrEnum):
    """The forms of the catalogue."""

    DCAT = "dcat"
    ODCS = "odcs"
    GUIDE = "guide"


def export_catalogue(described: Described, out: Path, forms: Collection[Form], base: str) -> list[Path]:
    """Write the catalogue in `forms` into the folder `out`; the files that were written, in the order of the forms."""
    out.mkdir(parents=True, exist_ok=True)
    written = []
    if Form.DCAT in forms:
        written.append(_written(out / "catalog.jsonld", as_dcat(described, base)))
    if Form.ODCS in forms:
        for entry in described.entries:
            path = out / "odcs" / f"{entry.contract.name}.odcs.yaml"
            written.append(_written(path, as_odcs(described.catalog, entry)))
    if Form.GUIDE in forms:
        path = out / "目录编制指南.xlsx"
        write_guide_form(described, path)
        written.append(path)
    return written


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
