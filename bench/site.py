"""The tenants that are asked. The first comes from a tenants file; what the load needs beside it are real rows."""

import hashlib
import os
from base64 import b64encode
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Any, TypeVar

import pyotp

from bench.filling import Draft, drafts, store
from bench.wire import BenchError
from broker.surroundings import surroundings
from broker.wiring import Broker
from tenants.accounts import Account
from tenants.addresses import normalise_address
from tenants.credentials import Credential
from tenants.db import TenantSession
from tenants.ids import digest, new_id, new_reference, new_secret
from tenants.manifest.applying import Apply
from tenants.manifest.changes import Workshop
from tenants.manifest.reading import read_manifest
from tenants.manifest.sources import Sources
from tenants.snapshot import TenantConfig
from tenants.transactions import LoginTransaction
from tenants.vault import Place
from tests import factories
from tests.peers.oidc import CLIENT_SECRET

PASSWORD = factories.PASSWORD
SESSIONS = 32
_APP_SECRET = hashlib.sha256(b"an application of the bench").hexdigest()
REDIRECT = "https://app.example/callback"
ENTITY_ID = "https://app.example/saml"
_FILE = """
[tenants.{slug}]
name = "Bench"
policy = {{ local_enabled = true }}
contacts = [{{ label = "Help desk", email = "help@{slug}.example" }}]
domains."{slug}.example" = {{}}
domains."staff.{slug}.example" = {{ connection = "upstream", proven = true }}

[tenants.{slug}.connections.upstream]
kind = "oidc"
label = "Simulated provider"
issuer = "{issuer}"
client_id = "broker"
client_secret = {{ env = "PEER_SECRET" }}
provisioning = "just_in_time"

[tenants.{slug}.saml_applications.saml]
name = "App SAML"
entity_id = "{entity_id}"
acs = [{{ url = "https://app.example/acs" }}]
attributes = [{{ name = "mail", from = "email" }}, {{ name = "givenName", from = "given_name" }}]
"""
_APPLICATION = """
[tenants.{slug}.applications.{key}]
name = "App {algorithm}"
redirect_uris = ["{redirect}"]
client_secret = {{ env = "APP_SECRET" }}
id_token_alg = "{algorithm}"
grant_types = ["authorization_code", "refresh_token", "client_credentials"]
"""
ALGORITHMS = ("ES256", "RS256")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Spot:
    """Somebody signed in at a tenant, and an application of that tenant."""

    path: str
    cookie: str
    client_id: str
    secret: str

    @property
    def basic(self) -> str:
        """The application's Authorization header; neither part needs encoding."""
        return "Basic " + b64encode(f"{self.client_id}:{self.secret}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Member:
    """An account that signs in locally once, with an attempt that has come to the password."""

    email: str
    seed: str
    tx: str

    def code(self, now: datetime) -> str:
        """What the authenticator app shows."""
        return pyotp.TOTP(self.seed).at(now)


@dataclass
class Site:
    """What the walks know. `spots` by algorithm; `members` and `attempts` are used up."""

    broker: Broker
    tenant: TenantConfig
    browser: str
    password_hash: str
    spots: dict[str, list[Spot]] = field(default_factory=dict)
    others: list[Spot] = field(default_factory=list)
    members: deque[Member] = field(default_factory=deque)
    attempts: deque[str] = field(default_factory=deque)

    @property
    def path(self) -> str:
        return f"/t/{self.tenant.slug}"

    @property
    def now(self) -> datetime:
        return self.broker.ports.clock.now()

    @property
    def cookie(self) -> tuple[str, str]:
        """The header with the browser's half of all prepared attempts."""
        return "Cookie", f"{self.tenant.slug}-tx={self.browser}"

    def turns(self, algorithm: str) -> Iterator[Spot]:
        """The people of the tenant, over and over."""
        return cycle(self.spots[algorithm])

    def next_member(self) -> Member:
        return _taken(self.members, "people")

    def next_attempt(self) -> str:
        return _taken(self.attempts, "attempts")


def _taken(stock: deque[T], name: str) -> T:
    if not stock:
        raise BenchError(f"the prepared {name} are used up")
    return stock.popleft()


def make_site(broker: Broker, slug: str, issuer: str) -> Site:
    """Apply the sample tenant, and sign its people in."""
    text = _FILE.format(slug=slug, issuer=issuer, entity_id=ENTITY_ID)
    for algorithm in ALGORITHMS:
        key = algorithm.lower()
        text += _APPLICATION.format(slug=slug, key=key, algorithm=algorithm, redirect=REDIRECT)
    secrets = {"PEER_SECRET": CLIENT_SECRET, "APP_SECRET": _APP_SECRET}
    manifest = read_manifest(text, surroundings(broker), Sources(Path(os.devnull), secrets))
    Apply(broker.db, Workshop(broker.vault, broker.hasher.hash), broker.ports.clock.now()).run(manifest)
    tenant = broker.snapshots.find_by_slug(slug)
    if tenant is None:
        raise BenchError("the sample tenant is not there")
    site = Site(broker, tenant, new_secret(), broker.hasher.hash(PASSWORD))
    home = factories.Home(broker, tenant.id, slug, None, tenant.root_organization_id)
    cookies = [_signed_in(home) for _ in range(SESSIONS)]
    for algorithm in ALGORITHMS:
        site.spots[algorithm] = [Spot(home.path, cookie, algorithm.lower(), _APP_SECRET) for cookie in cookies]
    return site


def add_tenants(site: Site, count: int) -> None:
    """Fill the database with further tenants, each with keys, an application and somebody signed in."""
    store(site.broker, (_filled(site, home) for home in islice(drafts(site.broker, _options(site)), count)))


def _filled(site: Site, home: Draft) -> Draft:
    values = {"redirect_uris": [REDIRECT], "id_token_alg": "ES256"}
    app = factories.application(home, secret=_APP_SECRET, **values)
    site.others.append(Spot(home.path, _signed_in(home), app.client_id, _APP_SECRET))
    return home


def _options(site: Site) -> Mapping[str, Any]:
    return site.tenant.connections["upstream"].options


def _signed_in(home: factories.Home) -> str:
    who = factories.account(home, with_password=False, with_totp=False, groups=("staff",))
    cookie = factories.cookie_of(home, factories.session(home, who))
    return f"{cookie['key']}={cookie['value']}"


def stock_up(site: Site, *, members: int = 0, attempts: int = 0) -> None:
    """More people and attempts, as many as a measurement may use up. One password hash serves all: it is as dear to check."""
    with site.broker.db.tenant(site.tenant.id).writing() as db:
        for _ in range(members):
            site.members.append(_member(site, db))
        for _ in range(attempts):
            tx = new_secret()
            db.add(_attempt(site, tx))
            site.attempts.append(tx)


def _member(site: Site, db: TenantSession) -> Member:
    owner, app, seed, tx, now = new_id("acc"), new_id("cre"), pyotp.random_base32(), new_secret(), site.now
    address = normalise_address(f"{owner[4:20]}@{site.tenant.slug}.example")
    sealed = site.broker.vault.seal(seed, Place(site.tenant.id, "credentials", "secret_sealed", app))
    db.add(
        Account(
            id=owner,
            organization_id=site.tenant.root_organization_id,
            email=address.text,
            email_key=address.key,
            name="Ada Lovelace",
            state="active",
            is_local_enabled=True,
            created_at=now,
            activated_at=now,
        )
    )
    db.flush()
    db.add(Credential(id=app, account_id=owner, kind="totp", secret_sealed=sealed, created_at=now))
    db.add(Credential(id=new_id("cre"), account_id=owner, kind="password", secret_hash=site.password_hash, created_at=now))
    db.add(_attempt(site, tx, email=address.text, method="local"))
    return Member(address.text, seed, tx)


def _attempt(site: Site, tx: str, **values: str) -> LoginTransaction:
    return LoginTransaction(
        id=digest(tx),
        browser_hash=digest(site.browser),
        reference=new_reference(),
        purpose="sign_in",
        return_to=f"{site.path}/",
        created_at=site.now,
        expires_at=site.now + timedelta(minutes=20),
        **values,
    )
