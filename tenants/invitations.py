"""Making one-time links for people who sign in locally: invitations and reset links (requirements.md, L1)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, select, update

from tenants.accounts import Account, AccountState, Grant
from tenants.addresses import Address
from tenants.audit import Event, append
from tenants.db import TenantSession
from tenants.ids import digest, new_id, new_secret
from tenants.organization_policies import load_policies
from tenants.organizations import Organization
from tenants.statements import scoped
from tenants.transactions import Invitation

OPERATOR_SOURCE = "operator"
"""Source of the groups that an operator gives by command."""
INVITATION_LINK = "invitation"
RESET_LINK = "reset"
"""The purposes of links."""
RESET_LIFE = timedelta(minutes=30)
"""How long a reset link is good (requirements.md, L1)."""
_MAY_BE_INVITED = frozenset({AccountState.INVITED, AccountState.ACTIVE, AccountState.DEACTIVATED})

_ADD = scoped(insert(Invitation))
SUPERSEDE_INVITATIONS = scoped(
    update(Invitation)
    .where(
        Invitation.account_id == bindparam("account"),
        Invitation.used_at.is_(None),
        Invitation.superseded_at.is_(None),
    )
    .values(superseded_at=bindparam("now"))
)


class NotInvited(ValueError):  # says what happened, as a Refusal does
    """Why somebody can't be invited: a sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Invitee:
    """Who is invited. All but the address is for a new account only."""

    address: Address
    name: str = ""
    organization: str = ""
    """Key of an organization; empty: the root."""
    groups: tuple[str, ...] = ()
    role: str | None = None


def invite(session: TenantSession, invitee: Invitee, now: datetime) -> tuple[str, datetime]:
    """A fresh token for the account, which is made where there is none, and when it runs out. Raises NotInvited."""
    policies = load_policies(session)
    if not policies.whole.local_enabled:
        raise NotInvited("Local sign-in is switched off for this tenant (policy.local_enabled).")
    account = session.scalars(select(Account).where(Account.email_key == invitee.address.key)).first()
    if account is None:
        account = _new_account(session, invitee, now)
    else:
        _require_invitable(account, invitee)
    if account.state == AccountState.DEACTIVATED:
        account.state = AccountState.INVITED.value
    account.invited_at = now
    life = timedelta(days=policies.of(account.organization_id).activation_days)
    return make_link(session, account.id, INVITATION_LINK, now, life), now + life


def make_link(session: TenantSession, account_id: str, purpose: str, now: datetime, life: timedelta) -> str:
    """The token of a new link for the account, good once until `life` is over. Older ones of any purpose end with it."""
    token, expires_at = new_secret(), now + life
    session.run(SUPERSEDE_INVITATIONS, account=account_id, now=now)
    session.run(
        _ADD,
        id=new_id("inv"),
        account_id=account_id,
        token_hash=digest(token),
        created_at=now,
        expires_at=expires_at,
        used_at=None,
        superseded_at=None,
        purpose=purpose,
    )
    detail = {"expires_at": expires_at.isoformat(), "purpose": purpose}
    append(session, Event.INVITATION_MADE, at=now, account_id=account_id, detail=detail)
    return token


def _require_invitable(account: Account, invitee: Invitee) -> None:
    if invitee.name or invitee.organization or invitee.groups or invitee.role:
        raise NotInvited("This account exists already; an invitation doesn't change its name, groups or role.")
    if account.state not in _MAY_BE_INVITED:
        raise NotInvited(f"This account is {account.state}.")
    if not account.is_local_enabled:
        raise NotInvited("This account may not sign in with e-mail and password (local).")


def _new_account(session: TenantSession, invitee: Invitee, now: datetime) -> Account:
    key = Organization.key == invitee.organization if invitee.organization else Organization.parent_id.is_(None)
    organization_id = session.scalars(select(Organization.id).where(key)).first()
    if organization_id is None:
        raise NotInvited("There is no such organization in this tenant.")
    account = Account(
        id=new_id("acc"),
        organization_id=organization_id,
        email=invitee.address.text,
        email_key=invitee.address.key,
        name=invitee.name,
        is_local_enabled=True,
        role=invitee.role,
        created_at=now,
    )
    session.add(account)
    session.flush()
    for group in dict.fromkeys(invitee.groups):
        session.add(Grant(id=new_id("grt"), account_id=account.id, kind="group", value=group, source=OPERATOR_SOURCE))
    append(session, Event.ACCOUNT_CREATED, at=now, account_id=account.id, detail={"by": "broker invite"})
    return account
