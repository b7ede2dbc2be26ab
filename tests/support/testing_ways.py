"""Test sign-ins as an admin takes them: drafts and links by the command line, then a browser that goes there and back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from click.testing import Result
from sqlalchemy import func, select

from tenants.accounts import Account, Grant
from tenants.connection_health import ConnectionHealth
from tenants.connection_tests import ConnectionTest
from tenants.connection_versions import ConnectionVersion
from tenants.identities import Identity
from tenants.outbox import OutboxMail
from tenants.pending_links import PendingLink
from tenants.sessions import ApplicationGrant, BrowserSession
from tenants.traces import Trace
from tests.browser import Browser
from tests.factories import Home
from tests.support import steps
from tests.support.commands import environment, run

UNTOUCHED = (
    Account,
    ApplicationGrant,
    BrowserSession,
    ConnectionHealth,
    Grant,
    Identity,
    OutboxMail,
    PendingLink,
    Trace,
)
"""What a test sign-in never writes to."""

Command = Callable[..., Result]


def command_of(home: Home, database_url: str) -> Command:
    """`broker connection WHAT TENANT …` for this tenant."""
    known = environment(database_url)
    return lambda what, *arguments: run("connection", what, home.slug, *arguments, **known)


def done(told: Result) -> str:
    """What a command printed that went well."""
    assert told.exit_code == 0, told.output
    return told.stdout


def draft(command: Command, folder: Path, key: str, *more: str, **fields: Any) -> int:
    """Save a draft with these fields; its number."""
    file = folder / "draft.toml"
    file.write_text("".join(f"{name} = {_toml(value)}\n" for name, value in fields.items()), encoding="utf-8")
    return int(done(command("draft", key, file, *more)).removeprefix("Saved as version ").partition(".")[0])


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {json.dumps(one)}" for name, one in value.items()) + " }"
    return json.dumps(value)


def link_of(command: Command, key: str, *more: str) -> str:
    """A fresh link for a test, as the command prints it."""
    return done(command("test", key, *more)).strip()


def take(browser: Browser, link: str) -> Browser:
    """Open the link, start, go there and come back to wherever that leads."""
    steps.go_along(browser.open(link).submit(press="Start"))
    return browser


def untouched(home: Home) -> dict[str, int]:
    """How many rows there are of what a test never writes."""
    with home.db.reading() as db:
        return {model.__tablename__: db.scalars(select(func.count()).select_from(model)).one() for model in UNTOUCHED}


def taken(home: Home) -> list[ConnectionTest]:
    with home.db.reading() as db:
        return list(db.scalars(select(ConnectionTest).order_by(ConnectionTest.created_at)))


def versions_of(home: Home) -> list[tuple[int, str]]:
    """Number and state of every version."""
    with home.db.reading() as db:
        found = db.scalars(select(ConnectionVersion).order_by(ConnectionVersion.connection_id, ConnectionVersion.number))
        return [(row.number, row.state) for row in found]
