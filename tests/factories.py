"""Things to test with: one function for each noun, with traits.

    home = tenant(broker)                                # a new tenant with a random slug
    ada = account(home, with_totp=True)                  # can sign in with `ada.password` and `ada.code(now)`
    app = application(home, secret="…")
    client.set_cookie(**cookie_of(home, session(home, ada)))

What is written carries `home.canary` wherever there is room for a text, so that a test can look for it where it must
not be. Rows that hardly any test needs are made in tests/support/rows.py.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pyotp

from broker.hashing import Hasher
from broker.session import Proof
from broker.wiring import Broker
from tenants.accounts import Account, Grant
from tenants.addresses import normalise_address
from tenants.applications import Application
from tenants.base import Base
from tenants.connections import Connection
from tenants.credentials import Credential
from tenants.db import TenantDatabase
from tenants.domains import Domain
from tenants.identities import Identity
from tenants.ids import digest, new_id, new_secret
from tenants.keys import SigningKey, place_of_private
from tenants.organizations import Contact, Organization
from tenants.sessions import BrowserSession
from tenants.signing import KEYS, NewKey, new_key
from tenants.tenants import Tenant, TenantHost, TenantSettings
from tenants.transactions import Invitation
from tenants.vault import Place

PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Home:
    """A tenant, and the way to write into it."""

    broker: Broker
    id: str
    slug: str
    host: str | None
    root: str
    """Id of its root organization."""

    @property
    def canary(self) -> str:
        """A word that stands in everything of this tenant and nowhere else."""
        return f"canary-{self.slug}"

    @property
    def domain(self) -> str:
        return f"{self.slug}.example"

    @property
    def url(self) -> str:
        """Its canonical address, without a slash at its end."""
        return self.broker.snapshots.base_url(self.slug, self.host)

    @property
    def path(self) -> str:
        """What its paths begin with: `/t/<slug>`, or nothing on a host of its own."""
        return "" if self.host else f"/t/{self.slug}"

    @property
    def db(self) -> TenantDatabase:
        return self.broker.db.tenant(self.id)

    @property
    def now(self) -> datetime:
        return self.broker.ports.clock.now()

    def add(self, row: Any, *more: Any) -> Any:
        """Store a row, and those that stand on it, as one change of the configuration. Gives the first."""
        with self.db.writing() as db:
            for each in (row, *more):
                db.add(each)
                db.flush()
            db.touch_configuration()
        return row

    def change(self, model: type[Base], row_id: str, **values: object) -> None:
        """Change a stored row as an admin would."""
        with self.db.writing() as db:
            row = db.get_one(model, (self.id, row_id))
            for name, value in values.items():
                setattr(row, name, value)
            db.touch_configuration()


@dataclass(frozen=True)
class Someone:
    """An account with what its owner knows and has."""

    id: str
    email: str
    password: str
    seed: str = field(repr=False)

    def code(self, now: datetime) -> str:
        """What the authenticator app shows."""
        return pyotp.TOTP(self.seed).at(now)


def tenant(broker: Broker, *, host: str | None = None, status: str = "active", **policy: object) -> Home:
    """A tenant with its root organization, settings, signing keys and a contact; local sign-in is on."""
    slug, now = f"t{new_id('x')[2:14]}", broker.ports.clock.now()
    home = Home(broker, new_id("ten"), slug, host, new_id("org"))
    row = Tenant(id=home.id, slug=slug, name=f"{home.canary} Group", status=status, canonical_host=host, created_at=now)
    with broker.db.operating(home.id, "a test makes itself a tenant", now) as (platform, db):
        platform.add(row)
        platform.flush()
        if host:
            platform.add(TenantHost(host=host, tenant_id=home.id))
            platform.flush()
        db.add(Organization(id=home.root, key="root", name=home.canary))
        db.add(TenantSettings(id="settings", policy={"local_enabled": True} | policy))
        db.flush()
        for algorithm in KEYS:
            db.add(signing_key(home, algorithm))
        db.add(_contact(home))
        db.flush()
        db.touch_configuration()
    return home


def contact(home: Home) -> Contact:
    return home.add(_contact(home))


def _contact(home: Home) -> Contact:
    label = f"Desk {home.canary}"
    return Contact(id=new_id("cnt"), organization_id=home.root, label=label, email=f"help@{home.domain}")


def signing_key(home: Home, algorithm: str = "ES256") -> SigningKey:
    """Not stored yet. RSA pairs come from one of the process, as making them takes long."""
    made = new_key(algorithm) if algorithm == "ES256" else _rsa_key(algorithm)
    kid = new_id("key")
    private = json.dumps(json.loads(made.private) | {"kid": kid})
    return SigningKey(
        id=kid,
        algorithm=algorithm,
        public_jwk=made.public_jwk | {"kid": kid},
        private_sealed=home.broker.vault.seal(private, place_of_private(home.id, kid)),
        created_at=home.now,
    )


@cache
def _rsa_key(algorithm: str) -> NewKey:
    return new_key(algorithm)


def account(
    home: Home,
    email: str | None = None,
    *,
    with_password: bool = True,
    with_totp: bool = True,
    groups: tuple[str, ...] = (),
    **values: Any,
) -> Someone:
    """Somebody who signs in locally; `with_password=False`: only by an identity provider. `values` are columns."""
    address = normalise_address(email or f"{home.canary}.{new_id('x')[2:8]}@{home.domain}")
    seed = pyotp.random_base32()
    defaults = {"state": "active", "is_local_enabled": with_password, "activated_at": home.now, "created_at": home.now}
    columns = {"organization_id": home.root, "name": f"Ada {home.canary}"} | defaults | values
    row = Account(id=new_id("acc"), email=address.text, email_key=address.key, **columns)
    theirs: list[Credential | Grant] = [_grant(home, row.id, group) for group in groups]
    if with_totp:
        theirs.insert(0, _credential(home, row.id, None, seed))
    if with_password:
        theirs.insert(0, _credential(home, row.id, _password_hash(home.broker.hasher), None))
    home.add(row, *theirs)
    return Someone(row.id, address.text, PASSWORD, seed)


@cache
def _password_hash(hasher: Hasher) -> str:
    return hasher.hash(PASSWORD)


def admin(home: Home) -> Someone:
    return account(home, role="admin", groups=(home.canary,))


def credential(
    home: Home, account_id: str | None = None, *, secret_hash: str | None = None, seed: str | None = None
) -> Credential:
    """A password where a hash is given, else an authenticator app."""
    return home.add(_credential(home, account_id or account(home).id, secret_hash, seed))


def _credential(home: Home, owner: str, secret_hash: str | None, seed: str | None) -> Credential:
    made = new_id("cre")
    place = Place(home.id, "credentials", "secret_sealed", made)
    sealed = home.broker.vault.seal(seed or pyotp.random_base32(), place) if secret_hash is None else None
    kind = "totp" if sealed else "password"
    columns = {"secret_hash": secret_hash, "secret_sealed": sealed, "label": home.canary, "created_at": home.now}
    return Credential(id=made, account_id=owner, kind=kind, **columns)


def grant(home: Home, account_id: str | None = None, group: str | None = None) -> Grant:
    return home.add(_grant(home, account_id or account(home).id, group))


def _grant(home: Home, owner: str, group: str | None) -> Grant:
    return Grant(id=new_id("gra"), account_id=owner, kind="group", value=group or home.canary, source="operator")


def connection(home: Home, key: str | None = None, *, kind: str = "oidc", **values: Any) -> Connection:
    """`options` are the kind's; those in `secrets` are sealed."""
    made = new_id("con")
    secrets = values.pop("secrets", {"client_secret": f"secret-{home.canary}"})
    options = {"issuer": f"https://idp.{home.domain}", "client_id": home.canary}
    columns = {"options": options, "label": f"IdP {home.canary}", "created_at": home.now, "updated_at": home.now}
    sealed = home.broker.vault.seal(json.dumps(secrets), Place(home.id, "connections", "secrets_sealed", made))
    key = key or f"c-{made[4:14]}"
    return home.add(Connection(id=made, key=key, kind=kind, secrets_sealed=sealed, **(columns | values)))


def domain(home: Home, name: str | None = None, **values: Any) -> Domain:
    return home.add(Domain(id=new_id("dom"), name=name or f"{new_id('d')[2:10]}.{home.domain}", **values))


def application(home: Home, *, secret: str | None = None, **values: Any) -> Application:
    """A web application with a secret (`secret`, or one that nobody knows)."""
    made = new_id("app")
    columns = {
        "organization_id": home.root,
        "key": f"a-{made[4:14]}",
        "name": f"App {home.canary}",
        "launch_url": f"https://app.{home.domain}/{home.canary}",
        "client_id": made,
        "secret_hash": digest(secret or new_secret()),
        "redirect_uris": [f"https://app.{home.domain}/callback"],
        "post_logout_redirect_uris": [f"https://app.{home.domain}/bye"],
        "created_at": home.now,
    }
    if values.get("required_groups"):
        columns["is_assigned_only"] = True
    return home.add(Application(id=made, **(columns | values)))


def identity(home: Home, account_id: str | None = None, connection_id: str | None = None, **values: Any) -> Identity:
    owner, way = account_id or account(home).id, connection_id or connection(home).id
    columns = {"issuer": f"https://idp.{home.domain}", "subject": new_id(home.canary), "created_at": home.now}
    return home.add(Identity(id=new_id("idn"), account_id=owner, connection_id=way, **(columns | values)))


@dataclass(frozen=True)
class OpenSession:
    """A session's row, and the secret that its browser holds."""

    row: BrowserSession
    secret: str = field(repr=False)


def session(home: Home, who: Someone | None = None, **values: Any) -> OpenSession:
    now, secret = home.now, new_secret()
    columns = {
        "account_id": (who or account(home)).id,
        "method": "local",
        "proofs": [Proof("pwd", now).as_json(), Proof("otp", now).as_json()],
        "auth_time": now,
        "created_at": now,
        "last_seen_at": now,
        "expires_at": now + timedelta(hours=12),
        "user_agent": home.canary,
    }
    return OpenSession(home.add(BrowserSession(id=new_id("ses"), cookie_hash=digest(secret), **(columns | values))), secret)


def cookie_of(home: Home, opened: OpenSession) -> dict[str, str]:
    """For `client.set_cookie(**…)`: the session's cookie as the browser holds it on plain http."""
    name = "sid" if home.host else f"{home.slug}-sid"
    return {"key": name, "value": opened.secret, "path": home.path or "/", "domain": home.host or "localhost"}


def invitation(home: Home, token: str | None = None, account_id: str | None = None, **values: Any) -> Invitation:
    """For `token`, or one that nobody knows."""
    owner = account_id or account(home, state="invited", with_password=False, is_local_enabled=True).id
    columns = {"created_at": home.now, "expires_at": home.now + timedelta(days=30)}
    return home.add(
        Invitation(id=new_id("inv"), account_id=owner, token_hash=digest(token or new_secret()), **(columns | values))
    )
