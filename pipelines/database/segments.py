"""What `HUILIU_DB` knows of segments: which agency pushed the rows of a file."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from pipelines.database.connection import Database
from pipelines.database.tables import SEGMENTS
from pipelines.settings import Settings


def agencies_of(settings: Settings, files: Sequence[str]) -> dict[str, str]:
    """The agency of each file of pushed rows that is known; raises DatabaseAwayError."""
    with Database.of(settings) as database:
        if not database.exists():
            return {}
        asked = sa.select(SEGMENTS.c.file, SEGMENTS.c.agency).where(SEGMENTS.c.file.in_(files))
        with database.transaction() as connection:
            return {row.file: row.agency for row in connection.execute(asked)}
