"""A new tenant as an operator makes it: its keys, the ways in that the operator shares, and its first owner's link.

E-mail and password is off (requirements.md, T2). The owner comes in by emergency access, which needs nobody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from tenants.accounts import Account
from tenants.addresses import Address
from tenants.audit import Event, append
from tenants.connection_versions import COLUMNS, ConnectionVersion, VersionState, config_of
from tenants.connections import Connection, Provisioning
from tenants.db import Database, TenantSession
from tenants.domains import Domain
from tenants.door_keeping import grant_door, look_at_door, open_door
from tenants.ids import new_id
from tenants.keys import SigningKey, place_of_private
from tenants.operators import By
from tenants.organizations import Organization
from tenants.platform_log import Deed, note_deed
from tenants.signing import NewKey
from tenants.tenant_life import TenantLifeError, quarantined, slug_name
from tenants.tenants import Tenant, TenantHost, TenantSettings
from tenants.vault import Vault

BY = "operator"
OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Way:
    """A connection of the new tenant by a registration that the operator shares."""

    kind: str
    key: str
    label: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the operator asked for."""

    slug: str
    name: str
    host: str | None
    """None: `/t/<slug>` on the main host."""
    owner: Address
    domains: tuple[str, ...] = ()
    ways: Sequence[Way] = ()


@dataclass(frozen=True, slots=True)
class Founded:
    """The new tenant, and what its owner needs. Both secrets are kept nowhere."""

    tenant_id: str
    door_secret: str = field(repr=False)
    link_token: str = field(repr=False)
    link_until: datetime


def found(db: Database, vault: Vault, wanted: Wanted, keys: Mapping[str, NewKey], now: datetime, by: By) -> Founded:
    """Everything in one transaction. `keys` were made before, as that takes long. Raises TenantLifeError."""
    tenant_id = new_id("ten")
    names = {slug_name(wanted.slug), *({wanted.host} if wanted.host else ())}
    if held := quarantined(db, names, now):
        until = max(held.values()).date().isoformat()
        raise TenantLifeError(f"A tenant that was deleted had this name. It is free again on {until}.")
    try:
        with db.operating(tenant_id, f"an operator makes the tenant {wanted.slug}", now) as (platform, session):
            row = Tenant(id=tenant_id, slug=wanted.slug, name=wanted.name, canonical_host=wanted.host, created_at=now)
            platform.add(row)
            platform.flush()
            if wanted.host:
                platform.add(TenantHost(host=wanted.host, tenant_id=tenant_id))
            _furnish(session, vault, wanted, keys, now)
            secret = open_door(session, now)
            token, until_at = grant_door(session, wanted.owner, now)
            append(session, Event.CONFIGURATION_CHANGED, at=now, detail={"path": "tenant", "by": BY, "what": "created"})
            said = {"tenant": wanted.slug, "name": wanted.name, "host": wanted.host or ""}
            note_deed(
                platform, vault, Deed.TENANT_CREATED, now,
                operator_id=by.id, tenant_id=tenant_id, address=by.address, detail=said,
            )  # fmt: skip
    except IntegrityError:
        raise TenantLifeError("There is a tenant with this short name or host already.") from None
    return Founded(tenant_id, secret, token, until_at)


def owner_link(db: Database, vault: Vault, tenant_id: str, owner: Address, now: datetime, by: By) -> tuple[str, str, datetime]:
    """For a tenant whose owners can't get in: a link for one of them, and a door with a new address where there is none.

    Returns the door's secret (empty where the door stays as it is), the link's token and its end. Raises DoorError.
    """
    with db.operating(tenant_id, "an operator makes a link for an owner", now) as (platform, session):
        token, until = grant_door(session, owner, now)
        from_closed = "" if look_at_door(session, now).is_open else open_door(session, now)
        said = {"whom": owner.text}
        note_deed(
            platform, vault, Deed.TENANT_LINK_MADE, now,
            operator_id=by.id, tenant_id=tenant_id, address=by.address, detail=said,
        )  # fmt: skip
    return from_closed, token, until


def _furnish(session: TenantSession, vault: Vault, wanted: Wanted, keys: Mapping[str, NewKey], now: datetime) -> None:
    root = Organization(id=new_id("org"), key="root", name=wanted.name)
    session.add(root)
    session.add(TenantSettings(id="settings", policy={"local_enabled": False}))
    session.flush()
    for algorithm, key in keys.items():
        sealed = vault.seal(key.private, place_of_private(session.tenant_id, key.kid))
        session.add(
            SigningKey(id=key.kid, algorithm=algorithm, public_jwk=key.public_jwk, private_sealed=sealed, created_at=now)
        )
    for name in wanted.domains:
        session.add(Domain(id=new_id("dom"), name=name, is_allowed=True))
    for position, way in enumerate(wanted.ways):
        _add_way(session, way, position, now)
    _add_owner(session, root.id, wanted.owner, now)


def _add_way(session: TenantSession, way: Way, position: int, now: datetime) -> None:
    row = Connection(
        id=new_id("con"),
        key=way.key,
        kind=way.kind,
        label=way.label,
        position=position,
        options=dict(way.options),
        provisioning=Provisioning.INVITED.value,
        created_at=now,
        updated_at=now,
    )
    session.add(row)
    session.flush()
    session.add(
        ConnectionVersion(
            id=new_id("ver"),
            connection_id=row.id,
            number=row.version,
            state=VersionState.ACTIVE.value,
            config=config_of({name: getattr(row, name) for name in COLUMNS}),
            made_by=BY,
            created_at=now,
            activated_at=now,
        )
    )


def _add_owner(session: TenantSession, root: str, owner: Address, now: datetime) -> None:
    account = Account(
        id=new_id("acc"),
        organization_id=root,
        email=owner.text,
        email_key=owner.key,
        role=OWNER,
        own_role=OWNER,
        invited_at=now,
        created_at=now,
    )
    session.add(account)
    session.flush()
    append(session, Event.ACCOUNT_CREATED, at=now, account_id=account.id, detail={"by": BY})
