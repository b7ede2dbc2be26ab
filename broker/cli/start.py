"""What every command begins with: settings from the environment, and the parts of the product without its web side."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from broker.settings import Settings
from broker.wiring import Broker, make_broker
from tenants.migrate import is_current, migrate


def load_settings() -> Settings:
    """The settings, or an end with one line for each that is missing or unsafe (security.md, OP-01). Shows no value."""
    try:
        return Settings()
    except ValidationError as error:
        raise click.ClickException("The settings are not right:\n" + "\n".join(setting_faults(error))) from None


def setting_faults(error: ValidationError) -> list[str]:
    """One line for each setting that is not right, by the name of its environment variable."""
    lines = []
    for details in error.errors(include_url=False, include_input=False):
        name = f"BROKER_{str(details['loc'][0]).upper()}: " if details["loc"] else ""
        reason = "is missing" if details["type"] == "missing" else details["msg"].removeprefix("Value error, ")
        lines.append(f"  {name}{reason}")
    return lines


@contextmanager
def started() -> Iterator[Broker]:
    """The product's parts on a database that has this version's tables. A new SQLite file is made on the way."""
    settings = load_settings()
    try:
        prepare_sqlite(settings)
        broker = make_broker(settings)
        try:
            if not is_current(broker.db):
                raise click.ClickException("The database has not this version's tables. Run `broker migrate` first.")
            yield broker
        finally:
            broker.db.dispose()
    except OperationalError as error:
        raise click.ClickException(f"The database does not answer: {_first_line(error.orig)}") from None


def prepare_sqlite(settings: Settings) -> None:
    """SQLite needs no command of its own: its file is made, and brought to this version, on the way."""
    path = settings.sqlite_path
    if path is not None:
        _make_folder(path)
        migrate(settings.database_url.get_secret_value())


def _make_folder(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise click.ClickException(f"The folder {path.parent} can't be made: {error.strerror}.") from None


def _first_line(error: BaseException | None) -> str:
    return (str(error).splitlines() or [""])[0]
