"""Admin consent at Microsoft: who asked for it, and what came of it. The directory that comes back proves nothing."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import ForeignKeyConstraint, Index, String, bindparam, delete, false, insert, select, update
from sqlalchemy.orm import Mapped, mapped_column

from tenants.addresses import AddressError, normalise_domain
from tenants.base import Base, TenantScoped
from tenants.db import TenantSession
from tenants.routing_domains import DomainRule, find_rule
from tenants.statements import scoped


class Consent(TenantScoped, Base):
    """One way to the consent page and back, bound to a browser; bound to a directory by the sign-in that follows."""

    __tablename__ = "consents"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "connection_id"], ["connections.tenant_id", "connections.id"], ondelete="CASCADE"),
        Index("uq_consents_token_hash", "tenant_id", "token_hash", unique=True),
        Index("ix_consents_state_hash", "tenant_id", "state_hash"),
        Index("ix_consents_expires_at", "expires_at"),
    )

    connection_id: Mapped[str] = mapped_column(String(80))
    token_hash: Mapped[str] = mapped_column(String(64))
    """Of the link that begins it."""
    state_hash: Mapped[str | None] = mapped_column(String(64))
    browser_hash: Mapped[str | None] = mapped_column(String(64))
    asked_by: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    directory: Mapped[str | None] = mapped_column(String(36))
    """As Microsoft's answer names it; believed only when a sign-in of the same browser says the same."""
    domain: Mapped[str | None] = mapped_column(String(255))
    """For people to recognize it by."""
    may_bind: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Was the link given by somebody who may let a directory in? What an error page began waits for their word, and so does
    a directory of people whose domain is not this tenant's: links are forwarded."""
    granted_at: Mapped[datetime | None]
    proven_at: Mapped[datetime | None]
    """Somebody has signed in to that very directory."""
    bound_at: Mapped[datetime | None]
    cause: Mapped[str | None] = mapped_column(String(40))


LINK_LIFE = timedelta(days=7)
OWN_LIFE = timedelta(hours=1)
"""Of what an error page began: long enough for a consent, not for a link to be handed on."""
WAITING = timedelta(days=30)
"""For the word of somebody who may let a directory in."""
FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
"""What is bound does not run out."""

_ROW = Consent.__table__
_OPEN = (Consent.bound_at.is_(None), Consent.expires_at > bindparam("now"))
_OF_BROWSER = (
    Consent.state_hash == bindparam("state_digest"),
    Consent.browser_hash == bindparam("browser"),
    Consent.connection_id == bindparam("connection"),
)

ADD_CONSENT = scoped(insert(Consent))
CONSENT_BY_TOKEN = scoped(select(*_ROW.c).where(Consent.token_hash == bindparam("token_digest"), *_OPEN))
BEGIN_CONSENT = scoped(
    update(Consent)
    .where(Consent.token_hash == bindparam("token_digest"), *_OPEN)
    .values(
        state_hash=bindparam("state_digest"),
        browser_hash=bindparam("browser"),
        directory=None,
        domain=None,
        granted_at=None,
        proven_at=None,
        cause=None,
    )
)
"""Pressed again, it begins again: whoever can't approve hands the link on. What waits for a return then is the newest."""
TAKE_CONSENT = scoped(update(Consent).where(*_OF_BROWSER, *_OPEN).values(state_hash=None).returning(*_ROW.c))
"""Each step is taken once, by the browser that began: the row is the answer."""
SAVE_CONSENT = scoped(update(Consent).where(Consent.id == bindparam("consent_id"), Consent.state_hash.is_(None), *_OPEN))
"""Sets the columns that it is run with, where nobody has begun anew meanwhile."""
BIND_DIRECTORY = scoped(
    update(Consent)
    .where(Consent.id == bindparam("consent_id"), Consent.proven_at.is_not(None), *_OPEN)
    .values(bound_at=bindparam("now"), expires_at=FOREVER, state_hash=None, browser_hash=None)
)
BIND_BY_WORD = scoped(
    update(Consent)
    .where(Consent.id == bindparam("consent_id"), Consent.proven_at.is_not(None), Consent.expires_at > bindparam("now"))
    .values(bound_at=bindparam("now"), expires_at=FOREVER, state_hash=None, browser_hash=None, may_bind=False)
)
"""The same by the word of somebody who may let it in, whatever its domain is; also for one that a link has let in already,
which vouches for every domain of the connection from then on."""
_BOUND = scoped(
    select(Consent.connection_id, Consent.directory, Consent.domain, Consent.may_bind).where(Consent.bound_at.is_not(None))
)
DIRECTORIES_OF = scoped(
    select(*_ROW.c)
    .where(Consent.connection_id == bindparam("connection"), Consent.proven_at.is_not(None))
    .order_by(Consent.created_at)
    .limit(200)
)
"""Those that are bound, and those that wait for a word."""
FORGET_DIRECTORY = scoped(
    delete(Consent).where(
        Consent.connection_id == bindparam("connection"),
        Consent.directory == bindparam("forgotten"),
        Consent.proven_at.is_not(None),
    )
)


def is_at_home(domain: str | None, connection: str, rules: Iterable[DomainRule]) -> bool:
    """Are people of this domain this tenant's, and of no other connection? Then a link is enough for their directory."""
    try:
        rule = find_rule(normalise_domain(domain or ""), rules)
    except AddressError:
        return False
    return rule is not None and rule.is_trusted and rule.connection in (None, connection)


def consented_directories(session: TenantSession) -> dict[str, dict[str, str | None]]:
    """Connection's id → directories that it accepts beside those that its options name, each with what it vouches for.

    That is the one domain whose proof made a link enough; None: every domain of the connection, by somebody's word.
    """
    found: dict[str, dict[str, str | None]] = {}
    for row in sorted(session.all(_BOUND), key=lambda one: (one.directory, not one.may_bind)):
        found.setdefault(row.connection_id, {})[row.directory] = row.domain if row.may_bind else None
    return found
