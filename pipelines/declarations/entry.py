"""Catalogue entry of a source: what the regulation asks for (C1) and nothing else of the contract tells."""

from __future__ import annotations

import datetime

from pydantic import Field

from pipelines.declarations.reading import Declared


class Entry(Declared):
    """What stands in the catalogue of a source beside its contract; whatever is left out follows from the contract.

    `code` is the one that the authority assigns. `collected_by` and `approved_by` name agencies: by default the
    source's own, and the authority that reviews the catalogue (2024-19 第十条). `scope` says with whom the data are
    shared, `mode` how; `open_condition` on what condition they are open, `issued_on` when the entry was published.
    """

    code: str | None = Field(None, min_length=1)
    summary: str | None = Field(None, min_length=1)
    collected_by: str | None = None
    approved_by: str | None = None
    scope: str | None = Field(None, min_length=1)
    mode: str | None = Field(None, min_length=1)
    open_condition: str | None = Field(None, min_length=1)
    issued_on: datetime.date | None = None
