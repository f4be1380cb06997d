"""Which version of its tables `HUILIU_DB` has, and how it is brought to this program's."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pipelines.database.address import shown_database
from pipelines.errors import LakeError

if TYPE_CHECKING:
    from alembic.config import Config

VERSION = "0001"  # this program's: the newest module in migrations/versions
# Named for us alone: a database may be shared with Dagster, which keeps its own version in `alembic_version`.
VERSIONS = sa.table("huiliu_version", sa.column("version_num"))
_LOCK_NUMBER = 0x4855494C4955  # by it processes that bring the same PostgreSQL database forward take turns
_TURN = threading.Lock()  # Alembic keeps what it is doing in a module's global variables


class NewerDatabaseError(LakeError):
    """The database has tables of a newer program, which this one could only spoil."""

    kind = "database"


def version_of(connection: sa.Connection) -> str | None:
    """The version that the tables have; None for an empty database, and for one of before versions were kept."""
    if not sa.inspect(connection).has_table(VERSIONS.name):
        return None
    return connection.execute(sa.select(VERSIONS.c.version_num)).scalar()


def check_version(connection: sa.Connection) -> None:
    """Raises NewerDatabaseError where the tables have a version that this program does not know."""
    found = version_of(connection)
    if found not in (None, VERSION) and found not in _known_versions():
        raise NewerDatabaseError(
            f"{shown_database(connection.engine.url)} is at version {found} of its tables, and this huiliu knows them "
            f"up to version {VERSION}: a newer huiliu has changed it",
            "run the newer huiliu on this machine too, or go back to a backup of the database, the landing folder and "
            "the lake from before (docs/operating.md, What to back up); HUILIU_DB says which database it is",
            2,
        )


def upgrade_tables(connection: sa.Connection) -> None:
    """Make the tables of this program's version from whatever is there, within the transaction of `connection`.

    Waits until no other process does the same. Raises NewerDatabaseError.
    """
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver would begin none for CREATE TABLE
    else:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK_NUMBER)))
    check_version(connection)
    if version_of(connection) == VERSION:
        return
    from alembic import command

    config = _configured()
    config.attributes["connection"] = connection
    with _TURN:
        command.upgrade(config, "head")


def _known_versions() -> set[str]:
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory.from_config(_configured()).walk_revisions()}


def _configured() -> Config:
    # Its import takes half a second, and nearly every database is at this version.
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "pipelines.database:migrations")
    return config
