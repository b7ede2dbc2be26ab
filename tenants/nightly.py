"""What time does to accounts, written down: once a day over all tenants, in small batches, each its own transaction.

Nothing is counted and nothing kept in between: a run that was interrupted, or a second one, finds what is left to do.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, bindparam, func, or_, select

from tenants.accounts import ADMIN_ROLES, Account, AccountState
from tenants.audit import Event, append
from tenants.db import Database, TenantDatabase, TenantSession
from tenants.ends import End
from tenants.last_admin import door_holders, load_admins
from tenants.lifecycle import Decision, LifecycleError, change_state, decide, last_day, life_facts, locked
from tenants.organization_policies import Policies, load_policies
from tenants.outbox import add_mail
from tenants.reasons import Reason
from tenants.statements import scoped
from tenants.tenants import ALL_TENANTS, TenantStatus
from tenants.vault import Vault

JOB = "lifecycle"
BY = "lifecycle"
"""Who changes an account, in the audit log."""
BATCH = 50
_HOUR = 2
"""When the nightly run is due, UTC."""

_IS_OLD_INVITATION = and_(
    Account.state == AccountState.INVITED.value,
    func.coalesce(Account.invited_at, Account.created_at) <= bindparam("invited_before"),
)
_IS_UNUSED = and_(
    Account.state == AccountState.ACTIVE.value,
    or_(
        Account.created_at <= bindparam("used_before"),
        Account.last_login_at.is_not(None),
        Account.activated_at.is_not(None),
    ),
    *(
        or_(column.is_(None), column <= bindparam("used_before"))
        for column in (Account.last_login_at, Account.activated_at, Account.state_changed_at)
    ),
)
_CANDIDATES = scoped(
    select(*Account.__table__.c)
    .where(
        Account.id > bindparam("after"),
        Account.state.in_((AccountState.INVITED.value, AccountState.ACTIVE.value)),
        or_(Account.expires_at <= bindparam("expires_before"), _IS_OLD_INVITATION, _IS_UNUSED),
    )
    .order_by(Account.id)
    .limit(BATCH)
)
"""Who may have something to decide about, in the order of the key; `decide` has the last word."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was done about one account, or would be."""

    email: str
    what: str
    """A state, `warned`, or `kept` for who runs out and must not."""
    sentence: str


@dataclass(slots=True)
class Round:
    """One pass over one tenant's accounts at one time. `is_dry`: decide, and write nothing."""

    db: Database
    vault: Vault
    tenant_id: str
    now: datetime
    is_dry: bool = False
    _gone: set[str] = field(default_factory=set)
    """Admins who have ended in this pass; nothing says so in the database where it is a dry one."""

    def batches(self) -> Iterator[list[Outcome]]:
        """Work through the accounts: at most one transaction for each item, and none where there is nothing to do."""
        after: str | None = ""
        while after is not None:
            with self._mine.reading() as session:
                policies = load_policies(session)
                rows = session.all(_CANDIDATES, after=after, **_horizon(policies, self.now))
                due = [row for row in rows if self._decision(policies, row).end]
                outcomes = self._judged(session, policies, due) if self.is_dry else []
            if due and not self.is_dry:
                with self._mine.writing() as session:
                    outcomes = self._judged(session, load_policies(session), due)
            yield outcomes
            after = rows[-1].id if len(rows) == BATCH else None

    @property
    def _mine(self) -> TenantDatabase:
        return self.db.tenant(self.tenant_id)

    def _judged(self, session: TenantSession, policies: Policies, rows: Sequence[Row[Any]]) -> list[Outcome]:
        return [outcome for row in rows if (outcome := self._judge(session, policies, row))]

    def _judge(self, session: TenantSession, policies: Policies, row: Row[Any]) -> Outcome | None:
        # Again, now that nobody else changes it: somebody may have signed in since the batch was read.
        account = row if self.is_dry else _locked(session, row.id)
        if account is None:
            return None
        decision = self._decision(policies, account)
        if decision.end is None or decision.on is None:
            return None
        objection = self._objection(session, account)
        if decision.state is not None:
            return self._end(session, account, decision.state, decision.reason, objection)
        if objection and decision.end is not End.EXPIRY:
            return None
        return self._warn(session, account, decision.end, decision.on, decision.reason)

    def _decision(self, policies: Policies, row: Any) -> Decision:
        # What spares an admin is asked for here, and not of the clock.
        facts = replace(life_facts(row), is_admin=False)
        return decide(facts, policies.of(row.organization_id), (row.warned_of, row.warned_at), self.now)

    def _objection(self, session: TenantSession, account: Any) -> str | None:
        """Why this one is kept (AC-06)."""
        if account.id in door_holders(session):
            return "It has emergency access."
        if account.role not in ADMIN_ROLES:
            return None
        admins = load_admins(session)
        left = replace(admins, people={key: one for key, one in admins.people.items() if key not in self._gone})
        return left.objection_to_loss(account.id, self.now)

    def _end(self, session: TenantSession, account: Any, state: AccountState, reason: Reason, objection: str | None) -> Outcome:
        if objection:
            return Outcome(account.email, "kept", f"{reason.sentence} {objection}")
        if not self.is_dry:
            change_state(session, account.id, state, self.now, BY)
        self._gone.add(account.id)
        return Outcome(account.email, state.value, reason.sentence)

    def _warn(self, session: TenantSession, account: Any, end: End, on: datetime, reason: Reason) -> Outcome:
        """Once for each cause, in the same transaction as the note that says so (A4)."""
        if not self.is_dry:
            account.warned_of, account.warned_at = end.value, self.now
            session.flush()
            facts = {"what": end.value, "on": last_day(end, on)}
            add_mail(session, self.vault, account.email, "life_warning", facts, self.now)
            append(session, Event.ACCOUNT_WARNED, at=self.now, account_id=account.id, detail={"by": BY} | facts)
        return Outcome(account.email, "warned", reason.sentence)


def rounds(db: Database, vault: Vault, now: datetime, *, is_dry: bool = False) -> Iterator[tuple[str, Round]]:
    """The slug and the pass of every tenant that is not suspended: nobody gets mails from one that is."""
    for tenant in db.look_up(ALL_TENANTS):
        if tenant.status == TenantStatus.ACTIVE:
            yield tenant.slug, Round(db, vault, tenant.id, now, is_dry)


def next_night(now: datetime) -> datetime:
    """When the job is due after a run that began at `now`. Pure."""
    tonight = now.replace(hour=_HOUR, minute=0, second=0, microsecond=0)
    return tonight if tonight > now else tonight + timedelta(days=1)


def _locked(session: TenantSession, account_id: str) -> Account | None:
    try:
        return locked(session, account_id)
    except LifecycleError:
        return None


def _horizon(policies: Policies, now: datetime) -> dict[str, datetime]:
    """From when on an account of any part may be due for anything, a warning being the earliest."""
    lead = now + timedelta(days=max(policy.warning_days for policy in policies.all))
    return {
        "expires_before": lead,
        "invited_before": lead - timedelta(days=min(policy.activation_days for policy in policies.all)),
        "used_before": lead - timedelta(days=min(policy.inactive_days for policy in policies.all)),
    }
