"""The steps of signing in, as a person takes them; and what an admin would find about them afterwards.

sign_in(browser, home, ada)         # address, password, code, to wherever that leads
way = oidc_way(home, oidc_peer)     # a connection and the issuer behind it
enter(browser, home, way)           # by its button, there and back
"""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Any, TypeVar

from sqlalchemy import Row, select

from tenants.audit import EVENTS_BY_REFERENCE, AuditEvent, Event
from tenants.connections import Connection
from tenants.tenants import DomainProof
from tests import factories
from tests.browser import Browser
from tests.factories import Home, Someone
from tests.peers.entra import EntraPeer, FakeDirectory
from tests.peers.google import FakeGoogle, GooglePeer
from tests.peers.oidc import FakeIssuer, OidcPeer
from tests.peers.people import Person
from tests.peers.saml import FakeProvider, SamlPeer

T = TypeVar("T")

CHOSEN = "Vague-Otter_42"
"""A new password that keeps the rules of all presets."""

# Ways in


@dataclass(frozen=True)
class Way:
    """A connection of a tenant; `idp` plays its identity provider."""

    home: Home
    row: Connection
    idp: Any

    @property
    def key(self) -> str:
        return self.row.key

    @property
    def label(self) -> str:
        return self.row.label

    @property
    def origin(self) -> str:
        """Where the provider is."""
        return "/".join(self.idp.issuer.split("/")[:3])

    def change(self, **values: Any) -> None:
        """As an admin would; every process of the product knows it at once."""
        self.home.change(Connection, self.row.id, **values)
        notice(self.home)


def oidc_way(home: Home, peer: OidcPeer, key: str = "sso", *, label: str = "Acme SSO", **values: Any) -> Way:
    issuer: FakeIssuer = peer.issuer()
    options = {"issuer": issuer.issuer, "client_id": issuer.client_id}
    return Way(home, _connection(home, key, "oidc", label, options, issuer, values), issuer)


def janes_way(home: Home, peer: OidcPeer, **values: Any) -> Way:
    """A provider that the tenant's proven domain belongs to, and Jane of that domain is who signs in there."""
    way = oidc_way(home, peer, **values)
    listed(home, way=way, proven=True)
    way.idp.person = Person(f"jane@{home.domain}", "Jane", "Doe")
    return way


def entra_way(home: Home, peer: EntraPeer, key: str = "microsoft", *, label: str = "Microsoft", **values: Any) -> Way:
    directory: FakeDirectory = peer.directory()
    options = {
        "directory": directory.directory,
        "client_id": directory.client_id,
        "authority_host": directory.origin,
    }
    return Way(home, _connection(home, key, "entra", label, options, directory, values), directory)


def google_way(home: Home, peer: GooglePeer, key: str = "google", *, label: str = "Google", **values: Any) -> Way:
    """For the Workspace of the tenant's domain, unless `domains` names others."""
    client: FakeGoogle = peer.client()
    options = {"client_id": client.client_id, "domains": list(values.pop("domains", (home.domain,)))}
    return Way(home, _connection(home, key, "google", label, options, client, values), client)


def saml_way(
    home: Home,
    peer: SamlPeer,
    key: str = "company",
    *,
    label: str = "Company login",
    idp: FakeProvider | None = None,
    **options: Any,
) -> Way:
    """`options` are the kind's; `idp`: one that other connections have as well."""
    idp = idp or peer.provider()
    columns = {"provisioning": "just_in_time", "options": idp.options(**options), "secrets": {}}
    return Way(home, factories.connection(home, key, kind="saml", label=label, **columns), idp)


def _connection(
    home: Home, key: str, kind: str, label: str, options: dict[str, Any], idp: FakeIssuer, values: dict[str, Any]
) -> Connection:
    columns = {"provisioning": "just_in_time"} | values
    secrets = {"client_secret": idp.client_secret}
    return factories.connection(home, key, kind=kind, label=label, options=options, secrets=secrets, **columns)


def listed(home: Home, name: str | None = None, way: Way | None = None, *, proven: bool = False, enforce: bool = False) -> str:
    """The tenant's whitelist has this domain (else the tenant's own), which may belong to a way."""
    name = name or home.domain
    factories.domain(home, name, connection_id=way.row.id if way else None, is_enforced=enforce)
    if proven:
        now = home.now
        with home.broker.db.platform("a test proves a domain", now) as platform:
            platform.add(DomainProof(domain=name, tenant_id=home.id, method="operator", proven_at=now))
    notice(home)
    return name


def notice(home: Home) -> None:
    """Let so much time pass that the product looks whether the configuration has changed."""
    home.broker.ports.clock.advance(seconds=3)


# Steps of a browser


def sign_in(browser: Browser, home: Home, who: Someone, *, at: str = "/sign-in") -> Browser:
    """E-mail, password, code; from the tenant's own first page unless `at` says otherwise."""
    browser.open(f"{home.path}{at}")
    return prove(browser.submit(email=who.email), home, who)


def prove(browser: Browser, home: Home, who: Someone) -> Browser:
    """Password and code, from the password page on."""
    browser.submit(password=who.password)
    return browser.submit(code=fresh_code(home, who))


def fresh_code(home: Home, who: Someone) -> str:
    """A code of a time step that no code was taken from yet."""
    return who.code(home.broker.ports.clock.advance(seconds=60))


def set_up(browser: Browser, home: Home, token: str, email: str = "") -> Someone:
    """Open an invitation and choose a password: who this is now, with the app's page on. Its code is still to prove."""
    browser.open(f"{home.path}/activate/{token}").submit(press="Start")
    browser.submit(new_password=CHOSEN, repeat_password=CHOSEN)
    return Someone("", email, CHOSEN, seed_on(browser))


def prove_app(browser: Browser, code: str) -> Browser:
    """The first code of the app; the recovery codes that are shown for it are kept, and on."""
    return browser.submit(code=code).follow("I have saved them")


def codes_on(browser: Browser) -> list[str]:
    """The recovery codes that the page shows."""
    return re.findall(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}\b", browser.words)


def seed_on(browser: Browser) -> str:
    """The secret as a person types it into the app."""
    return browser.words.partition("makes no difference. ")[2].partition(" Copy")[0].replace(" ", "")


def enter(browser: Browser, home: Home, way: Way) -> Browser:
    """By a way, wherever the first page has its button, to its provider, and back to wherever that leads."""
    browser.open(f"{home.path}/sign-in/again")
    return browser.open(f"{home.path}/sign-in/go/{way.key}?tx={tx_of(browser)}")


def asking(home: Home) -> str:
    """Where a new application of the tenant sends the browser to."""
    app = factories.application(home)
    notice(home)
    challenge = "code_challenge_method=S256&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    query = f"client_id={app.client_id}&redirect_uri={app.redirect_uris[0]}&response_type=code&scope=openid"
    return f"{home.path}/oidc/authorize?{query}&{challenge}"


def enter_by_saml(browser: Browser, home: Home, way: Way) -> Browser:
    """By a SAML way: to its provider, whose page posts back to us."""
    enter(browser, home, way)
    return browser.submit(press="Continue")


def tx_of(browser: Browser) -> str:
    """The public half of the attempt that the page belongs to."""
    return next(form.fields["tx"].value for form in browser.page.forms if "tx" in form.fields)


def type_address(browser: Browser, home: Home, email: str) -> Browser:
    """Type an address on the first page, and go along where that leads."""
    browser.open(f"{home.path}/sign-in").submit(email=email)
    return go_along(browser)


def go_along(browser: Browser) -> Browser:
    """Let the pages that only hand over do so."""
    while browser.foreign is None and browser.page.refresh:
        browser.wait()
    return browser


def is_signed_in(browser: Browser, home: Home) -> bool:
    """Does the tenant's own page know this browser?"""
    return browser.open(f"{home.path}/").path == f"{home.path}/"


# What is kept


def events(home: Home, event: Event | None = None) -> list[Any]:
    """The tenant's audit events, oldest first."""
    with home.db.reading() as db:
        found = db.scalars(select(AuditEvent).order_by(AuditEvent.at, AuditEvent.id)).all()
    return [one for one in found if event is None or one.event == event]


def event_of(browser: Browser, home: Home) -> Row[Any]:
    """The audit event that the page's reference leads to."""
    with home.db.reading() as db:
        found = db.all(EVENTS_BY_REFERENCE, reference=reference_of(browser))
    assert found, f"no event for the reference on {browser}"
    return found[-1]


def reference_of(browser: Browser) -> str:
    """As the person reads it out."""
    return browser.words.partition("Reference ")[2][:9]


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Run all of them in threads that start together."""
    start = Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
