"""What the database holds of one tenant, as far as a tenants file can be about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy import bindparam, or_, select

from tenants.accounts import Account, Grant
from tenants.applications import Application
from tenants.backdoors import Backdoor, DoorCredential
from tenants.base import TenantScoped
from tenants.connection_versions import ConnectionVersion
from tenants.connections import Connection
from tenants.credentials import Credential
from tenants.db import Database, TenantSession
from tenants.domains import Domain
from tenants.grants import roles_of
from tenants.keys import KeyState, SigningKey
from tenants.local_off import local_holders
from tenants.moves import IS_OPEN, Move
from tenants.organizations import Contact, Organization
from tenants.saml_applications import SAML_KIND
from tenants.statements import platform
from tenants.tenant_life import quarantined, slug_name
from tenants.tenants import DomainProof, Tenant, TenantHost, TenantSettings

FILE_SOURCE = "file"
"""Source of the groups that the file gives."""
OPERATOR = "operator"
"""Method of the domain proofs that the file gives."""
_AT_ONCE = 500

_TENANT = (Tenant.id, Tenant.name, Tenant.status, Tenant.canonical_host, Tenant.is_file_managed)
_PROOF = (DomainProof.domain, DomainProof.tenant_id, DomainProof.method)
_HOST = (TenantHost.host, TenantHost.tenant_id)
TENANT = platform(select(*_TENANT).where(Tenant.slug == bindparam("slug")))
_PROOFS = platform(
    select(*_PROOF).where(
        or_(
            DomainProof.tenant_id == bindparam("tenant_id"),
            DomainProof.domain.in_(bindparam("domains", expanding=True)),
        )
    )
)
_HOSTS = platform(
    select(*_HOST).where(
        or_(TenantHost.tenant_id == bindparam("tenant_id"), TenantHost.host.in_(bindparam("hosts", expanding=True)))
    )
)

Model = TypeVar("Model", bound=TenantScoped)


@dataclass(frozen=True, slots=True)
class Proof:
    """Who has proven a domain, and how."""

    tenant_id: str
    method: str


@dataclass(frozen=True, slots=True)
class PlatformState:
    """What the platform's tables say about every host and proof that the tenant has or the file names."""

    hosts: Mapping[str, str]
    """Host → tenant id."""
    proofs: Mapping[str, Proof]
    held: Mapping[str, datetime] = field(default_factory=dict)
    """Names of tenants that were deleted, which nobody gets yet → until when."""


@dataclass(frozen=True, slots=True)
class TenantState:
    """A tenant's own rows. Accounts are those that the file names, those it named before, and those with a role."""

    settings: TenantSettings | None = None
    organizations: Mapping[str, Organization] = field(default_factory=dict)
    contacts: tuple[Contact, ...] = ()
    domains: Mapping[str, Domain] = field(default_factory=dict)
    connections: Mapping[str, Connection] = field(default_factory=dict)
    versions: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """Connection id → number → id of each of its versions."""
    applications: Mapping[str, Application] = field(default_factory=dict)
    saml_applications: Mapping[str, Application] = field(default_factory=dict)
    accounts: Mapping[str, Account] = field(default_factory=dict)
    """By the look-up form of their address."""
    groups: Mapping[str, Mapping[str, Grant]] = field(default_factory=dict)
    """Account id → group → the grant that the file gave."""
    granted_roles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Account id → grant id → role that a connection gave."""
    credentials: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Account id → kinds of credential that it has."""
    door_holders: frozenset[str] = frozenset()
    """Ids of the accounts that have the back door's credentials; empty while it is closed."""
    algorithms: frozenset[str] = frozenset()
    """What the tenant has active signing keys for."""
    local_holders: frozenset[str] = frozenset()
    """Ids of the accounts that hold a local credential, whichever."""
    members: Mapping[str, int] = field(default_factory=dict)
    """Organization that the file does not name, by id → how many accounts not loaded here belong to it."""
    cut_moves: Mapping[str, str] = field(default_factory=dict)
    """Id of a connection that people have left → id of the one that they have moved to, while the move is open."""


def load_platform_state(
    db: Database, tenant_id: str, slug: str, domains: Iterable[str], hosts: Iterable[str], now: datetime
) -> PlatformState:
    """Read the platform's tables."""
    proofs = db.look_up(_PROOFS, tenant_id=tenant_id, domains=list(domains))
    owners = db.look_up(_HOSTS, tenant_id=tenant_id, hosts=list(hosts))
    return PlatformState(
        hosts={row.host: row.tenant_id for row in owners},
        proofs={row.domain: Proof(row.tenant_id, row.method) for row in proofs},
        held=quarantined(db, (slug_name(slug), *hosts), now),
    )


def load_tenant_state(session: TenantSession, email_keys: Iterable[str], kept: Iterable[str]) -> TenantState:
    """Read the tenant's rows; `email_keys` are the addresses and `kept` the organizations that the file names."""
    accounts = _accounts(session, list(email_keys))
    ids = [account.id for account in accounts.values()]
    organizations = {row.key: row for row in _rows(session, Organization)}
    applications = {row.key: row for row in _rows(session, Application)}
    leaving = [row.id for key, row in organizations.items() if row.parent_id and key not in set(kept)]
    return TenantState(
        settings=session.scalars(select(TenantSettings)).first(),
        organizations=organizations,
        contacts=tuple(sorted(_rows(session, Contact), key=lambda row: (row.position, row.id))),
        domains={row.name: row for row in _rows(session, Domain)},
        connections={row.key: row for row in _rows(session, Connection)},
        versions=_versions(session),
        applications={key: row for key, row in applications.items() if row.kind != SAML_KIND},
        saml_applications={key: row for key, row in applications.items() if row.kind == SAML_KIND},
        accounts=accounts,
        groups=_groups(session, ids),
        granted_roles=roles_of(session, ids),
        credentials=_credentials(session, ids),
        door_holders=_door_holders(session),
        algorithms=frozenset(row.algorithm for row in _rows(session, SigningKey) if row.state == KeyState.ACTIVE.value),
        local_holders=local_holders(session),
        cut_moves={row.from_id: row.to_id for row in session.scalars(select(Move).where(IS_OPEN, Move.cut_at.is_not(None)))},
        members=_members(session, leaving, frozenset(ids)),
    )


def _rows(session: TenantSession, model: type[Model]) -> list[Model]:
    return list(session.scalars(select(model)))


def _versions(session: TenantSession) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for row in session.execute(select(ConnectionVersion.connection_id, ConnectionVersion.number, ConnectionVersion.id)):
        found.setdefault(row.connection_id, {})[row.number] = row.id
    return found


def _accounts(session: TenantSession, email_keys: list[str]) -> dict[str, Account]:
    known = list(session.scalars(select(Account).where(or_(Account.is_file_managed, Account.role.is_not(None)))))
    for some in _parts(email_keys):
        known += session.scalars(select(Account).where(Account.email_key.in_(some)))
    return {account.email_key: account for account in known}


def _groups(session: TenantSession, ids: list[str]) -> dict[str, dict[str, Grant]]:
    found: dict[str, dict[str, Grant]] = {}
    for some in _parts(ids):
        ours = select(Grant).where(Grant.account_id.in_(some), Grant.kind == "group", Grant.source == FILE_SOURCE)
        for grant in session.scalars(ours):
            found.setdefault(grant.account_id, {})[grant.value] = grant
    return found


def _credentials(session: TenantSession, ids: list[str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for some in _parts(ids):
        theirs = select(Credential.account_id, Credential.kind).where(Credential.account_id.in_(some))
        for row in session.execute(theirs):
            found[row.account_id] = found.get(row.account_id, frozenset()) | {row.kind}
    return found


def _door_holders(session: TenantSession) -> frozenset[str]:
    if session.scalars(select(Backdoor.id)).first() is None:
        return frozenset()
    return frozenset(session.scalars(select(DoorCredential.account_id).where(DoorCredential.password_hash.is_not(None))))


def _members(session: TenantSession, leaving: list[str], known: frozenset[str]) -> dict[str, int]:
    """Asked only about organizations that the file does not name: most often none."""
    found: dict[str, int] = {}
    for organization_id in leaving:
        inside = session.scalars(select(Account.id).where(Account.organization_id == organization_id)).all()
        found[organization_id] = sum(1 for account_id in inside if account_id not in known)
    return found


def _parts(values: list[str]) -> list[list[str]]:
    return [values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE)]
