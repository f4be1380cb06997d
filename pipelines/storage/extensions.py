"""Extensions of DuckDB, loaded from the packages that they were installed by."""

from __future__ import annotations

import duckdb
from duckdb_extensions import import_extension


def load_extension(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its PyPI package: DuckDB's own INSTALL would download it."""
    import_extension(name, con=connection)
    connection.load_extension(name)
