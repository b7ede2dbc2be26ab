"""The command line as an operator types it: in an environment of its own, on a database of the test's."""

from typing import Any

from click.testing import CliRunner, Result

from broker.cli import main
from tests.support.wiring import make_settings


def environment(database_url: str, **more: str) -> dict[str, str]:
    """The variables that an operator sets; `more` without the prefix."""
    settings = make_settings(database_url)
    values = {
        "BASE_URL": settings.base_url,
        "DATABASE_URL": database_url,
        "MASTER_KEYS": settings.master_keys.get_secret_value(),
        "ALLOW_SHARED_ORIGIN": "true",
    }
    return {f"BROKER_{name}": value for name, value in (values | more).items()}


def run(*arguments: Any, answer: str | None = None, **variables: str) -> Result:
    """What `broker` with these arguments prints and ends with. Without `variables` nothing of BROKER_ is set.

    `answer` is typed where it asks.
    """
    hidden: dict[str, str | None] = {"BROKER_BASE_URL": None, "BROKER_DATABASE_URL": None, "BROKER_MASTER_KEYS": None}
    return CliRunner().invoke(main, [str(argument) for argument in arguments], input=answer, env=hidden | variables)
