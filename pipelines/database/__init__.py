"""The database of a lake (`HUILIU_DB`): its tables, how it is opened, and who may write the lake."""
