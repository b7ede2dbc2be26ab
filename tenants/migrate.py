"""Bringing a database to this version's tables (alembic), and asking whether it is there."""

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, String, column, inspect, select, table

from tenants import models
from tenants.db import Database

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).parent / "migrations"


def migrate(url: str) -> None:
    """Create or upgrade all tables. On PostgreSQL `url` names the role that owns them."""
    from alembic import command  # noqa: PLC0415 - a tenth of a second that only those wait for who migrate

    database = Database(url, pool_size=1)
    try:
        # One transaction, begun as a write: of two processes that start at once, one waits and finds it done.
        with database.writer.begin() as connection:
            if not _is_at_head(connection):
                config = alembic_config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    finally:
        database.dispose()


def is_current(database: Database) -> bool:
    """Does the database have exactly this version's tables?"""
    with database.engine.connect() as connection:
        return _is_at_head(connection)


def newest() -> str:
    """The last of this version's scripts, by its file's name."""
    return max(file.stem.partition("_")[0] for file in (SCRIPTS / "versions").glob("[0-9]*_*.py"))


def alembic_config() -> "Config":
    """For alembic's own commands; `attributes["connection"]` is the caller's."""
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["metadata"] = models.METADATA
    return config


def _is_at_head(connection: Connection) -> bool:
    if not inspect(connection).has_table("alembic_version"):
        return False
    version = column("version_num", String)
    return connection.scalars(select(version).select_from(table("alembic_version"))).all() == [newest()]
