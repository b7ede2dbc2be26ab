"""A directory has come in by consent: those who look after the tenant are told, whoever let it in."""

from sqlalchemy import select

from broker.wiring import Broker
from tenants.connections import Connection
from tenants.db import TenantSession
from tenants.organizations import Contact
from tenants.outbox import add_mail
from tenants.recipients import OTHER_ADMINS
from tenants.snapshot import ConnectionConfig


def tell_added(
    db: TenantSession, broker: Broker, connection: Connection | ConnectionConfig, directory: str, domain: str, by: str
) -> None:
    """Mail owners, admins and contacts, in the caller's transaction. `by`: `link` or `operator`."""
    now = broker.ports.clock.now()
    admins = {row.email for row in db.all(OTHER_ADMINS, account="", now=now)}
    contacts = {email for email in db.scalars(select(Contact.email)) if email}
    facts = {"connection": connection.key, "label": connection.label, "directory": directory, "domain": domain}
    for address in sorted(admins | contacts):
        add_mail(db, broker.vault, address, "directory_added", facts | {"by": by, "at": now.isoformat()}, now)
