"""Alembic's entry: runs the scripts on the connection that tenants/migrate.py hands in."""

from alembic import context


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=context.config.attributes["metadata"],
        render_as_batch=connection.dialect.name == "sqlite",
    )
    context.run_migrations()


run()
