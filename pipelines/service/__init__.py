"""What agencies reach over HTTP: rows that they push, queued durably until they lie in the landing folder."""
