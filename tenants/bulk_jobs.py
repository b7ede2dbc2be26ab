"""Bulk actions carried out: planned for a yes, then done person by person, each in a transaction of its own.

What was planned is asked again at each person, as things may have changed since. A process that dies midway leaves what
it has done and nothing half: the next one goes on with those that wait.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from tenants import jobs
from tenants.accounts import Account, AccountState
from tenants.bulk import Action, Person, Planned, Setting, plan_bulk
from tenants.db import TenantDatabase, TenantSession
from tenants.ends import effective_state
from tenants.ids import new_id
from tenants.invitations import INVITATION_LINK, RESET_LIFE, RESET_LINK, make_link
from tenants.jobs import JobState, Outcome
from tenants.last_admin import door_holders, load_admins
from tenants.lifecycle import LifecycleError, change_state, life_facts, locked, set_local
from tenants.organization_policies import load_policies
from tenants.organization_tree import load_tree
from tenants.outbox import add_mail
from tenants.policies import TenantPolicy
from tenants.vault import Vault

_AT_ONCE = 500
_BATCH = 20
"""People between two notes of how far it has come."""


def plan_job(database: TenantDatabase, action: Action, ids: Sequence[str], actor_id: str, now: datetime) -> str:
    """Write a plan down, for a look and a yes. Returns the job's id."""
    with database.reading() as db:
        planned = plan_bulk(action, _people(db, ids, now), setting_of(db, actor_id, now))
    counts = Counter(outcome_of(one).value for one in planned)
    job = new_id("job")
    with database.writing() as db:
        add_job(db, job, action.value, actor_id, len(planned), dict(counts), now)
        db.run_each(jobs.ADD_JOB_ROW, [_row(job, place, one) for place, one in enumerate(planned, 1)])
    return job


def add_job(
    db: TenantSession,
    job: str,
    kind: str,
    actor_id: str,
    total: int,
    facts: dict[str, Any],
    now: datetime,
    state: str = JobState.READY.value,
) -> None:
    """The job itself."""
    db.run(
        jobs.ADD_JOB,
        id=job,
        kind=kind,
        state=state,
        account_id=actor_id,
        facts=facts,
        total=total,
        done=0,
        created_at=now,
        expires_at=now + jobs.KEEP,
        finished_at=None,
        leased_until=None,
    )


def outcome_of(one: Planned) -> Outcome:
    """What a plan says of a person."""
    if one.refusal is not None:
        return Outcome.REFUSED
    return Outcome.SAME if one.is_same else Outcome.WAITING


def work_on(
    database: TenantDatabase, vault: Vault, job_id: str, clock: Callable[[], datetime], is_over: Callable[[], bool]
) -> bool:
    """Go on with a job that runs, until `is_over`. Says whether something is left of it (for whoever comes next)."""
    now = clock()
    with database.writing() as db:
        if not db.run(jobs.LEASE_JOB, job=job_id, now=now, until=now + jobs.LEASE):
            return False
        job = db.one(jobs.JOB, job=job_id)
    while job is not None:
        with database.reading() as db:
            rows = db.all(jobs.JOB_ROWS_OF, job=job_id, which=Outcome.WAITING.value, after=0, count=_BATCH)
        if not rows:
            with database.writing() as db:
                db.run(jobs.FINISH_JOB, job=job_id, now=clock())
            return False
        for row in rows:
            _settle(database, vault, job, row, clock())
        rest = is_over()
        with database.writing() as db:
            until = clock() + (timedelta() if rest else jobs.LEASE)
            db.run(jobs.KEEP_LEASE, job=job_id, until=until, so_far=rows[-1].position)
        if rest:
            return True
    return False


def setting_of(db: TenantSession, actor_id: str, now: datetime) -> Setting:
    """What decides about a plan, as it is now. Whoever has lost their role meanwhile does nothing any more."""
    actor = db.scalars(select(Account).where(Account.id == actor_id)).first()
    policies = load_policies(db)
    is_active = actor is not None and _state(actor, policies.of(actor.organization_id), now) is AccountState.ACTIVE
    return Setting(
        actor_id=actor_id,
        actor_role=actor.role if actor is not None and is_active else None,
        is_local_on=policies.whole.local_enabled,
        admins=load_admins(db),
        now=now,
        reachable=load_tree(db).below(actor.admin_organization_id) if actor is not None else frozenset(),
    )


def person_of(account: Any, policy: TenantPolicy, holders: frozenset[str], now: datetime) -> Person:
    """An account's row as a plan sees it."""
    return Person(
        id=account.id,
        email=account.email,
        organization_id=account.organization_id,
        state=_state(account, policy, now),
        role=account.role,
        is_local_enabled=account.is_local_enabled,
        is_file_managed=account.is_file_managed,
        has_door=account.id in holders,
        has_ended=account.expires_at is not None and account.expires_at <= now,
    )


def carry_out(db: TenantSession, vault: Vault, action: Action, person: Person, by: str, now: datetime) -> None:
    """Do it to one person, in the caller's transaction; what its owner has to know goes out by mail. Raises LifecycleError."""
    match action:
        case Action.LOCAL_ON:
            set_local(db, person.id, True, now, by)
        case Action.LOCAL_OFF:
            facts = {"what": "local_off", "at": now.isoformat(), "address": "", "by": "admin"}
            add_mail(db, vault, person.email, "credential_changed", facts, now)
            set_local(db, person.id, False, now, by)
        case Action.SEND_LINK:
            send_link(db, vault, person, now)
        case Action.DISABLE:
            change_state(db, person.id, AccountState.DISABLED, now, by)
        case Action.REACTIVATE:
            change_state(db, person.id, AccountState.ACTIVE, now, by)
        case Action.DELETE:
            change_state(db, person.id, AccountState.DELETED, now, by)


def send_link(db: TenantSession, vault: Vault, person: Person, now: datetime) -> None:
    """An invitation for who has not set the account up, else a link for a new password; to its owner alone (AC-08)."""
    account = locked(db, person.id)
    is_new = person.state is not AccountState.ACTIVE
    if is_new:
        account.state, account.invited_at = AccountState.INVITED.value, now
        db.flush()
    life = timedelta(days=load_policies(db).of(account.organization_id).activation_days) if is_new else RESET_LIFE
    token = make_link(db, person.id, INVITATION_LINK if is_new else RESET_LINK, now, life)
    facts = {"token": token, "expires_at": (now + life).isoformat()}
    add_mail(db, vault, person.email, "invitation" if is_new else "reset_link", facts, now)


def _settle(database: TenantDatabase, vault: Vault, job: Row[Any], row: Row[Any], now: datetime) -> None:
    outcome, said = Outcome.DONE, ""
    try:
        with database.writing() as db:
            if said := _objection(db, vault, Action(job.kind), row, job.account_id, now):
                outcome = Outcome.FAILED
            db.run(jobs.SETTLE_ROW, row=row.id, now_is=outcome.value, said={"code": said} if said else {})
    except LifecycleError as error:
        with database.writing() as db:
            db.run(jobs.SETTLE_ROW, row=row.id, now_is=Outcome.FAILED.value, said={"code": "", "sentence": str(error)})


def _objection(db: TenantSession, vault: Vault, action: Action, row: Row[Any], actor_id: str, now: datetime) -> str:
    """Do it, or the code of why not any more."""
    people = _people(db, [row.account_id], now)
    if not people:
        return "gone"
    planned = plan_bulk(action, people, setting_of(db, actor_id, now))[0]
    if planned.refusal is not None:
        return planned.refusal.code
    if planned.is_due:
        carry_out(db, vault, action, planned.person, actor_id, now)
    return ""


def _people(db: TenantSession, ids: Sequence[str], now: datetime) -> list[Person]:
    policies, holders = load_policies(db), door_holders(db)
    found: dict[str, Person] = {}
    for start in range(0, len(ids), _AT_ONCE):
        for account in db.scalars(select(Account).where(Account.id.in_(ids[start : start + _AT_ONCE]))):
            found[account.id] = person_of(account, policies.of(account.organization_id), holders, now)
    return [found[one] for one in dict.fromkeys(ids) if one in found]


def _state(account: Any, policy: TenantPolicy, now: datetime) -> AccountState:
    return effective_state(life_facts(account), policy, now)


def _row(job: str, place: int, one: Planned) -> dict[str, Any]:
    return {
        "id": f"{job}.{place:06d}",
        "job_id": job,
        "position": place,
        "email": one.person.email,
        "account_id": one.person.id,
        "outcome": outcome_of(one).value,
        "detail": {"code": one.refusal.code, "sentence": one.refusal.sentence} if one.refusal else {},
    }
