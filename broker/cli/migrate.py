"""`broker migrate`: bring the database to this version's tables."""

import click
from sqlalchemy.exc import OperationalError

from broker.cli.start import load_settings, prepare_sqlite
from tenants.migrate import migrate as migrate_database


@click.command()
def migrate() -> None:
    """Create or upgrade the tables. On PostgreSQL with BROKER_MIGRATION_DATABASE_URL, the role that owns them."""
    settings = load_settings()
    try:
        if settings.sqlite_path is not None:
            prepare_sqlite(settings)
        else:
            migrate_database((settings.migration_database_url or settings.database_url).get_secret_value())
    except OperationalError:
        raise click.ClickException("The database does not answer.") from None
    click.echo("The database has this version's tables.")
