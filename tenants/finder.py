"""Finding one's organization by e-mail address (R6): who asks is counted, and who is found is read by mail only.

Asking writes one row, whatever the address is; accounts are looked at when the mail is made (IR-08).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from tenants.accounts import Account, AccountState
from tenants.addresses import Address
from tenants.db import Database
from tenants.outbox import add_platform_mail
from tenants.tenants import DomainProof, Tenant, TenantStatus
from tenants.throttles import PLATFORM_THROTTLE, count_platform_try, counter_key

FINDER = "finder"
"""The message."""
WINDOW = timedelta(hours=1)
MAILS_AN_HOUR = 3
"""To one address (IR-09)."""
REQUESTS_AN_HOUR = 30
"""From one network address; an office may share it."""


@dataclass(frozen=True, slots=True)
class Found:
    """Slugs of tenants: with an account of this address, and with a proof for its domain or one above."""

    by_account: tuple[str, ...]
    by_domain: tuple[str, ...]


def finder_paused_until(db: Database, network: str, now: datetime) -> datetime | None:
    """Until when this network address may not ask; None: it may."""
    rows = db.look_up(PLATFORM_THROTTLE, key=counter_key("finder-network", network))
    if not rows or rows[0].window_ends_at <= now or rows[0].tries < REQUESTS_AN_HOUR:
        return None
    until: datetime = rows[0].window_ends_at
    return until


def ask_finder(db: Database, address: Address, network: str, now: datetime, language: str = "") -> None:
    """Have a mail sent to an address, in the language of the page, unless it got its share already: who asks learns neither."""
    with db.platform("somebody looks for their organization", now) as session:
        # Always in this order: two that ask at once wait for each other and never in a circle.
        requests = count_platform_try(session, counter_key("finder-network", network), WINDOW, now)
        mails = count_platform_try(session, counter_key("finder-address", address.key), WINDOW, now)
        if requests <= REQUESTS_AN_HOUR and mails <= MAILS_AN_HOUR:
            # To the very name that is looked up: no other spelling may read what is this one's.
            add_platform_mail(session, address.key, FINDER, now, language)


def find_tenants(db: Database, address: Address, now: datetime) -> Found:
    """Across tenants: for a mail to this very address, and for nothing else."""
    is_open = Tenant.status == TenantStatus.ACTIVE.value
    accounts = (
        select(Tenant.slug)
        .join(Account, Account.tenant_id == Tenant.id)
        .where(is_open, Account.email_key == address.key, Account.state != AccountState.DELETED.value)
    )
    proofs = (
        select(Tenant.slug)
        .join(DomainProof, DomainProof.tenant_id == Tenant.id)
        .where(is_open, DomainProof.domain.in_(_with_parents(address.domain)))
    )
    with db.platform("the organizations of an address are looked up for a mail to it", now) as session:
        return Found(tuple(session.scalars(accounts)), tuple(session.scalars(proofs)))


def _with_parents(domain: str) -> list[str]:
    """`a.b.example` and `b.example`: a rule for `*.b.example` is proven by the latter."""
    labels = domain.split(".")
    return [".".join(labels[first:]) for first in range(len(labels) - 1)]
