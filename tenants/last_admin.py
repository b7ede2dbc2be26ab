"""Whether a change leaves a tenant somebody who can configure it: reads what tenants/admins.py decides about (AC-06)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from tenants.accounts import ADMIN_ROLES, Account
from tenants.admins import Candidate, Ways, has_admin, has_own_way_admin, has_reachable_admin
from tenants.backdoors import Backdoor, DoorCredential
from tenants.connections import Connection
from tenants.db import TenantSession
from tenants.organization_policies import Policies, policies_of
from tenants.organization_tree import load_tree
from tenants.policies import TenantPolicy
from tenants.tenants import TenantSettings

NOBODY = "This is the last owner or admin of the tenant. Name another one first."
ENDING = "Every other owner or admin of the tenant has an end date. Name one without first."
SHUT_OUT = "No owner or admin would have a way in any more. Give them another one first."
SSO_ONLY = (
    "No owner or admin could enter without an identity provider any more. Leave e-mail and password to one of them, "
    "or set up emergency access for one first."
)


class LastAdminError(ValueError):  # says what happened, as a Refusal does
    """What the tenant would lose: one of the sentences above."""


@dataclass(frozen=True, slots=True)
class Admins:
    """Everybody with a role that configures, by id, and the ways that are open to them."""

    people: Mapping[str, Candidate]
    """E-mail and password is theirs where the part that they belong to has it too (T8)."""
    ways: Ways

    def objection(self, after: Mapping[str, Candidate], now: datetime) -> str | None:
        """Why the people may not become those of `after`; None where nothing is lost that the tenant has."""
        return loss(self, replace(self, people=after), now)

    def objection_to_loss(self, account_id: str, now: datetime) -> str | None:
        """The same for an account that would not count as an admin any more."""
        return self.objection({key: one for key, one in self.people.items() if key != account_id}, now)


def loss(before: Admins, after: Admins, now: datetime) -> str | None:
    """What a tenant would lose by a change of its people or ways: one of the sentences above; None where nothing."""
    # Who has an end date is there today and not for good: then whoever stays has to be enough alone.
    return _loss(before, after, now, NOBODY) or _loss(_staying(before), _staying(after), now, ENDING)


def _loss(before: Admins, after: Admins, now: datetime, nobody: str) -> str | None:
    were, left = before.people.values(), after.people.values()
    if has_admin(were, now) and not has_admin(left, now):
        return nobody
    if has_reachable_admin(were, before.ways, now) and not has_reachable_admin(left, after.ways, now):
        return SHUT_OUT
    if has_own_way_admin(were, before.ways, now) and not has_own_way_admin(left, after.ways, now):
        return SSO_ONLY
    return None


def _staying(admins: Admins) -> Admins:
    return replace(admins, people={key: one for key, one in admins.people.items() if one.expires_at is None})


def load_admins(session: TenantSession) -> Admins:
    """Read them. Two changes that each leave one of two admins follow each other: the second finds what the first did."""
    settings = session.scalars(select(TenantSettings).with_for_update()).first()
    # Whose role is for a part of the tenant configures none of the rest.
    of_all = Account.role.in_(ADMIN_ROLES), Account.admin_organization_id.is_(None)
    with_door = select(Account, DoorCredential.password_hash).outerjoin(DoorCredential, DoorCredential.account_id == Account.id)
    admins = session.execute(with_door.where(*of_all)).all()
    whole = TenantPolicy.model_validate(settings.policy if settings else {})
    policies = Policies(whole, policies_of(load_tree(session), whole))
    return Admins(
        people={
            one.id: in_part(candidate_of(one, has_door_credential=door is not None), policies.of(one.organization_id))
            for one, door in admins
        },
        ways=Ways(
            local=whole.local_enabled,
            connection=session.scalars(select(Connection.id).where(Connection.is_enabled).limit(1)).first() is not None,
            door=session.scalars(select(Backdoor.id)).first() is not None,
        ),
    )


@contextmanager
def keeping_an_admin(session: TenantSession, now: datetime) -> Iterator[None]:
    """Raises LastAdminError where what is done inside costs the tenant somebody who can configure it (AC-06)."""
    before = load_admins(session)
    yield
    session.flush()
    if lost := loss(before, load_admins(session), now):
        raise LastAdminError(lost)


def in_part(person: Candidate, policy: TenantPolicy) -> Candidate:
    """Somebody as the policy of their organization leaves them: no e-mail and password where that has none."""
    return person if policy.local_enabled else replace(person, is_local_enabled=False)


def door_holders(session: TenantSession) -> frozenset[str]:
    """Ids of the accounts that have set up credentials of the back door."""
    return frozenset(session.scalars(select(DoorCredential.account_id).where(DoorCredential.password_hash.is_not(None))))


def candidate_of(account: Account, *, has_door_credential: bool) -> Candidate:
    """An account as far as it matters to whether the tenant keeps an admin."""
    return Candidate(
        account.role, account.state, account.expires_at, account.is_local_enabled, has_door_credential=has_door_credential
    )
