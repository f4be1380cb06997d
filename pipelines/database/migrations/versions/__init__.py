"""One module per version: what has changed since the one before, in Alembic's operations."""
