"""Directories that come in by consent, and go: whoever looks after the tenant is told, whoever let one in."""

from typing import cast

from sqlalchemy import select

from broker.upstream import KINDS
from broker.upstream.sharing import Consenting
from broker.wiring import Broker
from tenants.audit import Event, append
from tenants.connections import Connection
from tenants.consents import ADD_CONSENT, BIND_BY_WORD, DIRECTORIES_OF, FORGET_DIRECTORY, LINK_LIFE
from tenants.db import TenantSession
from tenants.directories import end_people
from tenants.ids import digest, new_id, new_secret
from tenants.organizations import Contact
from tenants.outbox import add_mail
from tenants.recipients import OTHER_ADMINS
from tenants.snapshot import ConnectionConfig


def tell_added(
    db: TenantSession, broker: Broker, connection: Connection | ConnectionConfig, directory: str, domain: str, by: str
) -> None:
    """Mail owners, admins and contacts, in the caller's transaction. `by`: `link`, `operator` or `admin`."""
    now = broker.ports.clock.now()
    admins = {row.email for row in db.all(OTHER_ADMINS, account="", now=now)}
    contacts = {email for email in db.scalars(select(Contact.email)) if email}
    facts = {"connection": connection.key, "label": connection.label, "directory": directory, "domain": domain}
    for address in sorted(admins | contacts):
        add_mail(db, broker.vault, address, "directory_added", facts | {"by": by, "at": now.isoformat()}, now)


def new_link(broker: Broker, db: TenantSession, connection: Connection, by: str) -> str:
    """The token of a link for the admin of a directory; it is kept nowhere."""
    token, now = new_secret(), broker.ports.clock.now()
    values = {"token_hash": digest(token), "asked_by": by, "created_at": now, "may_bind": True}
    db.run(ADD_CONSENT, id=new_id("cns"), connection_id=connection.id, expires_at=now + LINK_LIFE, **values)
    return token


def let_in(broker: Broker, db: TenantSession, connection: Connection, directory: str, by: str, told: str) -> str | None:
    """A directory that waits may come; its domain, or None where none waits. `told`: whom the mail names."""
    now = broker.ports.clock.now()
    for row in db.all(DIRECTORIES_OF, connection=connection.id):
        if row.directory == directory and db.run(BIND_BY_WORD, consent_id=row.id, now=now):
            _note(broker, db, Event.DIRECTORY_ADDED, connection, directory, by)
            tell_added(db, broker, connection, directory, row.domain or "", told)
            return row.domain or ""
    return None


def let_go(broker: Broker, db: TenantSession, connection: Connection, directory: str, by: str) -> int | None:
    """A directory may come no longer: how many people that ends, or None where it had not come in by consent.

    Minus one: the connection itself names it, so it goes on.
    """
    if not db.run(FORGET_DIRECTORY, connection=connection.id, forgotten=directory):
        return None
    _note(broker, db, Event.DIRECTORY_REMOVED, connection, directory, by)
    kind = cast(Consenting, KINDS[connection.kind])
    if kind.accepts(KINDS[connection.kind].options_type.model_construct(**connection.options), directory):
        return -1
    now = broker.ports.clock.now()
    return end_people(db, connection.id, lambda issuer: kind.directory_of(issuer) == directory, by, now)


def _note(broker: Broker, db: TenantSession, event: Event, connection: Connection, directory: str, by: str) -> None:
    detail = {"directory": directory, "by": by}
    append(db, event, at=broker.ports.clock.now(), connection_id=connection.id, detail=detail)
    db.touch_configuration()
