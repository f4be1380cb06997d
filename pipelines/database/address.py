"""The database of a lake (`HUILIU_DB`): its address, its clock, and what people are told of it."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from pipelines.errors import LeaseError
from pipelines.settings import Settings
from pipelines.storage.folders import check_folder


def database_of(settings: Settings) -> sa.URL:
    """`HUILIU_DB`, or its default; raises LeaseError where it is no URL of SQLite or PostgreSQL."""
    if settings.db is None:
        folder = Path.cwd() if settings.lake.is_s3 else settings.lake.path.parent
        return sa.URL.create("sqlite", database=str(folder / "huiliu.db"))
    try:
        url = sa.make_url(settings.db.get_secret_value())
        if url.get_backend_name() in ("sqlite", "postgresql"):
            return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url
    except SQLAlchemyError:  # its text quotes the URL, and with it the password
        pass
    raise LeaseError(
        "HUILIU_DB is no database that can be used",
        "write it as sqlite:////FOLDER/huiliu.db or postgresql://USER:PASSWORD@HOST:5432/DATABASE",
        2,
    ) from None


def check_database(url: sa.URL) -> None:
    """Raises FolderError where SQLite's file cannot be made or changed: SQLite itself names neither it nor a reason."""
    if url.get_backend_name() == "sqlite" and url.database:
        check_folder(Path(url.database).parent, "the database's folder", "name another database by HUILIU_DB")


def database_now(url: sa.URL) -> sa.ColumnElement[float]:
    """The database's own clock at the moment of the statement, in seconds since 1970."""
    if url.get_backend_name() == "sqlite":
        return (sa.func.julianday("now", type_=sa.Double) - 2440587.5) * 86400.0
    return sa.cast(sa.extract("epoch", sa.func.clock_timestamp()), sa.Double)


def shown_database(url: sa.URL) -> str:
    """Where the database is, without user and password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.get_backend_name()} {url.host or 'localhost'}:{url.port or 5432}/{url.database or ''}"
