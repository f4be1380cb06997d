"""PostgreSQL as a source: one snapshot, what it holds that is new, and its failures in words; for either engine."""
