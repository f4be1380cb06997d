"""What brings `HUILIU_DB` from one version of its tables to the next; run by Alembic, in the process that writes."""
