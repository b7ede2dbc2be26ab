"""Bringing a database to this version's tables (alembic), and asking whether it is there."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from tenants import models
from tenants.db import Database

SCRIPTS = Path(__file__).parent / "migrations"


def migrate(url: str) -> None:
    """Create or upgrade all tables. On PostgreSQL `url` names the role that owns them."""
    database = Database(url, pool_size=1)
    try:
        # One transaction, begun as a write: of two processes that start at once, one waits and finds it done.
        with database.writer.begin() as connection:
            if not _is_at_heads(connection):
                config = alembic_config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    finally:
        database.dispose()


def is_current(database: Database) -> bool:
    """Does the database have exactly this version's tables?"""
    with database.engine.connect() as connection:
        return _is_at_heads(connection)


def alembic_config() -> Config:
    """For alembic's own commands; `attributes["connection"]` is the caller's."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["metadata"] = models.METADATA
    return config


def _is_at_heads(connection: Connection) -> bool:
    return frozenset(MigrationContext.configure(connection).get_current_heads()) == _heads()


@cache
def _heads() -> frozenset[str]:
    """Of this version's scripts, which are read once."""
    return frozenset(ScriptDirectory.from_config(alembic_config()).get_heads())
