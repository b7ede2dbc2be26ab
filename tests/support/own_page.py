"""What tests of a person's own page look at: stored rows, waiting mails, other sessions, recovery codes."""

import json
from datetime import timedelta

from broker.guard import FRESH_FOR
from tenants.audit import Event
from tenants.credentials import Credential
from tenants.ids import digest, new_id
from tenants.outbox import OutboxMail
from tenants.sessions import BrowserSession
from tenants.vault import Place
from tests import factories
from tests.browser import Browser
from tests.factories import Home, OpenSession, Someone
from tests.support import steps
from tests.support.rows import stored

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"


def mails_to(home: Home, who: Someone) -> list[str]:
    """The messages that wait for somebody, oldest first."""
    rows = stored(home, OutboxMail, to_address=who.email)
    return [row.message for row in sorted(rows, key=lambda row: row.created_at)]


def facts_to(home: Home, who: Someone, message: str) -> dict[str, str]:
    """What the newest such mail will say."""
    from_newest = sorted(stored(home, OutboxMail, to_address=who.email, message=message), key=lambda row: row.created_at)
    return _opened(home, from_newest[-1])


def _opened(home: Home, row: OutboxMail) -> dict[str, str]:
    place = Place(home.id, "outbox", "content_sealed", row.id)
    return json.loads(home.broker.vault.open(row.content_sealed, place))


def changes(home: Home) -> list[str]:
    """What the audit log says was changed."""
    return [event.detail["what"] for event in steps.events(home, Event.CREDENTIAL_CHANGED)]


def elsewhere(home: Home, who: Someone) -> OpenSession:
    """A session of theirs in another browser."""
    return factories.session(home, who, user_agent=CHROME, address="192.0.2.7")


def is_over(home: Home, session: OpenSession) -> bool:
    return stored(home, BrowserSession, id=session.row.id)[0].ended_at is not None


def give_codes(home: Home, who: Someone, count: int = 10) -> None:
    """Recovery codes that nobody knows."""
    for _ in range(count):
        columns = {"kind": "recovery_code", "secret_hash": digest(new_id("x")), "created_at": home.now}
        home.add(Credential(id=new_id("cre"), account_id=who.id, **columns))


def of_kind(home: Home, who: Someone, kind: str) -> list[Credential]:
    return stored(home, Credential, account_id=who.id, kind=kind)


def grow_stale(home: Home) -> None:
    """Let so much time pass that a proof is no fresh one any more."""
    home.broker.ports.clock.advance(seconds=(FRESH_FOR + timedelta(seconds=1)).total_seconds())


def post_own(browser: Browser, home: Home, path: str, **more: str) -> Browser:
    """Send a form with a good token that no page has offered."""
    browser.open(f"{home.path}/account")
    return browser.post(f"{home.path}/account{path}", {"csrf_token": browser.page.forms[0].fields["csrf_token"].value} | more)


def token_on(browser: Browser) -> str:
    """The CSRF token of the page."""
    return next(form.fields["csrf_token"].value for form in browser.page.forms if "csrf_token" in form.fields)
