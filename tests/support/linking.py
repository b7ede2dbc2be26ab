"""Steps of somebody who arrives from a provider with the address of an account."""

from typing import Any

from sqlalchemy import select

from tenants.accounts import Account, Grant
from tenants.identities import Identity
from tenants.outbox import OutboxMail
from tests.browser import Browser
from tests.factories import Home, Someone
from tests.support import steps
from tests.support.steps import Way

ASKS = "You already have an account"


def offered(browser: Browser, home: Home, way: Way) -> Browser:
    """By a way, to the page that says that an account exists."""
    steps.enter(browser, home, way)
    assert ASKS in browser.words, browser
    return browser


def proven(browser: Browser, home: Home, who: Someone) -> Browser:
    """E-mail and password and the second factor, to the page that asks for the last word."""
    return steps.prove(browser.submit(press="local"), home, who)


def locally(browser: Browser, home: Home, who: Someone) -> Browser:
    """E-mail and password, where the domain leads elsewhere by itself."""
    tx = steps.tx_of(browser.open(f"{home.path}/sign-in"))
    browser.submit(email=who.email, press="Continue")
    return steps.prove(browser.open(f"{home.path}/sign-in/choose?tx={tx}").submit(press="local"), home, who)


def linked(browser: Browser, home: Home, way: Way, who: Someone) -> Browser:
    """All of it."""
    return proven(offered(browser, home, way), home, who).submit(press="Link and continue")


def identities(home: Home) -> list[Any]:
    """Every identity of the tenant."""
    with home.db.reading() as db:
        return list(db.scalars(select(Identity).order_by(Identity.created_at, Identity.id)))


def mailed(home: Home) -> list[tuple[str, str]]:
    """What was written to whom: address and message."""
    with home.db.reading() as db:
        return [(row.to_address, row.message) for row in db.scalars(select(OutboxMail).order_by(OutboxMail.created_at))]


def account_row(home: Home, who: Someone | str) -> Any:
    """An account as it is."""
    with home.db.reading() as db:
        return db.get_one(Account, (home.id, who if isinstance(who, str) else who.id))


def grants(home: Home, account_id: str) -> set[tuple[str, str, str]]:
    """What an account has: kind, value, source."""
    with home.db.reading() as db:
        rows = db.scalars(select(Grant).where(Grant.account_id == account_id))
        return {(row.kind, row.value, row.source) for row in rows}
