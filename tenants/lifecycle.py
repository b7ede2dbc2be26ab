"""The life of an account: what time decides about it, and what an admin or the nightly job changes (A1-A4, L8, L10, T9).

The writing functions work inside the caller's transaction, end what the change ends and append its audit event. They
refuse what would leave a tenant without an admin, and whoever holds the back door's credentials (security.md, AC-06).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import bindparam, delete, select

from tenants import local_off
from tenants.accounts import ADMIN_ROLES, Account, AccountState, Grant
from tenants.admins import ENTERING
from tenants.audit import Event, append
from tenants.credentials import DROP_CREDENTIALS_OF_KIND, CredentialKind
from tenants.db import TenantSession
from tenants.devices import FORGET_DEVICES
from tenants.ends import STATE_AFTER, End, effective_state, ends_of, invited_at_of, used_at_of
from tenants.identities import Identity
from tenants.last_admin import door_holders, load_admins
from tenants.organization_policies import load_policies
from tenants.passkeys import DROP_PASSKEYS_OF_ACCOUNT
from tenants.policies import AccountFacts, TenantPolicy
from tenants.reasons import Reason
from tenants.sessions import END_SESSIONS_OF_ACCOUNT, BrowserSession
from tenants.statements import scoped
from tenants.support_access import end_without_giver

_FACTORS = (CredentialKind.TOTP, CredentialKind.RECOVERY_CODE)
_DROPPED_WITH_ACCOUNT = tuple(
    scoped(delete(model).where(model.account_id == bindparam("account"))) for model in (Identity, Grant, BrowserSession)
)
_SENTENCES: Mapping[End, str] = {
    End.ACTIVATION: "Nobody accepted the invitation in {activation_days} days.",
    End.DISUSE: "Nobody signed in for {inactive_days} days.",
    End.EXPIRY: "Its end date has passed.",
}


class LifecycleError(ValueError):  # says what happened, as a Refusal does
    """Why an account can't be changed: a sentence for the admin."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What time makes of an account now. `end` None: nothing. `state` None: only its owner is to be warned of `end`."""

    end: End | None
    state: AccountState | None
    on: datetime | None
    """When the end is, or was."""
    reason: Reason


def decide(account: AccountFacts, policy: TenantPolicy, warned: tuple[str | None, datetime | None], now: datetime) -> Decision:
    """Who runs out, and who is to be warned of what; `warned`: of what its owner was warned last, and when. Pure."""
    ends = ends_of(account, policy)
    for end, at in ends.items():
        if at <= now:
            reason = Reason(f"life_{end.value}", _SENTENCES[end].format_map(policy.model_dump()))
            return Decision(end, STATE_AFTER[end], at, reason)
    if not ends:
        return Decision(None, None, None, Reason("life_shut", f"The account is {account.state.value} already."))
    end, at = min(ends.items(), key=lambda one: one[1])
    begins_at = at - _lead(end, policy)
    if begins_at > now:
        return Decision(None, None, at, Reason("life_goes_on", "Its end is far off."))
    of, last = warned
    if of == end and last is not None and last >= begins_at:
        return Decision(None, None, at, Reason("life_warned", "Its owner knows."))
    return Decision(end, None, at, Reason(f"life_{end.value}_near", f"{end.value.capitalize()} on {last_day(end, at)}."))


def last_day(end: End, at: datetime) -> str:
    """The day that a warning names: an end date is the first moment after the last day, the others a day themselves."""
    return (at - timedelta(microseconds=1) if end is End.EXPIRY else at).date().isoformat()


def _lead(end: End, policy: TenantPolicy) -> timedelta:
    """How long before an end its warning is due: never before half of the period is over."""
    half = {End.ACTIVATION: policy.activation_days / 2, End.DISUSE: policy.inactive_days / 2}
    return timedelta(days=min(policy.warning_days, half.get(end, policy.warning_days)))


def life_facts(row: Any) -> AccountFacts:
    """An account's row as the decisions about its life see it."""
    return AccountFacts(
        state=AccountState(row.state),
        address=None,
        invited_at=invited_at_of(row),
        used_at=used_at_of(row),
        expires_at=row.expires_at,
        is_admin=row.role in ADMIN_ROLES,
    )


def locked(db: TenantSession, account_id: str) -> Account:
    """The account as it is now; whoever signs in or changes it meanwhile waits. Raises LifecycleError for a deleted one."""
    row = db.scalars(
        select(Account).where(Account.id == account_id).with_for_update().execution_options(populate_existing=True)
    ).first()
    if row is None or row.state == AccountState.DELETED:
        raise LifecycleError("There is no such account any more.")
    return row


def change_state(db: TenantSession, account_id: str, state: AccountState, now: datetime, by: str) -> None:
    """Give an account another state. ACTIVE gives it back with its usual credentials (A2). Raises LifecycleError."""
    account = locked(db, account_id)
    if state is AccountState.DELETED:
        _delete(db, account, now, by)
    elif state in ENTERING:
        _give_back(db, account, now, by)
    else:
        _shut(db, account, state, now, by)


def set_expiry(db: TenantSession, account_id: str, at: datetime | None, now: datetime, by: str) -> None:
    """Set or lift an account's end (A3); one that had expired is given back. Raises LifecycleError."""
    account = locked(db, account_id)
    if account.is_file_managed:
        _refuse("A tenants file rules when this account ends: change `expires` there, and apply it.")
    if at is not None and at <= now:
        _refuse("This day has passed. To end an account at once, disable it.")
    objection = load_admins(db).objection_to_loss(account_id, now) if at else None
    if objection:
        _refuse(objection)
    end_without_giver(db, now)  # before an end that has passed is lifted
    account.expires_at, account.warned_of, account.warned_at = at, None, None
    if account.state == AccountState.EXPIRED:
        _set_state(account, _state_given_back(account), now)
    db.flush()
    detail = {"by": by, "fields": "expires", "expires": at.isoformat() if at else "never", "state": account.state}
    append(db, Event.ACCOUNT_CHANGED, at=now, account_id=account_id, detail=detail)


def reset_factors(db: TenantSession, account_id: str, now: datetime, by: str = "admin") -> int:
    """Delete an account's second factors and end its sessions; the password stays (L8). Returns how many went.

    A password alone enters nowhere, so the next sign-in needs a mailed code before it sets up new ones (SF-04).
    """
    account = locked(db, account_id)
    count = sum(db.run(DROP_CREDENTIALS_OF_KIND, account=account_id, which=kind.value) for kind in _FACTORS)
    count += db.run(DROP_PASSKEYS_OF_ACCOUNT, account=account_id)
    db.run(FORGET_DEVICES, account=account_id)
    local_off.end_attempts(db, account_id, now)
    db.run(END_SESSIONS_OF_ACCOUNT, account=account_id, now=now)
    account.factors_reset_at = now
    db.flush()
    append(db, Event.FACTORS_RESET, at=now, account_id=account_id, detail={"by": by, "count": count})
    return count


def delete_local_credentials(db: TenantSession, account_id: str) -> int:
    """Delete password, app, recovery codes, passkeys and known devices of an account. Returns how many credentials went."""
    return local_off.drop_credentials(db, account_id)


def set_local(db: TenantSession, account_id: str, is_on: bool, now: datetime, by: str) -> int:
    """Give or take an account's right to sign in locally (L10). Taking it deletes its local credentials: how many.

    Raises LifecycleError.
    """
    account = locked(db, account_id)
    if account.is_file_managed:
        _refuse("A tenants file rules the e-mail login of this account: change `local` there, and apply it.")
    if not is_on:
        _require_way_left(db, account, now)
    account.is_local_enabled = is_on
    db.flush()
    count = 0 if is_on else withdraw_local(db, account_id, now)
    append(
        db,
        Event.ACCOUNT_CHANGED,
        at=now,
        account_id=account_id,
        detail={"by": by, "fields": "local", "local": "on" if is_on else "off", "deleted_credentials": count},
    )
    return count


def withdraw_local(db: TenantSession, account_id: str, now: datetime) -> int:
    """Delete what an account signs in with locally; what was sent to it or begun ends, and so do its sessions."""
    count = delete_local_credentials(db, account_id)
    local_off.end_attempts(db, account_id, now)
    db.run(END_SESSIONS_OF_ACCOUNT, account=account_id, now=now)
    return count


def _shut(db: TenantSession, account: Account, state: AccountState, now: datetime, by: str) -> None:
    """Nobody enters with this account any more; its credentials wait for its being given back."""
    if account.state == state:
        _refuse(f"This account is {state.value} already.")
    _require_spared(db, account, now)
    was = account.state
    _set_state(account, state, now)
    db.flush()
    local_off.end_attempts(db, account.id, now)
    db.run(END_SESSIONS_OF_ACCOUNT, account=account.id, now=now)
    end_without_giver(db, now)
    _note(db, account, was, now, by)


def _give_back(db: TenantSession, account: Account, now: datetime, by: str) -> None:
    if account.expires_at is not None and account.expires_at <= now:
        _refuse("The end date of this account has passed. Give it a later one, or none, first.")
    was = effective_state(replace(life_facts(account), is_admin=False), load_policies(db).of(account.organization_id), now)
    if was in ENTERING:
        _refuse(f"This account is {was.value} already.")
    _set_state(account, _state_given_back(account), now)
    if account.state == AccountState.INVITED:
        account.invited_at = now
    db.flush()
    _note(db, account, was, now, by)


def _state_given_back(account: Account) -> AccountState:
    """Who had set the account up goes on; who never had is invited again."""
    return AccountState.ACTIVE if account.activated_at or account.last_login_at else AccountState.INVITED


def _delete(db: TenantSession, account: Account, now: datetime, by: str) -> None:
    """Remove the person and everything that lets them in. The row stays without them, so that nobody gets its id again:

    applications know the id as `sub`, and the audit log as the one who did things.
    """
    if account.is_file_managed:
        _refuse("A tenants file names this account: take it out there, and apply it with `--prune`.")
    _require_spared(db, account, now)
    withdraw_local(db, account.id, now)
    for statement in _DROPPED_WITH_ACCOUNT:
        db.run(statement, account=account.id)
    account.email = account.email_key = f"{account.id}@deleted.invalid"
    account.name = account.given_name = account.family_name = ""
    account.is_email_verified = account.is_local_enabled = False
    account.role = account.own_role = account.expires_at = None
    _set_state(account, AccountState.DELETED, now)
    db.flush()
    end_without_giver(db, now)
    append(db, Event.ACCOUNT_REMOVED, at=now, account_id=account.id, detail={"by": by})


def _require_spared(db: TenantSession, account: Account, now: datetime) -> None:
    if objection := objection_to_end(db, account, now):
        _refuse(objection)


def objection_to_end(db: TenantSession, account: Account, now: datetime) -> str | None:
    """Why an account may not end; None: it may (AC-06)."""
    if account.id in door_holders(db):
        return "This account has emergency access. Take that back first."
    return load_admins(db).objection_to_loss(account.id, now) if account.role in ADMIN_ROLES else None


def _require_way_left(db: TenantSession, account: Account, now: datetime) -> None:
    admins = load_admins(db)
    if account.id in admins.people:
        without_local = replace(admins.people[account.id], is_local_enabled=False)
        if objection := admins.objection({**admins.people, account.id: without_local}, now):
            _refuse(objection)


def _set_state(account: Account, state: AccountState, now: datetime) -> None:
    account.state, account.state_changed_at = state.value, now
    account.warned_of, account.warned_at = None, None


def _note(db: TenantSession, account: Account, was: str, now: datetime, by: str) -> None:
    detail = {"by": by, "fields": "state", "state": account.state, "was": was}
    append(db, Event.ACCOUNT_CHANGED, at=now, account_id=account.id, detail=detail)


def _refuse(sentence: str) -> NoReturn:
    raise LifecycleError(sentence)
