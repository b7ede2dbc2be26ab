"""A tenant's configuration as one immutable value: what a request needs without asking the database again.

Kept per process in a bounded, versioned cache (broker/snapshots.py). What must not be stale, such as a disabled
account or connection, is read per request instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row, or_, select

from tenants.application_config import ApplicationConfig as ApplicationConfig
from tenants.application_config import application_config
from tenants.applications import Application
from tenants.backdoors import DOOR
from tenants.branding import Branding as Branding
from tenants.branding import branding_of
from tenants.connections import Connection
from tenants.consents import consented_directories
from tenants.db import Database, TenantSession
from tenants.domains import Domain
from tenants.keys import KeyState, SigningKey
from tenants.languages import NAME, Texts
from tenants.organization_policies import policies_of
from tenants.organization_tree import Tree, load_tree
from tenants.organizations import Contact
from tenants.policies import TenantPolicy
from tenants.routing_domains import DomainRule
from tenants.saml_metadata import FETCHED
from tenants.statements import scoped
from tenants.tenants import PROOFS_OF_TENANT, TenantSettings, TenantStatus


@dataclass(frozen=True, slots=True)
class ContactConfig:
    """Whom to ask."""

    label: str
    email: str | None
    phone: str | None
    organization_id: str = ""
    """Whose people it is for."""


@dataclass(frozen=True, slots=True)
class FetchedCopy:
    """What the provider's own address last said about it (tenants/saml_metadata.py)."""

    url: str
    document: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ConnectionConfig:
    """One configured upstream; `secrets_sealed` opens to a JSON object of the kind's secret options."""

    id: str
    key: str
    kind: str
    label: str
    note: str
    icon: str
    position: int
    is_enabled: bool
    is_shown: bool
    options: Mapping[str, Any]
    secrets_sealed: str | None
    provisioning: str
    linking: str
    networks: tuple[str, ...]
    network_mode: str
    version: int
    group_rules: tuple[Mapping[str, Any], ...] = ()
    factor_values: tuple[str, ...] = ("mfa",)
    acr_values: str | None = None
    secret_expires_at: datetime | None = None
    fetched: FetchedCopy | None = None
    consented: Mapping[str, str | None] = field(default_factory=dict)
    """Directories that were won by consent, beside those that the options name, and what each vouches for
    (tenants/consents.py)."""


@dataclass(frozen=True, slots=True)
class KeyConfig:
    """One key pair; the private half is still sealed."""

    kid: str
    algorithm: str
    state: str
    public_jwk: Mapping[str, Any]
    private_sealed: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TenantConfig:
    """Everything configured for one tenant, at one version."""

    id: str
    slug: str
    name: str
    status: str
    canonical_host: str | None
    version: int
    base_url: str
    """The tenant's canonical address without a slash at its end: its issuer, and the start of every link."""
    policy: TenantPolicy
    branding: Branding
    contacts: tuple[ContactConfig, ...]
    wording: Mapping[str, Texts]
    """The tenant's own paragraph for each mail, by message."""
    domains: tuple[DomainRule, ...]
    connections: Mapping[str, ConnectionConfig]
    """By key, in the order in which they are offered."""
    applications: Mapping[str, ApplicationConfig]
    """By client id."""
    service_providers: Mapping[str, ApplicationConfig]
    """Those that speak SAML, by entity id."""
    organizations: Tree
    policies: Mapping[str, TenantPolicy]
    """Of the organizations that have one of their own, by id."""
    keys: tuple[KeyConfig, ...]
    door_hash: str | None = field(repr=False)
    """SHA-256 of the back door's secret path; None: there is none."""
    is_file_managed: bool = False
    """A tenants file rules its policy, branding, contacts and the words of its mails."""
    pairwise_salt: str = field(default="", repr=False)
    """What makes pairwise subjects of this tenant its own (tenants/subjects.py)."""

    @property
    def root_organization_id(self) -> str:
        return self.organizations.root

    def name_in(self, language: str) -> str:
        """What people who read this language know it as."""
        names = self.branding.texts.get(NAME, {})
        return self.name if isinstance(names, str) else names.get(language, self.name)

    def policy_for(self, organization_id: str) -> TenantPolicy:
        """What holds for the people of an organization (T8)."""
        return self.policies.get(organization_id, self.policy)

    def contacts_for(self, organization_id: str) -> tuple[ContactConfig, ...]:
        """Whom its people ask: those of their own part, else of the nearest above it that has some, else all there are."""
        for row in reversed(self.organizations.above(organization_id)):
            if found := tuple(one for one in self.contacts if one.organization_id == row.id):
                return found
        return self.contacts

    @property
    def is_suspended(self) -> bool:
        return self.status == TenantStatus.SUSPENDED

    @property
    def issuer(self) -> str:
        """What our tokens are issued by (OpenID Connect Discovery, section 3)."""
        return self.base_url

    def application_by_id(self, application_id: str | None) -> ApplicationConfig | None:
        """The application of this id, or None."""
        return next((app for app in self.all_applications if app.id == application_id), None)

    @property
    def all_applications(self) -> tuple[ApplicationConfig, ...]:
        """Whatever they speak, by name."""
        return tuple(sorted((*self.applications.values(), *self.service_providers.values()), key=lambda app: app.name))


_SETTINGS = scoped(select(TenantSettings.__table__))
_CONNECTIONS = scoped(select(Connection.__table__).order_by(Connection.position, Connection.key))
_DOMAINS = scoped(select(Domain.__table__).order_by(Domain.name))
_APPLICATIONS = scoped(select(Application.__table__).order_by(Application.name))
_CONTACTS = scoped(
    select(Contact.label, Contact.email, Contact.phone, Contact.organization_id).order_by(Contact.position, Contact.label)
)
_KEYS = scoped(
    select(SigningKey.__table__)
    .where(or_(SigningKey.state == KeyState.ACTIVE.value, SigningKey.state == KeyState.PUBLISHED.value))
    .order_by(SigningKey.created_at.desc(), SigningKey.id)
)
"""Prepared: an ORM query costs three times as much, and a tenant's first request waits for all of these."""


def load_snapshot(database: Database, tenant: Row[Any], base_url: str) -> TenantConfig:
    """Read one tenant's whole configuration. `tenant` is a row of `tenants.tenants.TENANT_BY_…`."""
    proven = frozenset(row.domain for row in database.look_up(PROOFS_OF_TENANT, tenant_id=tenant.id))
    with database.tenant(tenant.id).reading() as session:
        settings = session.one(_SETTINGS)
        connections = _connections(session)
        door = session.one(DOOR)
        policy = TenantPolicy.model_validate(settings.policy if settings else {})
        tree = load_tree(session)
        applications = _applications(session, tree)
        return TenantConfig(
            id=tenant.id,
            slug=tenant.slug,
            name=tenant.name,
            status=tenant.status,
            canonical_host=tenant.canonical_host,
            version=tenant.config_version,
            base_url=base_url,
            policy=policy,
            branding=branding_of(settings),
            contacts=tuple(
                ContactConfig(row.label, row.email, row.phone, row.organization_id) for row in session.all(_CONTACTS)
            ),
            wording=MappingProxyType(dict(settings.wording or {}) if settings else {}),
            domains=_domains(session, connections, proven),
            connections=MappingProxyType({connection.key: connection for connection in connections}),
            applications=MappingProxyType({app.client_id: app for app in applications if app.saml is None}),
            service_providers=MappingProxyType({app.saml.entity_id: app for app in applications if app.saml is not None}),
            organizations=tree,
            policies=MappingProxyType(policies_of(tree, policy)),
            keys=_keys(session),
            door_hash=door.secret_hash if door else None,
            is_file_managed=tenant.is_file_managed,
            pairwise_salt=(settings.pairwise_salt if settings else None) or "",
        )


def _connections(session: TenantSession) -> list[ConnectionConfig]:
    rows = session.all(_CONNECTIONS)
    fetched = _fetched(session) if any("metadata_url" in row.options for row in rows) else {}
    consented = consented_directories(session) if any(row.kind == "entra" for row in rows) else {}
    return [
        ConnectionConfig(
            id=row.id,
            key=row.key,
            kind=row.kind,
            label=row.label,
            note=row.note,
            icon=row.icon,
            position=row.position,
            is_enabled=row.is_enabled,
            is_shown=row.is_shown,
            options=MappingProxyType(dict(row.options)),
            secrets_sealed=row.secrets_sealed,
            provisioning=row.provisioning,
            linking=row.linking,
            networks=tuple(row.networks),
            network_mode=row.network_mode,
            version=row.version,
            group_rules=tuple(MappingProxyType(dict(rule)) for rule in row.group_rules or ()),
            factor_values=tuple(row.factor_values or ("mfa",)),
            acr_values=row.acr_values,
            secret_expires_at=row.secret_expires_at,
            fetched=fetched.get(row.id),
            consented=MappingProxyType(consented.get(row.id, {})),
        )
        for row in rows
    ]


def _fetched(session: TenantSession) -> dict[str, FetchedCopy]:
    return {row.id: FetchedCopy(row.url, row.document) for row in session.all(FETCHED)}


def _domains(session: TenantSession, connections: list[ConnectionConfig], proven: frozenset[str]) -> tuple[DomainRule, ...]:
    keys = {connection.id: connection.key for connection in connections}
    return tuple(
        DomainRule(
            name=row.name,
            allowed=row.is_allowed,
            connection=keys.get(row.connection_id or ""),
            enforce=row.is_enforced,
            proven=row.name.removeprefix("*.") in proven,
        )
        for row in session.all(_DOMAINS)
    )


def _applications(session: TenantSession, tree: Tree) -> list[ApplicationConfig]:
    parents = {row.id: row.parent_id for row in tree.rows.values()}
    return [application_config(row, parents) for row in session.all(_APPLICATIONS)]


def _keys(session: TenantSession) -> tuple[KeyConfig, ...]:
    return tuple(
        KeyConfig(row.id, row.algorithm, row.state, MappingProxyType(dict(row.public_jwk)), row.private_sealed, row.created_at)
        for row in session.all(_KEYS)
    )
