"""The embedded engine, and what else DuckDB does for us: JSON lines, and the file that analysts open."""
