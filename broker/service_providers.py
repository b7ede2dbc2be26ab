"""Applications from the metadata of service providers: imported once, or followed by its address (security.md, SD-01).

Whoever can change what an address says could have answers posted to a place of their own. So a followed copy is taken by
itself only where it is the same entity's, with a key that was known before; all else waits until an admin imports it again.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, select

from broker.provider_metadata import fetch, shown_keys
from broker.sp_documents import SpDocument, read_sp
from broker.wiring import Broker
from tenants.applications import Application
from tenants.audit import Event, append
from tenants.causes import UpstreamFailure
from tenants.db import TenantSession
from tenants.ids import new_id
from tenants.metadata_changes import SENTENCES, Judgement, Verdict, judge, next_try
from tenants.organizations import Organization
from tenants.outbox import add_mail
from tenants.recipients import OTHER_ADMINS
from tenants.saml_applications import SAML_KIND, SamlApplicationConfig, client_id_of
from tenants.saml_metadata import BATCH
from tenants.sp_metadata import ADD_SP_METADATA, CHANGE_SP_METADATA, FORGET_SP_METADATA, SP_METADATA_OF, lease_due_sp

log = structlog.get_logger()

_PATIENCE = 3.0
_BY_ADDRESS = {"what": "metadata of the application", "by": "its address"}
_NOTHING: dict[str, Any] = {"proposed": None, "proposed_at": None, "proposed_why": None}


class ImportRefused(ValueError):
    """It can't be taken; the message says why, for the admin."""


def asked(broker: Broker, url: str) -> str:
    """The document at an address. Raises ImportRefused."""
    try:
        return fetch(url, broker.ports.http)
    except UpstreamFailure as failure:
        raise ImportRefused(f"{url} can't be read: {failure.detail}") from None


def import_sp(
    broker: Broker, tenant_id: str, key: str, document: str, *, name: str | None = None, url: str | None = None, by: str = ""
) -> tuple[SpDocument, bool]:
    """Make an application of this key, or give one of ours what the document says; the admin's own settings stay.

    `url`: it is read there again from time to time. Returns what was read, and whether the application is new. Raises
    ImportRefused.
    """
    now = broker.ports.clock.now()
    try:
        read = read_sp(document, now)
    except ValueError as error:
        raise ImportRefused(str(error)) from None
    with broker.db.tenant(tenant_id).writing() as db:
        db.touch_configuration()
        row = _row_for(db, key, read.config.entity_id)
        is_new = row is None
        if row is None:
            row = _new_row(db, key, name or read.name, read.config, now)
        else:
            row.saml = described_by(_config(row), read.config).as_json()
            row.entity_id, row.name = read.config.entity_id, name or row.name
        db.flush()
        _follow(db, row.id, url, document, now)
        _note(db, Event.CONFIGURATION_CHANGED, row.id, {"what": f"metadata of {read.config.entity_id}", "by": by}, now)
    return read, is_new


def described_by(known: SamlApplicationConfig, new: SamlApplicationConfig) -> SamlApplicationConfig:
    """What the service provider says of itself is taken; what an admin decides about it stays."""
    return replace(
        known,
        entity_id=new.entity_id,
        acs=new.acs,
        slo=new.slo,
        slo_answers=new.slo_answers,
        certificates=new.certificates,
        encryption_certificate=new.encryption_certificate,
        cipher=new.cipher,
        wants_signed_requests=new.wants_signed_requests or (known.wants_signed_requests and bool(new.certificates)),
    )


def refresh_due(broker: Broker) -> bool:
    """One round of the worker. Says whether more may wait."""
    leased = lease_due_sp(broker.db, broker.ports.clock.now())
    for tenant_id, application_id in leased:
        refresh(broker, tenant_id, application_id)
    return len(leased) >= BATCH


def refresh(broker: Broker, tenant_id: str, application_id: str) -> None:
    """Ask the address of one application. The last good copy stays in use whatever it says."""
    now = broker.ports.clock.now()
    with broker.db.tenant(tenant_id).reading() as db:
        row = db.one(SP_METADATA_OF, application=application_id)
    if row is None:
        return
    try:
        document = fetch(row.url, broker.ports.http, _PATIENCE)
        read = read_sp(document, now)
    except (UpstreamFailure, ValueError) as failure:
        words = failure.detail if isinstance(failure, UpstreamFailure) else str(failure)
        _write(broker, tenant_id, row, now, failures=row.failures + 1, fault=words[:300])
        return
    known = read_sp_quietly(row.document, row.fetched_at)
    judgement = judge(known.description if known else None, read.description, now)
    if judgement.verdict is Verdict.PROPOSED and judgement.why is not None:
        waits: dict[str, Any] = {"proposed": document, "proposed_at": now, "proposed_why": SENTENCES[judgement.why]}
        _write(broker, tenant_id, row, now, asking=judgement, failures=0, fault=None, **waits)
    elif judgement.verdict is Verdict.TAKEN:
        _write(broker, tenant_id, row, now, read, document=document, fetched_at=now, failures=0, fault=None, **_NOTHING)
    else:
        _write(broker, tenant_id, row, now, failures=0, fault=None, **_NOTHING)


def read_sp_quietly(document: str, at: datetime) -> SpDocument | None:
    """What a copy says that was good when it was taken."""
    try:
        return read_sp(document, at)
    except ValueError:
        return None


def _write(
    broker: Broker,
    tenant_id: str,
    row: Row[Any],
    now: datetime,
    read: SpDocument | None = None,
    *,
    asking: Judgement | None = None,
    **values: Any,
) -> None:
    due = next_try(values["failures"], now)
    with broker.db.tenant(tenant_id).writing() as db:
        if not db.run(CHANGE_SP_METADATA, application=row.id, seen_at=row.checked_at, checked_at=now, due_at=due, **values):
            return
        if read is not None:
            application = db.get_one(Application, (tenant_id, row.id))
            application.saml = described_by(_config(application), read.config).as_json()
            db.touch_configuration()
            _note(db, Event.CONFIGURATION_CHANGED, row.id, _BY_ADDRESS, now)
        elif asking is not None and row.proposed is None:
            _note(db, Event.KEYS_PROPOSED, row.id, _BY_ADDRESS, now)
            _mail(db, broker, row, asking, now)
    if values.get("fault"):
        log.info("sp_metadata_failed", application=row.id, fault=values["fault"])


def _mail(db: TenantSession, broker: Broker, row: Row[Any], asking: Judgement, now: datetime) -> None:
    """To the tenant's admins, once for what waits."""
    application = db.get_one(Application, (row.tenant_id, row.id))
    facts = {
        "application": application.key,
        "name": application.name,
        "address": row.url,
        "why": asking.why.value if asking.why else "",
        "added": shown_keys(asking.added),
        "removed": shown_keys(asking.removed),
        "at": now.isoformat(),
    }
    for admin in db.all(OTHER_ADMINS, account="", now=now):
        add_mail(db, broker.vault, admin.email, "application_metadata", facts, now)


def _row_for(db: TenantSession, key: str, entity_id: str) -> Application | None:
    """The application of this key, if it may be changed. Raises ImportRefused."""
    row = db.scalars(select(Application).where(Application.key == key)).first()
    other = db.scalars(select(Application).where(Application.entity_id == entity_id, Application.key != key)).first()
    if other is not None:
        raise ImportRefused(f"{entity_id} is the entity id of {other.key} already.")
    if row is not None and row.kind != SAML_KIND:
        raise ImportRefused(f"{key} is the key of an OpenID Connect application.")
    if row is not None and row.is_file_managed:
        raise ImportRefused(f"{key} stands in a tenants file: change it there.")
    return row


def _new_row(db: TenantSession, key: str, name: str, config: SamlApplicationConfig, now: datetime) -> Application:
    root = db.scalars(select(Organization.id).where(Organization.parent_id.is_(None))).one()
    row = Application(
        id=new_id("app"),
        organization_id=root,
        key=key,
        kind=SAML_KIND,
        name=name,
        client_id=client_id_of(key),
        redirect_uris=[],
        post_logout_redirect_uris=[],
        entity_id=config.entity_id,
        saml=config.as_json(),
        created_at=now,
    )
    db.add(row)
    return row


def _config(row: Application) -> SamlApplicationConfig:
    return SamlApplicationConfig.from_json(row.entity_id or "", row.saml or {})


def _follow(db: TenantSession, application_id: str, url: str | None, document: str, now: datetime) -> None:
    db.run(FORGET_SP_METADATA, application=application_id)
    if url is not None:
        times = {"fetched_at": now, "checked_at": now, "due_at": next_try(0, now)}
        db.run(ADD_SP_METADATA, id=application_id, url=url, document=document, failures=0, **times)


def _note(db: TenantSession, event: Event, application_id: str, detail: dict[str, Any], now: datetime) -> None:
    append(db, event, at=now, application_id=application_id, detail=detail)
