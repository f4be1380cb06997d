"""The pydantic models of what is declared in YAML, and their reading with file and line."""
