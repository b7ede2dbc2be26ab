"""Tenants files for tests: written with `$t` for the test's own tenant, and applied as `broker apply` does it."""

import hashlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from broker.icons import SYMBOLS
from broker.upstream import KINDS
from broker.upstream.kind import document_fields, secret_fields
from tenants.db import Database
from tenants.ids import new_id
from tenants.manifest.applying import Apply
from tenants.manifest.changes import TenantPlan, Workshop
from tenants.manifest.faults import ManifestError
from tenants.manifest.reading import KindForm, Manifest, Surroundings, read_manifest
from tenants.manifest.sources import Sources
from tenants.signing import NewKey, new_key
from tenants.tenants import TENANT_BY_SLUG
from tenants.vault import Vault

NOW = datetime(2021, 3, 2, 9, 0, tzinfo=UTC)
VAULT = Vault({"test": hashlib.sha256(b"the vault of tenants files in tests").digest()})
CLIENT_SECRET = "canary-client-secret-of-32-characters-or-more"
CONNECTION_SECRET = "canary-connection-secret"
PASSWORD = "canary-password-of-jane"
SEED = "CANARYSEEDCANARYSEEDAAAA"
ENVIRONMENT = {"CLIENT": CLIENT_SECRET, "CONNECTION": CONNECTION_SECRET, "PASSWORD": PASSWORD, "SEED": SEED}
CANARIES = tuple(ENVIRONMENT.values())

SURROUNDINGS = Surroundings(
    kinds={
        name: KindForm(
            one.options_type, frozenset(secret_fields(one.options_type)), frozenset(document_fields(one.options_type))
        )
        for name, one in KINDS.items()
    },
    icons=frozenset(SYMBOLS),
    main_host="main.example",
)

LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>'

SMALL = """
[tenants.$t]
name = "Acme Group"
"""
LOCAL_ON = f"""{SMALL}
[tenants.$t.policy]
local_enabled = true
"""
CONNECTION = """
[tenants.$t.connections.partners]
kind = "oidc"
label = "Partners"
issuer = "https://login.$t.example"
client_id = "broker"
client_secret = { env = "CONNECTION" }
"""
APPLICATION = """
[tenants.$t.applications.travel]
name = "Travel"
client_secret = { env = "CLIENT" }
redirect_uris = ["https://travel.example/callback"]
"""
DOMAIN = """
[tenants.$t.domains."$t.example"]
connection = "partners"
proven = true
"""
JANE = """
[tenants.$t.accounts."jane@$t.example"]
name = "Jane Doe"
local = true
groups = ["Staff", "Editors"]
password = { env = "PASSWORD" }
totp_secret = { env = "SEED" }
"""
OWNER = """
[tenants.$t.accounts."owner@$t.example"]
role = "owner"
"""
WHOLE = LOCAL_ON + CONNECTION + DOMAIN + APPLICATION + JANE


def new_slug() -> str:
    """A slug that no other test has."""
    return new_id("t").replace("_", "-")


def pretend_hash(password: str) -> str:
    """Fast, and no clear text."""
    return "argon2:" + hashlib.sha256(password.encode()).hexdigest()


@cache
def _pair(algorithm: str) -> NewKey:
    return new_key(algorithm)


class SwiftWorkshop(Workshop):
    """One key pair for all tenants of the tests, under another id for each: to make one takes long."""

    def signing_key(self, tenant_id: str, algorithm: str) -> NewKey:
        kid = new_id("key")
        return replace(_pair(algorithm), kid=kid, public_jwk=_pair(algorithm).public_jwk | {"kid": kid})


@dataclass
class Desk:
    """An operator's desk: one tenant of the test's own, and the database that its files are applied to."""

    db: Database
    folder: Path
    slug: str
    now: datetime = NOW
    environment: dict[str, str] = field(default_factory=lambda: dict(ENVIRONMENT))
    vault: Vault = VAULT

    def read(self, text: str) -> Manifest:
        return read_manifest(Template(text).substitute(t=self.slug), SURROUNDINGS, Sources(self.folder, self.environment))

    def job(self, **options: Any) -> Apply:
        return Apply(self.db, SwiftWorkshop(self.vault, pretend_hash), self.now, **options)

    def apply(self, text: str, **options: Any) -> list[str]:
        """What was done, line by line, with `$t` for the slug."""
        self.now += timedelta(seconds=1)
        return self._told(self.job(**options).run(self.read(text)))

    def plan(self, text: str, **options: Any) -> list[str]:
        return self._told(self.job(**options).plan(self.read(text)))

    def faults(self, text: str, **options: Any) -> list[str]:
        """What stands against applying the text, which must not pass."""
        try:
            self.job(**options).run(self.read(text))
        except ManifestError as error:
            return [str(fault).replace(self.slug, "$t") for fault in error.faults]
        raise AssertionError("the file was applied")

    @property
    def row(self) -> Any:
        return self.db.look_up(TENANT_BY_SLUG, slug=self.slug)[0]

    def session(self) -> Any:
        """`with desk.session() as s:` reads the tenant's rows."""
        return self.db.tenant(self.row.id).reading()

    def writing(self) -> Any:
        return self.db.tenant(self.row.id).writing()

    def _told(self, plans: tuple[TenantPlan, ...]) -> list[str]:
        return [str(change).replace(self.slug, "$t") for plan in plans for change in plan.changes]
