"""What of a connection runs out when, and when somebody has to be told: 30, 14, 7 and 1 days before, and once after."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Row, bindparam, select

from tenants.connection_health import ADD_NOTICE, NOTICE
from tenants.connections import Connection
from tenants.db import Database, TenantSession
from tenants.ids import new_id
from tenants.keys import KeyState, SigningKey
from tenants.outbox import add_mail
from tenants.recipients import OTHER_ADMINS
from tenants.saml_metadata import FetchedMetadata
from tenants.signing import CERTIFICATE_LIFE, SAML, SAML_IDP
from tenants.statements import scoped
from tenants.vault import Vault

JOB = "endings"
STAGES = (1, 7, 14, 30)
"""Days before an end on which somebody is told."""
TOLD_AFTER = timedelta(days=30)
"""What ended longer ago is no news."""


class Thing(StrEnum):
    """What runs out."""

    CERTIFICATE = "certificate"
    """One that the identity provider signs with."""
    SECRET = "secret"
    CLIENT_CERTIFICATE = "client_certificate"
    """One that is registered at the provider, by which the broker proves itself there."""
    OWN_CERTIFICATE = "own_certificate"
    """One of the tenant's own, with which requests are signed."""
    APPLICATIONS_CERTIFICATE = "applications_certificate"
    """One of the tenant's own, with which it answers to SAML applications."""


_KEYS_OF = {Thing.OWN_CERTIFICATE: SAML, Thing.APPLICATIONS_CERTIFICATE: SAML_IDP}


@dataclass(frozen=True, slots=True)
class Ending:
    """One thing and its end. `connection` is a key; empty for what serves all of them."""

    thing: Thing
    connection: str
    label: str
    name: str
    """Beginning of a certificate's fingerprint (SHA-256), or the id of a key; empty for a secret."""
    ends_at: datetime
    successor_ends_at: datetime | None = None
    """There is another one beside it that ends later."""

    def days_left(self, now: datetime) -> int:
        """Whole days; negative once it is over."""
        return (self.ends_at - now).days

    def notice(self, stage: int) -> str:
        """Under which name a notice of it is remembered."""
        return f"{self.thing.value} {self.connection} {self.name} {self.ends_at:%Y-%m-%dT%H:%M} {stage}"


CONNECTIONS = scoped(select(*Connection.__table__.c).where(Connection.is_enabled).order_by(Connection.position, Connection.key))
_OWN_KEYS = scoped(
    select(SigningKey.id, SigningKey.created_at, SigningKey.algorithm)
    .where(
        SigningKey.algorithm.in_((SAML, SAML_IDP)),
        SigningKey.state.in_((KeyState.ACTIVE.value, KeyState.PUBLISHED.value)),
    )
    .order_by(SigningKey.created_at, SigningKey.id)
)
_DOCUMENT = scoped(select(FetchedMetadata.document).where(FetchedMetadata.id == bindparam("connection")))


def stage_of(ends_at: datetime, now: datetime) -> int | None:
    """Which notice is due: 30, 14, 7 or 1 (days before), 0 (it is over), or none. A night that was missed is not made up."""
    if ends_at <= now:
        return 0 if now - ends_at < TOLD_AFTER else None
    return next((days for days in STAGES if ends_at - now <= timedelta(days=days)), None)


def of_certificates(connection: Row[Any], certificates: Sequence[str]) -> list[Ending]:
    """The ends of the certificates (PEM) that a connection takes."""
    parsed = [x509.load_pem_x509_certificate(pem.encode()) for pem in certificates]
    named = [(sha256(one.public_bytes(Encoding.DER)).hexdigest()[:16], one.not_valid_after_utc) for one in parsed]
    return _with_successors(Thing.CERTIFICATE, connection.key, connection.label, named)


def of_secret(connection: Row[Any]) -> list[Ending]:
    """The end of a client secret, where somebody has said when that is."""
    if connection.secret_expires_at is None:
        return []
    return [Ending(Thing.SECRET, connection.key, connection.label, "", connection.secret_expires_at)]


def of_client_certificate(connection: Row[Any]) -> list[Ending]:
    """The end of the certificate that stands for a client secret, where there is one: it is no secret itself."""
    pem = connection.options.get("client_certificate")
    return [replace(one, thing=Thing.CLIENT_CERTIFICATE) for one in of_certificates(connection, [pem])] if pem else []


def of_own_certificates(session: TenantSession, things: Collection[Thing]) -> list[Ending]:
    """The ends of the tenant's own certificates for SAML: towards identity providers, and towards applications."""
    rows, found = session.all(_OWN_KEYS) if things else [], []
    for thing in things:
        mine = [row for row in rows if row.algorithm == _KEYS_OF[thing]]
        named = [(row.id, row.created_at.replace(microsecond=0) + CERTIFICATE_LIFE) for row in mine]
        found += _with_successors(thing, "", "", named)
    return found


def fetched_document(session: TenantSession, connection_id: str) -> str | None:
    """The metadata that was fetched for a connection, if it was."""
    row = session.one(_DOCUMENT, connection=connection_id)
    return row.document if row else None


def _with_successors(thing: Thing, key: str, label: str, named: Sequence[tuple[str, datetime]]) -> list[Ending]:
    latest = max((end for _name, end in named), default=None)
    return [Ending(thing, key, label, name, end, latest if latest and latest > end else None) for name, end in named]


def warn(db: Database, vault: Vault, tenant_id: str, endings: Iterable[Ending], now: datetime) -> list[Ending]:
    """Mail what is due to every owner and admin, each notice once, with the note that says so. Returns what was told."""
    due = [(one, stage) for one in endings if (stage := stage_of(one.ends_at, now)) is not None]
    if not due:
        return []
    with db.tenant(tenant_id).writing() as session:
        return [one for one, stage in due if _tell(session, vault, one, stage, now)]


def _tell(session: TenantSession, vault: Vault, ending: Ending, stage: int, now: datetime) -> bool:
    about = ending.notice(stage)
    if session.one(NOTICE, about=about) is not None:
        return False
    session.run(ADD_NOTICE, id=new_id("ntc"), subject=about, sent_at=now)
    facts = {"thing": ending.thing.value, "connection": ending.label, "name": ending.name, "on": ending.ends_at.isoformat()}
    if ending.successor_ends_at is not None:
        facts["successor"] = ending.successor_ends_at.isoformat()
    for admin in session.all(OTHER_ADMINS, account="", now=now):
        add_mail(session, vault, admin.email, "connection_ends", facts, now)
    return True
