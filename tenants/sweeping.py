"""Removing rows whose time is over: in small batches, by an index, so that no lock is held for long.

What is kept a while longer has a reason: an attempt that ended can be started again, and an ended session can be
shown in the person's history.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, not_, select, true, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from tenants.abandoned import IS_OPEN, note_abandoned
from tenants.connection_health import SentNotice
from tenants.connection_tests import KEEP, ConnectionTest
from tenants.consents import Consent
from tenants.db import Database
from tenants.devices import Device
from tenants.jobs import PeopleJob
from tenants.logouts import LogoutDelivery
from tenants.mailed_codes import MailedCode
from tenants.operators import OperatorSession
from tenants.outbox import OutboxMail, PlatformMail
from tenants.pending_links import PendingLink
from tenants.pushed_requests import PushedRequest
from tenants.saml_logins import SamlLogin, SamlRequest
from tenants.sealing import Log, forget_platform
from tenants.sessions import ApplicationGrant, BrowserSession
from tenants.setup_links import KEEP as KEEP_LINKS
from tenants.setup_links import SetupLink
from tenants.support_access import KEEP as KEEP_GRANTS
from tenants.support_access import SupportGrant
from tenants.tenant_life import QuarantinedName
from tenants.throttles import PlatformThrottle, Throttle
from tenants.traces import Trace
from tenants.transactions import LoginTransaction, UsedAssertion
from tenants.undelivered import forget_facts
from tenants.used_tokens import UsedToken

BATCH = 500


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `model` go when `column` is older than `keep`."""

    model: Any
    column: InstrumentedAttribute[datetime]
    keep: timedelta
    unless: ColumnElement[bool] | None = None
    """Rows that have to be looked at first."""


RULES = (
    # Visits go with them.
    Rule(SupportGrant, SupportGrant.expires_at, KEEP_GRANTS),
    Rule(SetupLink, SetupLink.expires_at, KEEP_LINKS),
    Rule(LoginTransaction, LoginTransaction.expires_at, timedelta(days=1), unless=IS_OPEN),
    Rule(ApplicationGrant, ApplicationGrant.expires_at, timedelta(days=1)),
    # Not before the grants of offline access that hang on it, which live for 30 days from their authorization.
    Rule(BrowserSession, BrowserSession.expires_at, timedelta(days=30)),
    Rule(SamlRequest, SamlRequest.expires_at, timedelta()),
    Rule(SamlLogin, SamlLogin.expires_at, timedelta(days=1)),
    Rule(UsedAssertion, UsedAssertion.expires_at, timedelta()),
    Rule(UsedToken, UsedToken.expires_at, timedelta()),
    Rule(PushedRequest, PushedRequest.expires_at, timedelta()),
    # The page after signing out, and whoever looks for what became of it.
    Rule(LogoutDelivery, LogoutDelivery.created_at, timedelta(days=7)),
    Rule(ConnectionTest, ConnectionTest.expires_at, KEEP),
    Rule(MailedCode, MailedCode.expires_at, timedelta(days=1)),
    # What is bound to a directory never expires.
    Rule(Consent, Consent.expires_at, timedelta(days=1)),
    Rule(PendingLink, PendingLink.expires_at, timedelta(days=1)),
    # Their rows go with them.
    Rule(PeopleJob, PeopleJob.expires_at, timedelta()),
    Rule(Trace, Trace.expires_at, timedelta()),
    Rule(SentNotice, SentNotice.sent_at, timedelta(days=400)),
    Rule(Device, Device.expires_at, timedelta()),
    Rule(Throttle, Throttle.window_ends_at, timedelta()),
    Rule(PlatformThrottle, PlatformThrottle.window_ends_at, timedelta()),
    Rule(OperatorSession, OperatorSession.expires_at, timedelta()),
    Rule(QuarantinedName, QuarantinedName.until, timedelta()),
    # Long after the last try: to whom something was sent is asked later.
    Rule(OutboxMail, OutboxMail.created_at, timedelta(days=30)),
    Rule(PlatformMail, PlatformMail.created_at, timedelta(days=30)),
)


def sweep(database: Database, now: datetime) -> int:
    """One batch of each table, each in its own short transaction. Returns how many rows were dealt with."""
    noted = note_abandoned(database, now)
    forgotten = forget_platform(Log(database, database.vault), now, BATCH) if database.vault else 0
    return noted + forgotten + sum(_sweep_one(database, rule, now) for rule in RULES) + forget_facts(database, now, BATCH)


def _sweep_one(database: Database, rule: Rule, now: datetime) -> int:
    table = rule.model.__table__
    key = tuple_(*table.primary_key.columns)
    is_free = true() if rule.unless is None else not_(rule.unless)
    over = select(*table.primary_key.columns).where(rule.column < now - rule.keep, is_free).limit(BATCH)
    with database.platform(f"sweep {table.name}", now) as session:
        return int(session.execute(delete(table).where(key.in_(over))).rowcount)  # type: ignore[attr-defined]  # of a write there is one
