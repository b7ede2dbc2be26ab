"""The domains whose people a new connection is for: it vouches for their addresses, and they are sent to it once it is on."""

from collections.abc import Collection, Sequence

from flask import g
from flask_babel import gettext as _
from sqlalchemy import select

from broker.console.access import Admin
from broker.console.changes import Work
from broker.console.forms import Choice, FormField
from tenants.db import TenantSession
from tenants.domains import Domain
from tenants.version_keeping import Keeping

FIELD = "people_of"
_MOST = 50


def free_domains(db: TenantSession) -> list[Domain]:
    """Proven to be this tenant's, of no connection yet, and no tenants file's."""
    free = {rule.name for rule in g.tenant.domains if rule.is_trusted and rule.connection is None}
    rows = select(Domain).where(Domain.connection_id.is_(None), Domain.is_file_managed.is_(False))
    return list(db.scalars(rows.where(Domain.name.in_(free)).order_by(Domain.name).limit(_MOST)))


def domain_field(domains: Sequence[Domain], chosen: Collection[str] | None) -> FormField:
    """`chosen`: what was sent. A page that is new proposes all where this is the tenant's first connection."""
    names = [one.name for one in domains]
    proposed = names if not g.tenant.connections else []
    return FormField(
        FIELD,
        str(_("It is for the people of")),
        "choices",
        "\n".join(proposed if chosen is None else chosen),
        str(_("It vouches for these addresses. Whoever types one is sent to it, once it is on; other ways stay possible.")),
        choices=[Choice(name, name) for name in names],
    )


def bind_domains(work: Keeping, admin: Admin, key: str, chosen: Collection[str]) -> None:
    """In the transaction that adds the connection. What is no longer free stays where it is."""
    changes = Work(work.session, admin, work.now)
    connection_id = work.locked(key).id
    for row in free_domains(work.session):
        if row.name in chosen:
            row.connection_id = connection_id
            changes.note(f"domains.{row.name}", {"connection": ""}, {"connection": key})
