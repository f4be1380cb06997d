"""What Alembic runs the migrations in: the connection that the process has open, and all or nothing of them."""

from __future__ import annotations

from alembic import context

from pipelines.database.migration import VERSIONS
from pipelines.database.tables import TABLES

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=TABLES,
    version_table=VERSIONS.name,
    render_as_batch=True,  # SQLite changes a column by copying its table
)
context.run_migrations()
