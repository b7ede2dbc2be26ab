"""The console for tests that walk all of it: what stands in its addresses, and which of its POSTs are harmless.

Whoever adds a page adds what its address needs to `PARTS`; whoever adds a POST that asks for no fresh proof, or that a
helpdesk may send, says so here.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

from flask import Flask
from werkzeug.test import Client, TestResponse

from tenants.accounts import Account
from tenants.audit import AuditEvent
from tenants.connections import Connection
from tenants.ids import new_id
from tenants.organizations import Contact
from tests import factories
from tests.browser import Browser
from tests.factories import Home, Someone
from tests.support.people_rows import people_job
from tests.support.routes import Place, csrf_token, of_nobody, places
from tests.support.rows import FACTORIES, audit_event, organization, stored
from tests.support.wiring import ORIGIN

MOST_STATEMENTS = 10
PARTS: dict[str, Callable[[Home], str]] = {
    "assistant": lambda home: "microsoft",
    "account": lambda home: factories.account(home).id,
    "application": lambda home: factories.application(home).key,
    "connection": lambda home: factories.connection(home).key,
    "deed": lambda home: "disable",
    "domain": lambda home: factories.domain(home).id,
    "entry": lambda home: audit_event(home).id,
    "contact": lambda home: stored(home, Contact)[0].id,
    "identity": lambda home: factories.identity(home).id,
    "job": lambda home: people_job(home).id,
    "name": lambda home: "look.css",
    "number": lambda home: "1",
    "part": lambda home: "rules",
    "organization": lambda home: organization(home).key,
    "section": lambda home: "sessions",
    "test": lambda home: "nothing",
    "token": lambda home: "nothing",
}
"""A value of this tenant's own for each part of an address."""
PEOPLE_ANY_TIME = {"console.bulk", "console.end_user_session", "console.export_users"}
ANY_TIME = frozenset(
    {
        *PEOPLE_ANY_TIME,
        "console.enter_again",
        "console.export_audit",
        "console.move_connection",
        "console.share_reference",
        "console.test_connection",
    }
)
"""POSTs that need no proof of the last ten minutes (AC-07)."""
FOR_HELPDESK = frozenset(
    {"console.enter_again", "console.share_reference", "console.bulk", "console.end_user_session", "console.start_job"}
)
FOR_AUDITORS = frozenset({"console.enter_again", "console.export_audit"})
"""POSTs that these roles may send."""


def console_places(app: Flask, home: Home | None = None) -> Iterator[Place]:
    """Every address of the console with each of its methods, filled in with what is this tenant's (or nobody's)."""
    values = of_nobody(app) | {name: [make(home)] for name, make in PARTS.items() if home}
    return (place for place in places(app, values) if place.endpoint.startswith("console."))


def filled(broker: object) -> Home:
    """A tenant with a row in every table, and many where lists are long."""
    home = factories.tenant(broker)
    for factory in FACTORIES.values():
        factory(home)
    old = home.now - timedelta(days=40)
    with home.db.writing() as db:
        for number in range(60):
            name = f"{number:03}-{home.slug}"
            at = {"created_at": old, "updated_at": old}
            db.add(Connection(id=new_id("con"), key=f"k{name}", kind="oidc", label=f"Way {number}", options={}, **at))
            address = f"p{name}@{home.domain}"
            account = {"email": address, "email_key": address, "state": "active", "created_at": old}
            db.add(Account(id=new_id("acc"), organization_id=home.root, **account))
            db.add(AuditEvent(id=new_id("aud"), at=old, event="login.refused", cause="credentials_invalid"))
        db.touch_configuration()
    assert len(stored(home, Connection)) > 60
    return home


def signed_in(app: Flask, home: Home, role: str | None, *, minutes_ago: int = 0) -> Client:
    """A browser of somebody with this role, who signed in then."""
    then = home.now - timedelta(minutes=minutes_ago)
    proofs = [{"method": "pwd", "at": then.isoformat()}, {"method": "otp", "at": then.isoformat()}]
    who: Someone = factories.account(home, role=role)
    opened = factories.session(home, who, auth_time=then, proofs=proofs)
    client: Client = app.test_client()
    client.set_cookie(**factories.cookie_of(home, opened))
    return client


def as_admin(browser: Browser, home: Home, who: Someone) -> Browser:
    """Somebody's browser, signed in a moment ago."""
    browser.client.set_cookie(**factories.cookie_of(home, factories.session(home, who)))
    return browser.open(f"{home.path}/console/")


def send(client: Client, home: Home, place: Place) -> TestResponse:
    """A GET, or a POST with nothing but its token."""
    form = {"csrf_token": csrf_token(client, home, place.path)} if place.method == "POST" else None
    return client.open(f"{home.path}{place.path}", method=place.method, base_url=ORIGIN, data=form)
